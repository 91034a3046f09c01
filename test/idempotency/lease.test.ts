import { expect, test } from 'vitest';
import { holdLease, type Lease } from '../../src/idempotency/lease.js';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { IdempotencyStore } from '../../src/idempotency/store.js';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.js';

const LEASE_MS = 60_000;

/** A lease on a store that answers renewals as the test says, and took that long to answer the claim. */
function leaseOn(renew: () => boolean | Promise<boolean>, tookMs = 0): { clock: FakeClock; lease: Lease; renewals: number[] } {
  const clock = fakeClock();
  const renewals: number[] = [];
  const store: IdempotencyStore = {
    ...memoryIdempotencyStore({ clock }),
    renew: () => {
      renewals.push(clock.monotonic());
      return renew();
    },
  };
  const claim = { store, key: 'k', token: 'token', leaseMs: LEASE_MS, clock, askedAtMs: clock.monotonic() - tookMs };
  return { clock, renewals, lease: holdLease(claim) };
}

test('work longer than the lease keeps its key, and gives it up a lease after its owner died', async () => {
  const clock = fakeClock();
  const store = memoryIdempotencyStore({ clock });
  const request = { fingerprint: 'f', leaseMs: LEASE_MS };
  const askedAtMs = clock.monotonic();
  const claim = await store.claim('k', request);
  if (claim.state !== 'claimed') throw new Error('not claimed');
  const lease = holdLease({ store, key: 'k', token: claim.token, leaseMs: LEASE_MS, clock, askedAtMs });
  await clock.advance(10 * LEASE_MS);
  expect(store.claim('k', request)).toMatchObject({ state: 'in-flight' });
  expect(lease.signal.aborted).toBe(false);
  lease.end();
  await clock.advance(LEASE_MS);
  expect(store.claim('k', request)).toMatchObject({ state: 'claimed' });
});

test('the lease is renewed every third of it, until it ends, and then no timer is left', async () => {
  const { clock, lease, renewals } = leaseOn(() => true);
  await clock.advance(LEASE_MS);
  expect(renewals).toEqual([20_000, 40_000, 60_000]);
  lease.end();
  lease.end();
  expect(clock.timers).toBe(0);
  await clock.advance(LEASE_MS);
  expect(renewals.length).toBe(3);
});

test('when renew says false the claim is lost: the signal aborts, and nothing is renewed any more', async () => {
  const { clock, lease, renewals } = leaseOn(() => false);
  await clock.advance(20_000);
  expect(lease.signal.aborted).toBe(true);
  expect(lease.signal.reason).toMatchObject({
    code: 'idempotency-store-failed',
    message: 'the idempotency lease ended and the key is no longer held',
  });
  expect(clock.timers).toBe(0);
  await clock.advance(LEASE_MS);
  expect(renewals.length).toBe(1);
});

test('a store that throws now and then is asked again', async () => {
  let asked = 0;
  const { clock, lease } = leaseOn(() => {
    asked++;
    if (asked % 2 === 1) throw new Error('down');
    return true;
  });
  await clock.advance(10 * LEASE_MS);
  expect(lease.signal.aborted).toBe(false);
  expect(asked).toBe(30);
  lease.end();
});

test('when no renewal gets through for a whole lease, the claim is lost', async () => {
  const { clock, lease } = leaseOn(() => {
    throw new Error('down');
  });
  await clock.advance(LEASE_MS - 1);
  expect(lease.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lease.signal.reason).toMatchObject({
    code: 'idempotency-store-failed',
    message: 'no renewal of the idempotency lease got through in time',
  });
});

test('the first lease counts from when the claim was asked, as the store may have had it that early', async () => {
  const { clock, lease, renewals } = leaseOn(() => {
    throw new Error('down');
  }, 30_000);
  await clock.advance(29_999);
  expect(lease.signal.aborted).toBe(false);
  // The renewal that was due meanwhile is sent at once.
  expect(renewals).toEqual([0, 20_000]);
  await clock.advance(1);
  expect(lease.signal.aborted).toBe(true);
  expect(clock.timers).toBe(0);
});

test('a claim that was answered late is kept by its first renewal', async () => {
  const { clock, lease, renewals } = leaseOn(() => true, 30_000);
  await clock.advance(10 * LEASE_MS);
  expect(lease.signal.aborted).toBe(false);
  expect(renewals.slice(0, 4)).toEqual([0, 20_000, 40_000, 60_000]);
  lease.end();
});

test('a claim whose answer took a whole lease is lost', async () => {
  const { clock, lease, renewals } = leaseOn(() => true, LEASE_MS);
  await clock.advance(0);
  expect(lease.signal.aborted).toBe(true);
  expect([renewals, clock.timers]).toEqual([[], 0]);
});

test('a renewal that got through counts from when it was sent, as the store may have had it that early', async () => {
  let answer = (_: boolean): void => {};
  const { clock, lease, renewals } = leaseOn(() => {
    if (renewals.length > 1) throw new Error('down');
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  await clock.advance(35_000);
  answer(true);
  await clock.advance(44_999);
  expect(lease.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lease.signal.aborted).toBe(true);
  expect(lease.signal.reason.cause).toMatchObject({ message: 'down' });
});

test('a store that never answers does not keep the loss from being noticed', async () => {
  const { clock, lease } = leaseOn(() => new Promise(() => {}));
  await clock.advance(LEASE_MS);
  expect(lease.signal.aborted).toBe(true);
  expect(clock.timers).toBe(0);
});

test('an answer that comes after the end changes nothing', async () => {
  let answer = (_: boolean): void => {};
  const { clock, lease } = leaseOn(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  await clock.advance(20_000);
  lease.end();
  answer(false);
  await clock.advance(0);
  expect(lease.signal.aborted).toBe(false);
});
