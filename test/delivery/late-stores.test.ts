import { describe, expect, it } from 'vitest';
import { type IdempotencyStore, memoryIdempotencyStore, type RingbackOptions } from '../../src/index.js';
import { type FakeClock, fakeClock } from '../../src/testing/index.js';
import { ring, settled, TO } from './ring.js';

const callback = { to: TO, data: 1, idempotencyKey: 'k', deadlineMs: 1_000 };

/** A store in memory, one method of which answers late. */
function ringOver(late: (clock: FakeClock, store: IdempotencyStore) => Partial<IdempotencyStore>, step = 'delivered') {
  const clock = fakeClock();
  const store = memoryIdempotencyStore({ clock });
  const methods: IdempotencyStore = {
    claim: (...args) => store.claim(...args),
    renew: (...args) => store.renew(...args),
    complete: (...args) => store.complete(...args),
    release: (...args) => store.release(...args),
    ...late(clock, store),
  };
  const options: Partial<RingbackOptions> = { clock, idempotency: { store: methods } };
  return { ...ring(() => step as 'delivered', options), clock, store };
}

const hang = (): Promise<never> => new Promise(() => {});

describe('a store that answers late does not stretch the deadline of deliver', () => {
  it('a claim that comes after it: nothing is sent, and the key is given back', async () => {
    const { ringback, clock, transport, store } = ringOver((clock, store) => ({
      claim: async (...args) => {
        await clock.sleep(8_000);
        return store.claim(...args);
      },
    }));
    const end = settled(ringback.deliver(callback));
    await clock.advance(1_000);
    expect((await end).error).toMatchObject({
      code: 'idempotency-store-failed',
      message: 'the idempotency store did not answer in 1000 ms, so nothing was sent',
    });
    await clock.advance(10_000);
    expect(transport.sentCount).toBe(0);
    expect(store.claim('k', { fingerprint: 'another', leaseMs: 1_000 })).toMatchObject({ state: 'claimed' });
    expect(clock.timers).toBe(0);
  });

  it('a claim that comes with it: nothing is sent', async () => {
    const { ringback, clock, transport } = ringOver((clock, store) => ({
      claim: async (...args) => {
        await clock.sleep(1_000);
        return store.claim(...args);
      },
    }));
    const end = settled(ringback.deliver(callback));
    await clock.advance(1_000);
    expect((await end).error).toMatchObject({ why: 'deadline', attempts: [] });
    expect(transport.sentCount).toBe(0);
  });

  it('that the key is done is told on the store’s own time, and the receipt comes at the deadline', async () => {
    const { ringback, clock } = ringOver(() => ({ complete: hang }));
    const end = settled(ringback.deliver(callback));
    await clock.advance(999);
    let drained = false;
    const draining = ringback.drain().then(() => {
      drained = true;
    });
    await clock.advance(1);
    expect((await end).value).toMatchObject({ deduplicated: false });
    // Another process would deliver it again, had the store not heard.
    expect(drained).toBe(false);
    await clock.advance(20_000);
    await draining;
    expect(clock.timers).toBe(0);
  });

  it('that the key is free again, too', async () => {
    const { ringback, clock } = ringOver(() => ({ release: hang }), 'gone');
    const end = settled(ringback.deliver(callback));
    await clock.advance(1_000);
    expect((await end).error).toMatchObject({ why: 'gone' });
    await clock.advance(20_000);
    expect(clock.timers).toBe(0);
  });
});

describe('what enqueue waits for does not stretch the deadline either', () => {
  it('a signature function that hangs', async () => {
    const { ringback, clock } = ring([], { signature: hang });
    const end = settled(ringback.enqueue({ to: TO, deadlineMs: 300 }));
    await clock.advance(300);
    expect((await end).error).toMatchObject({ code: 'signing-failed', message: 'signature() did not answer in 300 ms' });
    expect(clock.timers).toBe(0);
  });

  it('a store that hangs', async () => {
    const { ringback, clock } = ringOver(() => ({ claim: hang }));
    const end = settled(ringback.enqueue({ ...callback, deadlineMs: 300 }));
    await clock.advance(300);
    expect((await end).error).toMatchObject({ code: 'idempotency-store-failed' });
    expect(clock.timers).toBe(0);
  });
});
