import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/callback.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { loadCommands } from '../../../src/transports/sns/commands.js';
import { type SnsOptions, sns } from '../../../src/transports/sns/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { attemptOf, FIFO_TOPIC, type MessageParts, messageOf, TOPIC } from './messages.js';
import { ScriptedClient } from './scripted-client.js';

/** A transport on a clock that the test moves, and a client that answers when the test says so. */
class Lab {
  readonly clock = fakeClock();
  readonly client = new ScriptedClient();
  readonly transport: Transport;

  constructor(options: Partial<SnsOptions> = {}) {
    this.transport = sns({ client: this.client, clock: this.clock, ...options });
  }

  send(parts: MessageParts, signal?: AbortSignal): Promise<Answer> {
    const ended = this.transport.send(messageOf(parts), attemptOf(signal));
    ended.catch(() => {});
    return ended;
  }

  sendAll(bodies: readonly string[], parts: MessageParts = {}): Promise<Answer>[] {
    return bodies.map((body) => this.send({ body, ...parts }));
  }

  /** Lets what has begun go on, without any time going by. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  async isOver(): Promise<void> {
    await this.transport.close?.();
    expect(this.clock.timers).toBe(0);
  }
}

// Loading the SDK takes real time, which the clock here knows nothing of.
beforeAll(async () => {
  await loadCommands();
});

const letters = (count: number): string[] => Array.from({ length: count }, (_, n) => String.fromCharCode(97 + n));

describe('gathering', () => {
  it('waits for gatherMs from the first message on, and no longer', async () => {
    const lab = new Lab();
    const ends = lab.sendAll(['a']);
    await lab.clock.advance(4);
    ends.push(...lab.sendAll(['b']));
    expect(lab.client.sent).toEqual([]);
    await lab.clock.advance(1);
    expect(lab.client.sent).toEqual([['a', 'b']]);
    lab.client.calls[0]?.take();
    for (const end of ends) expect((await end).outcome.kind).toBe('delivered');
    await lab.isOver();
  });

  it('waits no more once there are ten', async () => {
    const lab = new Lab({ gatherMs: 1_000 });
    lab.sendAll(letters(12));
    await lab.settle();
    expect(lab.client.sent).toEqual([letters(10)]);
    await lab.clock.advance(1_000);
    expect(lab.client.sent[1]).toEqual(['k', 'l']);
    for (const call of lab.client.calls) call.take();
    await lab.isOver();
  });

  it('waits no more once the next one has no room, which waits for its own', async () => {
    const lab = new Lab({ gatherMs: 1_000, maxBytes: 210 });
    lab.sendAll(['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(60)]);
    await lab.settle();
    expect(lab.client.sent.map((bodies) => bodies.map(([first]) => first))).toEqual([['a', 'b']]);
    await lab.clock.advance(1_000);
    expect(lab.client.sent.map((bodies) => bodies.map(([first]) => first))).toEqual([['a', 'b'], ['c']]);
    for (const call of lab.client.calls) call.take();
    await lab.isOver();
  });

  it('leaves no timer once a full batch has gone', async () => {
    const lab = new Lab();
    lab.sendAll(letters(9));
    expect(lab.clock.timers).toBe(1);
    lab.sendAll(['j']);
    expect(lab.clock.timers).toBe(0);
    await lab.settle();
    lab.client.calls[0]?.take();
    await lab.isOver();
  });

  it('is by topic', async () => {
    const lab = new Lab();
    lab.sendAll(['a', 'b']);
    lab.sendAll(['c'], { to: `${TOPIC}-2` });
    await lab.clock.advance(5);
    expect(lab.client.calls.map(({ topic, messages }) => [topic, messages])).toEqual([
      [TOPIC, ['a', 'b']],
      [`${TOPIC}-2`, ['c']],
    ]);
    for (const call of lab.client.calls) call.take();
    await lab.isOver();
  });

  it('is none with gatherMs 0: each goes alone and at once, without a timer', async () => {
    const lab = new Lab({ gatherMs: 0 });
    lab.sendAll(['a', 'b']);
    await lab.settle();
    expect(lab.clock.timers).toBe(0);
    expect(lab.client.calls.map(({ entries, messages }) => [entries, messages])).toEqual([
      [undefined, ['a']],
      [undefined, ['b']],
    ]);
    for (const call of lab.client.calls) call.take();
    await lab.isOver();
  });

  it('tells where a message stands, for who times it out', async () => {
    const lab = new Lab();
    const attempt = attemptOf();
    lab.transport.send(messageOf(), attempt).catch(() => {});
    expect(attempt.progress?.phase).toBe('waiting to be published');
    await lab.clock.advance(5);
    expect(attempt.progress?.phase).toBe('waiting for the answer');
    lab.client.calls[0]?.take();
    await lab.isOver();
  });

  it('fails each of a batch whose whole call fails', async () => {
    const lab = new Lab();
    const ends = lab.sendAll(['a', 'b']);
    await lab.clock.advance(5);
    const error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    lab.client.calls[0]?.fail(error);
    for (const end of ends) await expect(end).rejects.toBe(error);
    await lab.isOver();
  });
});

describe('an abort', () => {
  const reason = new Error('the caller gave up');

  it('before it is sent sends nothing', async () => {
    const lab = new Lab();
    await expect(lab.send({}, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(lab.clock.timers).toBe(0);
  });

  it('of one entry before the batch goes leaves the batch', async () => {
    const lab = new Lab();
    const controller = new AbortController();
    const [first, second, third] = [lab.send({ body: 'a' }), lab.send({ body: 'b' }, controller.signal), lab.send({ body: 'c' })];
    await lab.clock.advance(1);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    await lab.clock.advance(4);
    expect(lab.client.sent).toEqual([['a', 'c']]);
    lab.client.calls[0]?.take();
    expect((await first).outcome.kind).toBe('delivered');
    expect((await third).outcome.kind).toBe('delivered');
    await lab.isOver();
  });

  it('of all before the batch goes leaves no timer', async () => {
    const lab = new Lab();
    const controller = new AbortController();
    const end = lab.send({}, controller.signal);
    controller.abort(reason);
    await expect(end).rejects.toBe(reason);
    expect(lab.clock.timers).toBe(0);
    expect(lab.client.calls).toEqual([]);
    await lab.isOver();
  });

  it('of one entry in flight ends that one, and the others get their answer', async () => {
    const lab = new Lab();
    const controller = new AbortController();
    const [first, second] = [lab.send({ body: 'a' }), lab.send({ body: 'b' }, controller.signal)];
    await lab.clock.advance(5);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    expect(lab.client.calls[0]?.signal.aborted).toBe(false);
    lab.client.calls[0]?.take();
    expect((await first).outcome.kind).toBe('delivered');
    await lab.isOver();
  });

  it('of all while the client is looked at calls nobody', async () => {
    let known = (_attempts: number): void => {};
    const attempts = new Promise<number>((resolve) => {
      known = resolve;
    });
    const client = new ScriptedClient({ maxAttempts: () => attempts });
    const transport = sns({ client, gatherMs: 0 });
    const controller = new AbortController();
    const end = transport.send(messageOf(), attemptOf(controller.signal));
    controller.abort(reason);
    await expect(end).rejects.toBe(reason);
    known(1);
    await transport.close?.();
    await fakeClock().advance(0);
    expect(client.calls).toEqual([]);
  });

  it('of all in flight gives up the call, though the client takes no notice', async () => {
    const lab = new Lab();
    const controller = new AbortController();
    const ends = ['a', 'b'].map((body) => lab.send({ body }, controller.signal));
    await lab.clock.advance(5);
    controller.abort(reason);
    for (const end of ends) await expect(end).rejects.toBe(reason);
    expect(lab.client.calls[0]?.signal.aborted).toBe(true);
    await lab.isOver();
  });
});

describe('the order of a group', () => {
  const send = (lab: Lab, body: string, orderingKey?: string): Promise<Answer> =>
    lab.send({ to: FIFO_TOPIC, id: `msg_${body}`, body, ...(orderingKey !== undefined && { orderingKey }) });

  it('is kept in a batch and across: one call at a time has messages of a group', async () => {
    const lab = new Lab();
    for (const body of ['a1', 'b1', 'a2']) void send(lab, body, body[0]);
    await lab.clock.advance(5);
    for (const body of ['a3', 'c1', 'a4']) void send(lab, body, body[0]);
    await lab.clock.advance(5);
    expect(lab.client.sent).toEqual([['a1', 'b1', 'a2'], ['c1']]);
    lab.client.calls[1]?.take();
    await lab.settle();
    expect(lab.client.sent.length).toBe(2);
    lab.client.calls[0]?.take();
    await lab.settle();
    expect(lab.client.sent[2]).toEqual(['a3', 'a4']);
    lab.client.calls[2]?.take();
    await lab.isOver();
  });

  it('holds up nobody without an ordering key', async () => {
    const lab = new Lab({ gatherMs: 0 });
    for (const body of ['a', 'b', 'c']) void send(lab, body);
    await lab.settle();
    expect(lab.client.sent).toEqual([['a'], ['b'], ['c']]);
    for (const call of lab.client.calls) call.take();
    await lab.isOver();
  });

  it('is kept with gatherMs 0, and when a call fails', async () => {
    const lab = new Lab({ gatherMs: 0 });
    const first = send(lab, 'a1', 'a');
    void send(lab, 'a2', 'a');
    await lab.settle();
    expect(lab.client.sent).toEqual([['a1']]);
    lab.client.calls[0]?.fail(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await lab.settle();
    expect(lab.client.sent).toEqual([['a1'], ['a2']]);
    lab.client.calls[1]?.take();
    await lab.isOver();
  });

  it('lets one that is held back be aborted', async () => {
    const lab = new Lab({ gatherMs: 0 });
    const controller = new AbortController();
    void send(lab, 'a1', 'a');
    const second = lab.send({ to: FIFO_TOPIC, body: 'a2', orderingKey: 'a' }, controller.signal);
    await lab.settle();
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    lab.client.calls[0]?.take();
    await lab.settle();
    expect(lab.client.sent).toEqual([['a1']]);
    await lab.isOver();
  });
});

describe('close', () => {
  it('while gathering sends what it holds, at once, and waits for its end', async () => {
    const lab = new Lab({ gatherMs: 1_000 });
    const ends = lab.sendAll(['a', 'b']);
    let closed = false;
    const closing = lab.transport.close?.().then(() => {
      closed = true;
    });
    await lab.settle();
    expect(lab.clock.timers).toBe(0);
    expect(lab.client.sent).toEqual([['a', 'b']]);
    expect(closed).toBe(false);
    lab.client.calls[0]?.take();
    for (const end of ends) expect((await end).outcome.kind).toBe('delivered');
    await closing;
    expect(closed).toBe(true);
  });

  it('waits for what a group holds back', async () => {
    const lab = new Lab({ gatherMs: 0 });
    const ends = ['a1', 'a2'].map((body) => lab.send({ to: FIFO_TOPIC, body, orderingKey: 'a' }));
    const closing = lab.transport.close?.();
    await lab.settle();
    lab.client.calls[0]?.take();
    await lab.settle();
    lab.client.calls[1]?.take();
    await closing;
    for (const end of ends) expect((await end).outcome.kind).toBe('delivered');
  });

  it('resolves for each that calls it', async () => {
    const lab = new Lab({ gatherMs: 0 });
    const end = lab.send({});
    const closings = [lab.transport.close?.(), lab.transport.close?.()];
    await lab.settle();
    lab.client.calls[0]?.take();
    await Promise.all(closings);
    expect((await end).outcome.kind).toBe('delivered');
  });

  it('takes no more from then on, and ends at once where nothing is on its way', async () => {
    const lab = new Lab();
    await lab.transport.close?.();
    await expect(lab.send({})).rejects.toMatchObject({ code: 'closed' });
    expect(lab.client.calls).toEqual([]);
  });
});
