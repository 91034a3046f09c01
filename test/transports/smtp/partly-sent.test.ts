import { afterEach, describe, expect, it } from 'vitest';
import { createRingback, type DeliveryError, type Receipt, schedule } from '../../../src/index.js';
import { smtp } from '../../../src/transports/smtp/index.js';
import { PartlySent } from '../../../src/transports/smtp/partly-sent.js';
import { dueOf, outcomeOfEnds } from '../../../src/transports/smtp/recipient-ends.js';
import { attempt, FROM, header, MAIL, messageTo, readMail } from './mail.js';
import { mailServer, refusal } from './mail-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A server that answers each recipient by the list for its name, a reply for each time it is asked. */
async function refusing(replies: Record<string, number[]>, maxPartlySent?: number) {
  const asked: string[] = [];
  const server = await mailServer({
    onRcptTo: ({ address }, _session, callback) => {
      const name = address.split('@')[0] ?? '';
      asked.push(name);
      const status = replies[name]?.shift() ?? 250;
      callback(status < 300 ? null : refusal(status, `${status === 550 ? '5.1.1' : '4.7.1'} <${address}>: not now`));
    },
  });
  const transport = smtp({
    server: { host: '127.0.0.1', port: server.port },
    from: FROM,
    retryFloorMs: 100,
    ...(maxPartlySent !== undefined && { maxPartlySent }),
  });
  opened.push(
    () => server.close(),
    () => transport.close?.(),
  );
  return { server, transport, asked };
}

const THREE = 'mailto:ann@x.example,bob@x.example,eve@x.example';

const told = (body: Uint8Array | undefined): { recipients: unknown } => JSON.parse(new TextDecoder().decode(body));

describe('a mail that only some recipients took', () => {
  it('is not delivered; only the refused are retried, and the receipt tells each end', async () => {
    const { server, transport, asked } = await refusing({ bob: [451], eve: [450, 451] });
    const ringback = createRingback({ transports: [transport] });
    const receipt = await ringback.deliver({ to: THREE, data: MAIL });
    await ringback.close();

    expect(asked).toEqual(['ann', 'bob', 'eve', 'bob', 'eve', 'eve']);
    expect(server.mails.map(({ to }) => to)).toEqual([['ann@x.example'], ['bob@x.example'], ['eve@x.example']]);
    expect(receipt.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['overloaded', 'answered 451 4.7.1 to RCPT TO, 2 of 3 recipients refused'],
      ['overloaded', 'answered 451 4.7.1 to RCPT TO, 1 of 3 recipients refused'],
      ['delivered', undefined],
    ]);
    expect(told(receipt.response?.body).recipients).toEqual(
      ['ann', 'bob', 'eve'].map((name) => ({ address: `${name}@x.example`, status: 250 })),
    );
  });

  it('names all of them in its To, whoever it goes to', async () => {
    const { server, transport } = await refusing({ eve: [451] });
    await transport.send(messageTo(THREE), attempt());
    await transport.send(messageTo(THREE), attempt(undefined, 2));
    const headers = server.mails.map(({ raw }) => header(readMail(raw), 'to'));
    expect(headers).toEqual(Array.from({ length: 2 }, () => 'ann@x.example, bob@x.example, eve@x.example'));
  });

  it('leaves those that were refused for good alone while others are put off, and is rejected in the end', async () => {
    const { transport, asked } = await refusing({ bob: [550, 550], eve: [451] });
    const ringback = createRingback({ transports: [transport] });
    const error = (await ringback.deliver({ to: THREE, data: MAIL }).catch((thrown) => thrown)) as DeliveryError;
    await ringback.close();
    expect(asked).toEqual(['ann', 'bob', 'eve', 'eve']);
    expect(error.attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['overloaded', 451],
      ['rejected', 550],
    ]);
    expect(error.outcome.reason).toBe('answered 550 5.1.1 to RCPT TO, 1 of 3 recipients refused');
    expect(told(error.response?.body).recipients).toEqual([
      { address: 'ann@x.example', status: 250 },
      { address: 'bob@x.example', status: 550, enhanced: '5.1.1' },
      { address: 'eve@x.example', status: 250 },
    ]);
  });

  it('asks the refused alone when enqueue tries again on its schedule', async () => {
    const { server, transport, asked } = await refusing({ bob: [550] });
    const ringback = createRingback({ transports: [transport], schedule: schedule([10, 10]) });
    const receipts: Receipt[] = [];
    ringback.on('delivered', ({ receipt }) => receipts.push(receipt));
    await ringback.enqueue({ to: THREE, data: MAIL });
    await ringback.drain();
    expect(receipts.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([['rejected', 'delivered']]);
    await ringback.close();
    expect(asked).toEqual(['ann', 'bob', 'eve', 'bob']);
    expect(server.mails).toHaveLength(2);
  });

  it('keeps what it knows when the next attempt breaks', async () => {
    const { server, transport, asked } = await refusing({ bob: [451] });
    await transport.send(messageTo(THREE), attempt());
    const broken = new AbortController();
    broken.abort(new Error('gone'));
    await expect(transport.send(messageTo(THREE), attempt(broken.signal, 2))).rejects.toThrow('gone');
    const { outcome } = await transport.send(messageTo(THREE), attempt(undefined, 3));
    expect(outcome.kind).toBe('delivered');
    expect(asked).toEqual(['ann', 'bob', 'eve', 'bob']);
    expect(server.mails).toHaveLength(2);
  });

  it('is overloaded where all were refused and one of them may take it later', async () => {
    const { transport, server, asked } = await refusing({ ann: [550], bob: [451], eve: [550] });
    const { outcome, response } = await transport.send(messageTo(THREE), attempt());
    expect(outcome).toEqual({
      kind: 'overloaded',
      status: 451,
      reason: 'answered 451 4.7.1 to RCPT TO, 3 of 3 recipients refused',
      retryAfterMs: 100,
    });
    expect(told(response?.body).recipients).toHaveLength(3);
    expect(server.mails).toEqual([]);
    // Nobody has it, so there is nothing to remember: everybody is asked again.
    await transport.send(messageTo(THREE), attempt(undefined, 2));
    expect(asked).toEqual(['ann', 'bob', 'eve', 'ann', 'bob', 'eve']);
  });

  it('is remembered for so many mails, the oldest forgotten first', async () => {
    const { transport, asked } = await refusing({ bob: [451, 451] }, 1);
    await transport.send(messageTo(THREE, { id: 'msg_1' }), attempt());
    await transport.send(messageTo(THREE, { id: 'msg_2' }), attempt());
    asked.length = 0;
    await transport.send(messageTo(THREE, { id: 'msg_1' }), attempt(undefined, 2));
    await transport.send(messageTo(THREE, { id: 'msg_2' }), attempt(undefined, 2));
    expect(asked).toEqual(['ann', 'bob', 'eve', 'bob']);
  });

  it('is forgotten once all have it: who sends it again means everybody', async () => {
    const { transport, asked } = await refusing({ bob: [451] });
    const both = messageTo('mailto:ann@x.example,bob@x.example');
    for (let number = 1; number <= 3; number++) await transport.send(both, attempt(undefined, number));
    expect(asked).toEqual(['ann', 'bob', 'bob', 'ann', 'bob']);
  });

  it('tells of all of them also where everybody who was asked refused again', async () => {
    const { transport } = await refusing({ bob: [451, 451] });
    const both = messageTo('mailto:ann@x.example,bob@x.example');
    await transport.send(both, attempt());
    const { outcome, response } = await transport.send(both, attempt(undefined, 2));
    expect(outcome.reason).toBe('answered 451 4.7.1 to RCPT TO, 1 of 2 recipients refused');
    expect(told(response?.body).recipients).toEqual([
      { address: 'ann@x.example', status: 250 },
      { address: 'bob@x.example', status: 451, enhanced: '4.7.1' },
    ]);
  });

  it('waits where one of the replies asks for it, whichever came first', () => {
    const ends = new Map([432, 250, 550, 451].map((status) => [`${status}@x.example`, { status }] as const));
    expect(outcomeOfEnds(ends, 100)).toMatchObject({ kind: 'overloaded', status: 451, retryAfterMs: 100 });
  });

  it('is told apart by id and destination', async () => {
    const { transport, asked } = await refusing({ bob: [451] });
    await transport.send(messageTo('mailto:ann@x.example,bob@x.example'), attempt());
    await transport.send(messageTo('mailto:ann@x.example'), attempt());
    expect(asked).toEqual(['ann', 'bob', 'ann']);
  });
});

