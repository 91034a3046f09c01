import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Claim, createRingback, type IdempotencyStore, memoryIdempotencyStore, type Ringback } from '../../src/index.js';
import { fakeClock, scriptedTransport } from '../../src/testing/index.js';
import { ring, settled, TO } from './ring.js';

const callback = { to: TO, type: 'invoice.paid', data: { id: 'in_42', a: 1 }, idempotencyKey: 'in_42-paid' };
const same = { ...callback, data: { a: 1, id: 'in_42' } };
const slow = () => ({ afterMs: 1_000, step: 'delivered' }) as const;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => process.on('unhandledRejection', note));
afterEach(async () => {
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

const down = (): never => {
  throw new Error('down');
};

/** A store in memory, some of whose methods are other ones. */
function storeWith(clock: ReturnType<typeof fakeClock>, methods: Partial<IdempotencyStore>): IdempotencyStore {
  const store = memoryIdempotencyStore({ clock });
  return {
    claim: (...args) => store.claim(...args),
    renew: (...args) => store.renew(...args),
    complete: (...args) => store.complete(...args),
    release: (...args) => store.release(...args),
    ...methods,
  };
}

/** Two processes: two instances over one store. */
function twoProcesses(): { a: Ringback; b: Ringback; clock: ReturnType<typeof fakeClock>; sent: () => number } {
  const clock = fakeClock();
  const store = memoryIdempotencyStore({ clock });
  const transport = scriptedTransport(slow, { clock });
  const make = (): Ringback => createRingback({ transports: [transport], clock, idempotency: { store } });
  return { a: make(), b: make(), clock, sent: () => transport.sentCount };
}

describe('same key and same payload', () => {
  it('gets the same receipt', async () => {
    const { ringback, transport, heard } = ring();
    const first = await ringback.deliver(callback);
    const second = await ringback.deliver(same);
    expect(second).toEqual({ ...first, deduplicated: true });
    expect(transport.sentCount).toBe(1);
    expect(heard.map(({ event }) => event)).toEqual(['attempt', 'delivered', 'deduplicated']);
  });

  it('in flight joins it: 50 at once are one send', async () => {
    const { ringback, clock, transport } = ring(slow);
    const all = Array.from({ length: 50 }, () => ringback.deliver(callback));
    await clock.advance(1_000);
    const receipts = await Promise.all(all);
    expect(transport.sentCount).toBe(1);
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1);
    expect(receipts.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('shares the failure of the one it joined, and the key is free again', async () => {
    const { ringback, clock, transport } = ring(['gone']);
    const [first, second] = await Promise.all([settled(ringback.deliver(callback)), settled(ringback.deliver(callback))]);
    expect(first.error).toMatchObject({ why: 'gone' });
    expect(second.error).toBe(first.error);
    expect((await ringback.deliver(callback)).deduplicated).toBe(false);
    expect(transport.sentCount).toBe(2);
    expect(clock.timers).toBe(0);
  });

  it('does not share the impatience of the caller it joined: the next one delivers', async () => {
    const { ringback, clock, transport } = ring(slow);
    const controller = new AbortController();
    const first = settled(ringback.deliver(callback, { signal: controller.signal }));
    const others = Array.from({ length: 5 }, () => ringback.deliver(callback));
    await clock.advance(500);
    controller.abort();
    expect((await first).error).toMatchObject({ why: 'cancelled' });
    await clock.advance(1_000);
    expect(new Set((await Promise.all(others)).map(({ id }) => id)).size).toBe(1);
    expect(transport.sentCount).toBe(2);
  });

  it('joined waits no longer than its own deadline and signal', async () => {
    const { ringback, clock } = ring(() => 'failed');
    await ringback.enqueue(callback);
    const late = settled(ringback.deliver({ ...callback, deadlineMs: 2_000 }));
    const controller = new AbortController();
    const aborted = settled(ringback.deliver(callback, { signal: controller.signal }));
    await clock.advance(1_000);
    controller.abort();
    expect((await aborted).error).toMatchObject({ code: 'cancelled' });
    await clock.advance(1_000);
    expect((await late).error).toMatchObject({ code: 'idempotency-in-flight' });
    await ringback.close({ timeoutMs: 0 });
    expect(clock.timers).toBe(0);
  });
});

it('same key and another payload is refused, in flight and when it is done', async () => {
  const { ringback, clock, transport } = ring(slow);
  const running = ringback.deliver(callback);
  const other = { ...callback, data: { id: 'in_43' } };
  await expect(ringback.deliver(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  await clock.advance(1_000);
  await running;
  await expect(ringback.deliver(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  await expect(ringback.enqueue(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  expect(transport.sentCount).toBe(1);
});

it('the payload is what it was when the call was made', async () => {
  const { ringback } = ring([], { signature: async () => null });
  const data = { id: 'in_42' };
  const first = ringback.deliver({ ...callback, data });
  data.id = 'changed';
  await first;
  expect((await ringback.deliver({ ...callback, data: { id: 'in_42' } })).deduplicated).toBe(true);
});

describe('enqueue', () => {
  it('twice is the same id, while it runs and when it is done', async () => {
    const { ringback, clock, transport } = ring(slow);
    const ids = await Promise.all([ringback.enqueue(callback), ringback.enqueue(same), ringback.enqueue(same)]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    expect(ids.map(({ deduplicated }) => deduplicated)).toEqual([false, true, true]);
    await clock.advance(1_000);
    expect(await ringback.enqueue(same)).toEqual({ id: ids[0]?.id, deduplicated: true });
    expect(transport.sentCount).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('then deliver joins', async () => {
    const { ringback, clock, transport } = ring(slow);
    const { id } = await ringback.enqueue(callback);
    const joined = ringback.deliver(callback);
    await clock.advance(1_000);
    expect(await joined).toMatchObject({ id, deduplicated: true });
    expect(transport.sentCount).toBe(1);
  });

  it('that joins a deliver is accepted by its success, and takes its own turn after its failure', async () => {
    const { ringback, clock, transport } = ring(['gone', 'delivered']);
    const first = settled(ringback.deliver(callback));
    const { id, deduplicated } = await ringback.enqueue(callback);
    expect((await first).error).toMatchObject({ why: 'gone' });
    expect(deduplicated).toBe(false);
    await clock.advance(1);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(transport.sentCount).toBe(2);
  });

  it('of one id under two keys leaves the first one its key', async () => {
    const { ringback, clock } = ring(slow);
    await ringback.enqueue({ ...callback, id: 'msg_1' });
    await expect(ringback.enqueue({ ...callback, id: 'msg_1', idempotencyKey: 'k2' })).rejects.toMatchObject({
      code: 'outbox-failed',
    });
    await clock.advance(1_000);
    expect((await ringback.deliver(callback)).id).toBe('msg_1');
    const freed = ringback.deliver({ ...callback, idempotencyKey: 'k2' });
    await clock.advance(1_000);
    expect((await freed).deduplicated).toBe(false);
    expect(clock.timers).toBe(0);
  });

  it.each(['dead letter', 'cancel', 'close'])('gives its key back at a %s, and tells who joined', async (end) => {
    const store = memoryIdempotencyStore();
    const { ringback, clock } = ring(() => (end === 'dead letter' ? { afterMs: 10, step: 'gone' } : 'hang'), {
      idempotency: { store },
    });
    const { id } = await ringback.enqueue(callback);
    const joined = settled(ringback.deliver(callback));
    await clock.advance(1);
    if (end === 'dead letter') await clock.advance(10);
    if (end === 'cancel') expect(await ringback.cancel(id)).toBe(true);
    if (end === 'close') {
      const closing = ringback.close({ timeoutMs: 0 });
      await clock.advance(5_000);
      const { undelivered } = await closing;
      expect(undelivered.map((left) => left.id)).toEqual([id]);
    }
    const { error } = await joined;
    const expected = {
      'dead letter': { why: 'dead-letter' },
      cancel: { code: 'cancelled' },
      close: { code: 'closed' },
    }[end];
    expect(error).toMatchObject(expected as object);
    expect(store.claim(callback.idempotencyKey, { fingerprint: 'x', leaseMs: 1_000 })).toMatchObject({ state: 'claimed' });
    expect(clock.timers).toBe(0);
  });
});

describe('a store', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('down');
      },
    ],
    ['answers nonsense', () => ({ state: 'maybe' })],
    ['answers nothing', () => undefined],
    ['has a result that is no receipt', () => ({ state: 'completed', fingerprint: '', result: new Uint8Array(1) })],
  ])('that %s on claim fails closed: nothing is sent', async (_, claim) => {
    const clock = fakeClock();
    const { ringback, transport } = ring([], { idempotency: { store: storeWith(clock, { claim: claim as never }) } });
    const ends = await Promise.all(
      [ringback.deliver(callback), ringback.deliver(callback), ringback.enqueue(callback)].map(settled),
    );
    for (const { error } of ends) expect((error as { code: string }).code).toMatch(/^idempotency-(store-failed|mismatch)$/);
    expect(transport.sentCount).toBe(0);
    expect(ringback.snapshot().outbox.depth).toBe(0);
  });

  it.each([
    ['a promise', Promise],
    ['a promise of another realm', runInNewContext('Promise') as PromiseConstructor],
  ])('that hangs on claim fails closed in time, and a claim that comes late is given back: %s', async (_what, Given) => {
    let answer = (_: Claim): void => {};
    const released: string[] = [];
    const store = {
      claim: () =>
        new Given<Claim>((resolve) => {
          answer = resolve;
        }),
      renew: () => true,
      complete: () => true,
      release: (_: string, token: string) => released.push(token) > 0,
    } as IdempotencyStore;
    const { ringback, clock } = ring([], { idempotency: { store } });
    const end = settled(ringback.deliver(callback));
    await clock.advance(10_000);
    expect((await end).error).toMatchObject({ code: 'idempotency-store-failed' });
    answer({ state: 'claimed', token: 't1' });
    await clock.advance(1);
    expect(released).toEqual(['t1']);
    expect(clock.timers).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['hangs', () => new Promise<boolean>(() => {})],
  ])('that %s on complete does not undo the delivery: the receipt is returned, and it is logged', async (_, complete) => {
    const errors: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (_fields: object, text: string) => void errors.push(text),
    };
    const store = storeWith(fakeClock(), { complete });
    const { ringback, clock } = ring([], { idempotency: { store }, logger });
    const delivery = ringback.deliver(callback);
    await clock.advance(10_000);
    expect((await delivery).deduplicated).toBe(false);
    expect(errors).toEqual(['the idempotency store failed after a delivery ended']);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['throws', down],
    ['rejects', async () => down()],
  ])('that %s once on complete is told once more', async (_, fail) => {
    const clock = fakeClock();
    const memory = memoryIdempotencyStore({ clock });
    let tries = 0;
    const complete: IdempotencyStore['complete'] = (...all) => (++tries === 1 ? fail() : memory.complete(...all));
    const errors: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (_: object, text: string) => void errors.push(text),
    };
    const store = storeWith(clock, { claim: (...all) => memory.claim(...all), complete });
    const { ringback } = ring([], { idempotency: { store }, logger });
    await ringback.deliver(callback);
    expect((await ringback.deliver(callback)).deduplicated).toBe(true);
    expect([tries, errors]).toEqual([2, []]);
  });

  it('that answers a claim late has had it all the while: the lease counts from when it was asked', async () => {
    const clock = fakeClock();
    const memory = memoryIdempotencyStore({ clock });
    const claim: IdempotencyStore['claim'] = async (...all) => {
      const answer = await memory.claim(...all);
      await clock.sleep(900);
      return answer;
    };
    const transport = scriptedTransport([{ hang: 'until-aborted' }], { clock });
    const store = storeWith(clock, { claim, renew: down });
    const ringback = createRingback({ transports: [transport], clock, idempotency: { store, leaseMs: 1_000 } });
    const ends: string[] = [];
    ringback.deliver(callback).catch((error) => ends.push(error.why));
    await clock.advance(999);
    expect([transport.sentCount, ends]).toEqual([1, []]);
    await clock.advance(1);
    expect(ends).toEqual(['cancelled']);
  });

  it('that names a nonsensical time for a key in flight is asked once a second, within the deadline', async () => {
    let asked = 0;
    const claim: IdempotencyStore['claim'] = (_, { fingerprint }) => {
      asked++;
      return { state: 'in-flight', fingerprint, retryAfterMs: Number.NaN };
    };
    const { ringback, clock } = ring([], { idempotency: { store: storeWith(fakeClock(), { claim }) } });
    const end = settled(ringback.deliver({ ...callback, deadlineMs: 3_000 }));
    await clock.advance(10_000);
    expect((await end).error).toMatchObject({ code: 'idempotency-in-flight' });
    expect(asked).toBe(4);
  });

  it.each(['5', 'null', '{"id":"msg_1"}'])('that keeps %s as a result has kept no receipt', async (json) => {
    const claim: IdempotencyStore['claim'] = (_, { fingerprint }) => ({
      state: 'completed',
      fingerprint,
      result: new TextEncoder().encode(json),
    });
    const { ringback, transport } = ring([], { idempotency: { store: storeWith(fakeClock(), { claim }) } });
    await expect(ringback.deliver(callback)).rejects.toMatchObject({ code: 'idempotency-store-failed' });
    expect(transport.sentCount).toBe(0);
  });

  it('that is slow to learn of an end is waited for by drain and by close', async () => {
    for (const end of ['drain', 'close'] as const) {
      const learned: string[] = [];
      const slowly = async (what: string): Promise<boolean> => {
        await clock.sleep(500);
        return learned.push(what) > 0;
      };
      const store = storeWith(fakeClock(), { complete: () => slowly('complete'), release: () => slowly('release') });
      const { ringback, clock } = ring(end === 'drain' ? [] : () => 'failed', { idempotency: { store } });
      await ringback.enqueue(callback);
      await clock.advance(10);
      let isOver = false;
      const ending = ringback[end]().then(() => {
        isOver = true;
      });
      await clock.advance(480);
      expect({ isOver, learned }).toEqual({ isOver: false, learned: [] });
      await clock.advance(20);
      await ending;
      expect(learned).toEqual([end === 'drain' ? 'complete' : 'release']);
    }
  });

  it('is asked to renew the lease while the work is longer than it', async () => {
    let renewals = 0;
    const clock = fakeClock();
    const inner = memoryIdempotencyStore({ clock });
    const store = {
      claim: inner.claim.bind(inner),
      complete: inner.complete.bind(inner),
      release: inner.release.bind(inner),
      renew: (key: string, token: string, leaseMs: number) => {
        renewals++;
        return inner.renew(key, token, leaseMs);
      },
    } as IdempotencyStore;
    const transport = scriptedTransport([{ afterMs: 10_000, step: 'delivered' }], { clock });
    const ringback = createRingback({ transports: [transport], clock, idempotency: { store, leaseMs: 3_000 } });
    const delivery = ringback.deliver(callback);
    await clock.advance(10_000);
    expect((await delivery).deduplicated).toBe(false);
    expect(renewals).toBeGreaterThanOrEqual(9);
    expect((await ringback.deliver(callback)).deduplicated).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('that loses the lease stops a deliver: another process may hold the key now', async () => {
    const clock = fakeClock();
    const store = storeWith(clock, { renew: () => false });
    const { ringback, clock: time, transport } = ring(() => 'failed', { idempotency: { store, leaseMs: 300 } });
    const end = settled(ringback.deliver(callback));
    await time.advance(60_000);
    expect((await end).error).toMatchObject({ why: 'cancelled' });
    expect(transport.sentCount).toBe(1);
    expect(time.timers).toBe(0);
  });
});

it('a callback in the outbox whose lease is lost goes on: better twice than lost', async () => {
  const warnings: string[] = [];
  const note = (): void => {};
  const logger = { debug: note, info: note, error: note, warn: (_: object, message: string) => void warnings.push(message) };
  const store = storeWith(fakeClock(), { renew: () => false, complete: () => false });
  const { ringback, clock } = ring(['failed'], { idempotency: { store, leaseMs: 300 }, logger });
  const { id } = await ringback.enqueue(callback);
  await clock.advance(60_000);
  expect(await ringback.status(id)).toEqual({ state: 'delivered' });
  expect(warnings).toEqual(['an idempotency lease was lost before its delivery ended']);
  expect(clock.timers).toBe(0);
});

describe('a claim of another process', () => {
  it('is waited for, and its receipt is the answer', async () => {
    const { a, b, clock, sent } = twoProcesses();
    const first = a.deliver(callback);
    const second = b.deliver(callback);
    await clock.advance(3_000);
    expect(await second).toEqual({ ...(await first), deduplicated: true });
    expect(sent()).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('that does not end in time is idempotency-in-flight; enqueue does not wait', async () => {
    const { a, b, clock, sent } = twoProcesses();
    const first = a.deliver(callback);
    const second = settled(b.deliver({ ...callback, deadlineMs: 500 }));
    await expect(b.enqueue(callback)).rejects.toMatchObject({ code: 'idempotency-in-flight' });
    await clock.advance(500);
    expect((await second).error).toMatchObject({ code: 'idempotency-in-flight' });
    await clock.advance(500);
    await first;
    expect(sent()).toBe(1);
  });

  it('whose wait is aborted, or ended by close, leaves nothing behind', async () => {
    const { a, b, clock } = twoProcesses();
    const first = a.deliver(callback);
    const controller = new AbortController();
    const aborted = settled(b.deliver(callback, { signal: controller.signal }));
    await clock.advance(1);
    controller.abort();
    expect((await aborted).error).toMatchObject({ code: 'cancelled' });
    const waiting = settled(b.deliver(callback));
    await clock.advance(1);
    const closing = b.close({ timeoutMs: 10 });
    await clock.advance(10);
    expect((await waiting).error).toMatchObject({ code: 'closed' });
    await closing;
    await clock.advance(1_000);
    await first;
    expect(clock.timers).toBe(0);
  });
});
