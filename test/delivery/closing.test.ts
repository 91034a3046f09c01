import { describe, expect, it } from 'vitest';
import { memoryIdempotencyStore, memoryOutbox } from '../../src/index.js';
import { ring, settled, TO } from './ring.js';

describe('drain', () => {
  it('gives up at the abort of its signal, and what is left goes on', async () => {
    const { ringback, clock } = ring(['failed']);
    await ringback.enqueue({ to: TO });
    const controller = new AbortController();
    const draining = settled(ringback.drain({ signal: controller.signal }));
    await clock.advance(10);
    controller.abort(new Error('enough'));
    expect((await draining).error).toMatchObject({ code: 'cancelled', cause: { message: 'enough' } });
    const all = ringback.drain({ signal: new AbortController().signal });
    await clock.advance(60_000);
    await all;
    expect(ringback.snapshot().outbox.depth).toBe(0);
    await expect(ringback.drain({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('refuses a bare signal, and names that it has not', async () => {
    const { ringback } = ring();
    const { signal } = new AbortController();
    await expect(ringback.drain(signal as never)).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(ringback.drain({ timeoutMs: 5 } as never)).rejects.toThrow('drain has no option "timeoutMs"');
  });
});

describe('close', () => {
  it('gives what runs its time to finish', async () => {
    const { ringback, clock } = ring(() => ({ afterMs: 1_000, step: 'delivered' }));
    const running = ringback.deliver({ to: TO });
    await ringback.enqueue({ to: TO });
    await clock.advance(10);
    const closing = ringback.close();
    await clock.advance(1_000);
    expect(await closing).toEqual({ undelivered: [] });
    expect((await running).attempts).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('aborts after timeoutMs what still runs, and says so', async () => {
    const { ringback, clock } = ring(() => 'hang');
    const running = settled(ringback.deliver({ to: TO }));
    await clock.advance(10);
    const closing = ringback.close({ timeoutMs: 500 });
    await clock.advance(499);
    expect(ringback.snapshot().delivering).toBe(1);
    await clock.advance(1);
    expect((await running).error).toMatchObject({ code: 'delivery-failed', why: 'closed' });
    await closing;
    expect(clock.timers).toBe(0);
  });

  it('hands back what was not delivered, which can be enqueued again: same id, same payload, same key', async () => {
    const store = memoryIdempotencyStore();
    const first = ring(() => 'failed', { idempotency: { store } });
    const callback = { to: TO, type: 'a', data: { b: 1 }, headers: { 'x-own': 'x' }, correlationId: 'c', metadata: { m: 1 } };
    const { id } = await first.ringback.enqueue({ ...callback, idempotencyKey: 'k', priority: 3 });
    const text = await first.ringback.enqueue({ to: TO, body: 'hello' });
    await first.clock.advance(10);
    const { undelivered } = await first.ringback.close({ timeoutMs: 0 });
    expect(undelivered).toMatchObject([
      { id, correlationId: 'c', metadata: { m: 1 }, destination: 'https://customer.example' },
      { id: text.id },
    ]);
    expect(JSON.stringify(undelivered)).not.toMatch(/t0ken|hello|x-own/);
    expect(undelivered[0]?.callback()).toMatchObject({ ...callback, id, idempotencyKey: 'k', priority: 3 });

    const second = ring([], { idempotency: { store } });
    for (const left of undelivered) await second.ringback.enqueue(left.callback());
    const joined = await second.ringback.enqueue({ ...callback, idempotencyKey: 'k' });
    expect(joined).toEqual({ id, deduplicated: true });
    await second.clock.advance(10);
    expect(second.transport.sent.map(({ message }) => message.id)).toEqual([id, text.id]);
    const [data, body] = second.transport.sent.map(({ message }) => message);
    expect(data?.headers).toMatchObject({ 'content-type': 'application/json', 'x-own': 'x' });
    expect(new TextDecoder().decode(data?.body)).toBe('{"b":1}');
    expect(body?.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8' });
  });

  it.each([
    ['nothing', {}],
    ['an empty text', { body: '' }],
    ['null', { data: null }],
    ['a text with a byte order mark', { body: '\uFEFFid;name' }],
  ])('hands back a callback of %s, which goes through JSON and can be enqueued again', async (_, content) => {
    const callback = { to: TO, ...content, idempotencyKey: 'k' };
    const store = memoryIdempotencyStore();
    const first = ring(() => 'failed', { idempotency: { store } });
    await first.ringback.enqueue(callback);
    await first.clock.advance(10);
    const { undelivered } = await first.ringback.close({ timeoutMs: 0 });
    const [back] = JSON.parse(JSON.stringify(undelivered.map((left) => left.callback())));
    const second = ring([], { idempotency: { store } });
    const { id } = await second.ringback.enqueue(back);
    // The same payload: with another fingerprint the key would be a mismatch.
    expect(await second.ringback.enqueue(callback)).toEqual({ id, deduplicated: true });
    await second.ringback.drain();
    const whole = ring();
    await whole.ringback.deliver(callback);
    const sentBy = ({ transport }: typeof whole) => transport.sent.map(({ message }) => [message.headers, [...message.body]]);
    expect(sentBy(second)).toEqual(sentBy(whole));
  });

  it.each(['content-type', 'Content-Type'])('hands back bytes with the one %s that they came with', async (name) => {
    const first = ring(() => 'failed');
    await first.ringback.enqueue({ to: TO, body: Uint8Array.of(1, 2), headers: { [name]: 'application/x-own' } });
    await first.clock.advance(10);
    const { undelivered } = await first.ringback.close({ timeoutMs: 0 });
    const second = ring();
    for (const left of undelivered) await second.ringback.enqueue(left.callback());
    await second.ringback.drain();
    expect(second.transport.sent[0]?.message.headers).toEqual({ [name]: 'application/x-own' });
  });

  it('twice is one close', async () => {
    const { ringback } = ring();
    const [first, second] = await Promise.all([ringback.close(), ringback.close({ timeoutMs: 5 })]);
    expect(second).toBe(first);
  });

  it('ends taking: deliver, enqueue and replay are refused as closed', async () => {
    const { ringback, clock } = ring(['gone']);
    const { id } = await ringback.enqueue({ to: TO });
    await clock.advance(1);
    await ringback.close();
    await expect(ringback.deliver({ to: TO })).rejects.toMatchObject({ code: 'closed' });
    await expect(ringback.enqueue({ to: TO })).rejects.toMatchObject({ code: 'closed' });
    await expect(ringback.deadLetters.replay(id)).rejects.toMatchObject({ code: 'closed' });
    expect(await ringback.deadLetters.list()).toHaveLength(1);
  });

  it('tells who waits for room, and who waits at the door', async () => {
    const { ringback, clock } = ring(() => 'hang', { outbox: memoryOutbox({ maxDepth: 1, whenFull: 'wait' }) });
    await ringback.enqueue({ to: TO });
    const waiting = settled(ringback.enqueue({ to: TO }));
    const closing = ringback.close({ timeoutMs: 0 });
    await clock.advance(2_000);
    await closing;
    expect((await waiting).error).toMatchObject({ code: 'closed' });

    const slow = ring([], { signature: () => new Promise(() => {}) });
    const atTheDoor = settled(slow.ringback.enqueue({ to: TO }));
    await slow.clock.advance(1);
    await slow.ringback.close();
    expect((await atTheDoor).error).toMatchObject({ code: 'closed' });
    expect(slow.clock.timers).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('stuck');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('stuck');
      },
    ],
    ['hangs', () => new Promise<void>(() => {})],
  ])('is not held up by a transport whose close %s', async (_, close) => {
    const errors: string[] = [];
    const note = (): void => {};
    const logger = {
      debug: note,
      info: note,
      warn: note,
      error: (_fields: object, message: string) => void errors.push(message),
    };
    const transport = {
      name: 'stuck',
      accepts: () => true,
      send: async () => ({ outcome: { kind: 'delivered' as const } }),
      close,
    };
    const { ringback, clock } = ring([], { transports: [transport], logger });
    const closing = ringback.close();
    await clock.advance(5_000);
    expect(await closing).toEqual({ undelivered: [] });
    expect(errors).toEqual(['a transport failed to close']);
  });

  it('reports an outbox that fails to stop, when all else has ended', async () => {
    const outbox = memoryOutbox();
    outbox.stop = () => {
      throw new Error('disk');
    };
    const { ringback } = ring([], { outbox });
    await expect(ringback.close()).rejects.toMatchObject({ code: 'outbox-failed' });
  });

  it('of many deliveries at once is a set of attempts: 10,000 that wait end, each by itself', async () => {
    const { ringback, clock } = ring(() => 'failed', {
      pipeline: { circuitBreaker: false, budget: false, retry: { maxAttempts: 50 } },
    });
    const all = Array.from({ length: 10_000 }, (_, i) => settled(ringback.deliver({ to: `https://c${i % 100}.example/` })));
    await clock.advance(1);
    expect(ringback.snapshot().delivering).toBe(10_000);
    const closing = ringback.close({ timeoutMs: 0 });
    await clock.advance(1);
    await closing;
    const ends = await Promise.all(all);
    expect(ends.every(({ error }) => (error as { why: string }).why === 'closed')).toBe(true);
    expect(clock.timers).toBe(0);
  });
});
