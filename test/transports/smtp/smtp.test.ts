import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { createRingback, type DeliveryError, isRingbackError } from '../../../src/index.js';
import { type Mail, type SmtpMailOptions, smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, header, MAIL, messageTo, partsOf, readMail } from './mail.js';
import { type MailServer, mailServer, refusal } from './mail-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function serverAnd(options: Partial<SmtpMailOptions> = {}, server?: MailServer) {
  const mailbox = server ?? (await mailServer());
  const transport = smtp({ server: { host: '127.0.0.1', port: mailbox.port }, from: FROM, ...options });
  opened.push(
    () => mailbox.close(),
    () => transport.close?.(),
  );
  const taken = (index = 0) => readMail(mailbox.mails[index]?.raw ?? '');
  return { mailbox, transport, taken };
}

const TO = 'mailto:ann@customer.example';
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

describe('the mail of a callback', () => {
  it('goes from ringback to the mailbox, with the subject and text of its data', async () => {
    const { mailbox, transport, taken } = await serverAnd();
    const ringback = createRingback({ transports: [transport] });
    const receipt = await ringback.deliver({ to: TO, id: 'msg_in_42', type: 'invoice.paid', data: MAIL });
    await ringback.close();

    expect(mailbox.mails).toMatchObject([{ from: FROM, to: ['ann@customer.example'] }]);
    expect(taken().body).toBe('It is paid.\r\n');
    expect(header(taken(), 'subject')).toBe('Invoice in_42');
    expect(header(taken(), 'from')).toBe(FROM);
    expect(header(taken(), 'to')).toBe('ann@customer.example');
    expect(receipt.response).toMatchObject({ status: 250, truncated: false });
    expect(JSON.parse(new TextDecoder().decode(receipt.response?.body))).toEqual({
      messageId: '<msg_in_42@company.example>',
      reply: '250 queued as 1',
      recipients: [{ address: 'ann@customer.example', status: 250 }],
    });
  });

  it('has html and attachments, byte by byte, text and bytes alike', async () => {
    const { transport, taken } = await serverAnd();
    const mail: Mail = {
      subject: 'Rechnung für Änne – ✓',
      text: 'Grüße',
      html: '<p>Grüße</p><img src="cid:logo">',
      attachments: [
        { filename: 'ünvoice "42".csv', content: 'a,b\r\n1,2\n' },
        { filename: 'logo.png', content: 'iVBORw0KGgo=', encoding: 'base64', cid: 'logo' },
        { filename: 'blob', content: 'x', contentType: 'application/x-own; v=1' },
      ],
      replyTo: { name: 'Help, desk', address: 'help@company.example' },
    };
    await transport.send(messageTo(TO, { data: mail }), attempt());

    const parts = partsOf(taken());
    const types = parts.map((part) => header(part, 'content-type')?.split(';')[0]);
    expect(types.sort()).toEqual(['application/x-own', 'image/png', 'text/csv', 'text/html', 'text/plain']);
    const csv = parts.find((part) => header(part, 'content-type')?.startsWith('text/csv'));
    expect(decoded(csv?.body ?? '')).toBe('a,b\r\n1,2\n');
    expect(header(csv ?? taken(), 'content-disposition')).toContain("filename*0*=utf-8''%C3%BCnvoice%20%2242%22.csv");
    const image = parts.find((part) => header(part, 'content-type')?.startsWith('image/png'));
    expect(header(image ?? taken(), 'content-id')).toBe('<logo>');
    expect(Buffer.from(image?.body ?? '', 'base64').toString('hex')).toBe('89504e470d0a1a0a');
    expect(header(taken(), 'reply-to')).toBe('"Help, desk" <help@company.example>');
    expect(header(taken(), 'subject')).toMatch(/^=\?UTF-8\?/);
  });

  it('is made by render, of the delivery', async () => {
    const { transport, taken } = await serverAnd({
      render: async ({ type, body }) => ({ subject: `${type}`, text: new TextDecoder().decode(body) }),
    });
    const ringback = createRingback({ transports: [transport] });
    await ringback.deliver({ to: TO, type: 'invoice.paid', data: { id: 'in_42' } });
    await ringback.close();
    expect(header(taken(), 'subject')).toBe('invoice.paid');
    expect(taken().body).toBe('{"id":"in_42"}\r\n');
  });

  it('says that a machine sent it, and no more of this software', async () => {
    const { transport, taken } = await serverAnd();
    await transport.send(messageTo(TO, { headers: { 'X-Ticket': '42' } }), attempt());
    expect(
      taken()
        .headers.map(([name]) => name)
        .sort(),
    ).toEqual([
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-ticket',
    ]);
    expect(header(taken(), 'auto-submitted')).toBe('auto-generated');
    expect(header(taken(), 'date')).toBe('Sat, 21 Nov 2026 06:00:00 +0000');
  });

  it('has a Message-ID of the delivery, the same over all attempts', async () => {
    const mailbox = await mailServer();
    const first = await serverAnd({}, mailbox);
    await first.transport.send(messageTo(TO, { id: 'msg_1' }), attempt());
    await first.transport.send(messageTo(TO, { id: 'msg_1' }), attempt(undefined, 2));
    const other = smtp({ transporter: createTransport({ host: '127.0.0.1', port: mailbox.port }), from: FROM });
    await other.send(messageTo(TO, { id: 'msg_1' }), attempt(undefined, 3));
    await other.send(messageTo(TO, { id: 'a>@b <c"' }), attempt());
    const ids = mailbox.mails.map(({ raw }) => header(readMail(raw), 'message-id'));
    expect(ids.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => '<msg_1@company.example>'));
    expect(ids[3]).toMatch(/^<[0-9a-f]{64}@company\.example>$/);
  });

  it('keeps its Message-ID over a retry of ringback', async () => {
    const seen: string[] = [];
    const server = await mailServer({
      onData: (stream, _session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          seen.push(header(readMail(Buffer.concat(chunks).toString()), 'message-id') ?? '');
          callback(seen.length === 1 ? refusal(432, 'try again') : null);
        });
      },
    });
    const { transport } = await serverAnd({}, server);
    const ringback = createRingback({ transports: [transport] });
    const receipt = await ringback.deliver({ to: TO, data: MAIL });
    await ringback.close();
    expect(receipt.attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['failed', 432],
      ['delivered', 250],
    ]);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[0]).toBe(`<${receipt.id}@company.example>`);
  });

  it('goes to a mailbox with a name in another script', async () => {
    const { mailbox, transport } = await serverAnd();
    const { outcome } = await transport.send(messageTo(new URL('mailto:jõe@bücher.example').href), attempt());
    expect(outcome.kind).toBe('delivered');
    expect(mailbox.mails[0]?.to).toEqual(['jõe@bücher.example']);
  });
});