describe('a transporter of another kind', () => {
  it('may say whom it refused without a reply, by address or object', async () => {
    const sent: string[][] = [];
    const transporter = {
      sendMail: async ({ envelope }: { envelope: { to: string[] } }) => {
        sent.push(envelope.to);
        return { rejected: sent.length === 1 ? ['BOB@X.EXAMPLE', { address: 'eve@x.example' }, 7] : [] };
      },
    };
    const transport = smtp({ transporter, from: FROM });
    const to = 'mailto:ann@x.example,BOB@x.example,eve@x.example';
    expect((await transport.send(messageTo(to), attempt())).outcome).toMatchObject({ kind: 'rejected', status: 550 });
    expect((await transport.send(messageTo(to), attempt())).outcome.kind).toBe('delivered');
    expect(sent[1]).toEqual(['BOB@x.example', 'eve@x.example']);
  });

  it('may name recipients that nobody asked for: they count for nothing', async () => {
    const rejectedErrors = [
      { recipient: 'stranger@x.example', responseCode: 550 },
      null,
      { recipient: 'ann@x.example', responseCode: 451 },
    ];
    const replies = [
      () => Promise.reject(Object.assign(new Error('refused'), { rejectedErrors })),
      async () => ({ rejectedErrors: [rejectedErrors[0]] }),
    ];
    const transport = smtp({ transporter: { sendMail: () => replies.shift()?.() ?? Promise.resolve() }, from: FROM });
    const message = messageTo('mailto:ann@x.example');
    expect((await transport.send(message, attempt())).outcome).toMatchObject({ status: 451, reason: 'answered 451' });
    expect((await transport.send(message, attempt())).outcome.kind).toBe('delivered');
  });

  it('may say nothing of recipients at all: then all were taken', async () => {
    const transport = smtp({ transporter: { sendMail: async () => undefined }, from: FROM });
    expect((await transport.send(messageTo(THREE), attempt())).outcome).toEqual({ kind: 'delivered', status: 250 });
  });
});

describe('who is next', () => {
  const ends = (...list: [string, number][]) => new Map(list.map(([address, status]) => [address, { status }] as const));

  it('is everybody at first, then who was put off, then who was refused', () => {
    const all = ['a', 'b', 'c'];
    expect(dueOf(all, new Map())).toEqual(all);
    expect(dueOf(all, ends(['a', 250], ['b', 550], ['c', 451]))).toEqual(['c']);
    expect(dueOf(all, ends(['a', 250], ['b', 550], ['c', 250]))).toEqual(['b']);
  });

  it('is forgotten with the mail', () => {
    const partly = new PartlySent(2);
    for (const key of ['1', '2', '1', '3']) partly.keep(key, ends(['a', 250]));
    expect([...['1', '2', '3']].map((key) => partly.of(key).size)).toEqual([1, 0, 1]);
    partly.forget('1');
    expect(partly.of('1').size).toBe(0);
  });
});