describe('what is no mail', () => {
  it('is refused at the door for a bad address, before anything is stored or sent', async () => {
    const { mailbox, transport } = await serverAnd();
    const ringback = createRingback({ transports: [transport] });
    for (const to of ['mailto:ann', 'mailto:ann@customer.example?bcc=eve@evil.example']) {
      await expect(ringback.enqueue({ to, data: MAIL })).rejects.toMatchObject({ code: 'invalid-callback' });
      await expect(ringback.deliver({ to, data: MAIL })).rejects.toMatchObject({ code: 'invalid-callback' });
    }
    await ringback.close();
    expect(mailbox.mails).toEqual([]);
  });

  it('is refused at the door for what no attempt could carry, and says what is wrong', async () => {
    const { mailbox, transport } = await serverAnd();
    const ringback = createRingback({ transports: [transport] });
    const refused = async (callback: object): Promise<string> => {
      const error: unknown = await ringback.enqueue({ to: TO, ...callback }).catch((thrown: unknown) => thrown);
      return isRingbackError(error, 'invalid-callback') ? error.message : `took it, or threw another: ${error}`;
    };
    expect(await refused({ data: { id: 'in_42' } })).toBe(
      'a mail has no field "id"; it has subject, text, html, attachments, replyTo',
    );
    expect(await refused({ body: 'hello' })).toContain('must have the mail as its data');
    expect(await refused({ data: MAIL, headers: { Subject: 'another' } })).toBe(
      'header "Subject" is the mail\'s own and can\'t be set',
    );
    expect(ringback.snapshot()).toMatchObject({ delivering: 0, outbox: { depth: 0 } });
    await ringback.close();
    expect(mailbox.mails).toEqual([]);
  });

  it('where a render makes the mail ends a deliver with one attempt, as nobody knows before', async () => {
    const { mailbox, transport } = await serverAnd({ render: ({ body }) => JSON.parse(new TextDecoder().decode(body)) });
    const ringback = createRingback({ transports: [transport] });
    const error = (await ringback.deliver({ to: TO, data: { id: 'in_42' } }).catch((thrown) => thrown)) as DeliveryError;
    await ringback.close();
    expect(error.attempts).toHaveLength(1);
    expect(error.outcome.kind).toBe('rejected');
    expect(error.cause).toMatchObject({ code: 'invalid-callback' });
    expect(mailbox.mails).toEqual([]);
  });

  it('is a callback without JSON where there is no render', async () => {
    const { transport } = await serverAnd();
    const sent = transport.send(messageTo(TO, { body: new TextEncoder().encode('hello') }), attempt());
    await expect(sent).rejects.toMatchObject({ code: 'invalid-callback' });
  });

  it('is what a render that throws leaves, with its error as the cause', async () => {
    const mine = new Error('template missing');
    const { transport } = await serverAnd({
      render: () => {
        throw mine;
      },
    });
    const error: unknown = await transport.send(messageTo(TO), attempt()).catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'transport-failed')).toBe(true);
    expect((error as Error).cause).toBe(mine);
  });
});
