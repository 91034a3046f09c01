import { expect, test } from 'vitest';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { Claim, IdempotencyStore } from '../../src/idempotency/store.js';
import { seededRandom } from '../../src/random.js';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.js';

const LEASE_MS = 60_000;
const TTL_MS = 86_400_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function newStore(maxKeys = 100): { store: IdempotencyStore; clock: FakeClock } {
  const clock = fakeClock();
  return { clock, store: memoryIdempotencyStore({ maxKeys, clock, random: seededRandom(1) }) };
}

const claim = (store: IdempotencyStore, key: string, fingerprint = 'f'): Claim =>
  store.claim(key, { fingerprint, leaseMs: LEASE_MS }) as Claim;

function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}

test('one winner among any number of claims of a key at once; the others are told what is left of its lease', async () => {
  const { store, clock } = newStore();
  const first = claim(store, 'k', 'f1');
  await clock.advance(20_000);
  expect(first).toEqual({ state: 'claimed', token: expect.stringMatching(/^claim_.{20,}$/) });
  for (let i = 0; i < 50; i++) {
    expect(claim(store, 'k', `other-${i}`)).toEqual({ state: 'in-flight', fingerprint: 'f1', retryAfterMs: 40_000 });
  }
});

test('an ended lease is taken over by exactly one', async () => {
  const { store, clock } = newStore();
  const late = tokenOf(claim(store, 'k'));
  await clock.advance(LEASE_MS - 1);
  expect(claim(store, 'k')).toMatchObject({ state: 'in-flight', retryAfterMs: 1 });
  await clock.advance(1);
  const token = tokenOf(claim(store, 'k'));
  expect(token).not.toBe(late);
  expect(claim(store, 'k')).toMatchObject({ state: 'in-flight' });
});

test('a late owner can neither overwrite nor delete its successor’s record, and is told so', async () => {
  const { store, clock } = newStore();
  const late = tokenOf(claim(store, 'k'));
  await clock.advance(LEASE_MS);
  const token = tokenOf(claim(store, 'k', 'f2'));
  expect(store.renew('k', late, LEASE_MS)).toBe(false);
  expect(store.complete('k', late, bytes('late'), TTL_MS)).toBe(false);
  expect(store.release('k', late)).toBe(false);
  expect(store.complete('k', token, bytes('mine'), TTL_MS)).toBe(true);
  expect(store.release('k', late)).toBe(false);
  expect(claim(store, 'k')).toEqual({ state: 'completed', fingerprint: 'f2', result: bytes('mine') });
});

test('a lease that ended is over, whether or not somebody took it: expiry is logical before it is physical', async () => {
  const { store, clock } = newStore();
  const token = tokenOf(claim(store, 'k'));
  await clock.advance(LEASE_MS);
  expect(store.renew('k', token, LEASE_MS)).toBe(false);
  expect(store.complete('k', token, bytes('late'), TTL_MS)).toBe(false);
  expect(store.release('k', token)).toBe(false);
});

test('renew starts the lease anew', async () => {
  const { store, clock } = newStore();
  const token = tokenOf(claim(store, 'k'));
  await clock.advance(50_000);
  expect(store.renew('k', token, LEASE_MS)).toBe(true);
  await clock.advance(50_000);
  expect(claim(store, 'k')).toMatchObject({ state: 'in-flight', retryAfterMs: 10_000 });
});

test('release gives the key back, so that the next claim wins', () => {
  const { store } = newStore();
  expect(store.release('k', tokenOf(claim(store, 'k', 'f1')))).toBe(true);
  expect(claim(store, 'k', 'f2')).toMatchObject({ state: 'claimed' });
});

test('a completed record keeps its fingerprint, and its token changes it no more', () => {
  const { store } = newStore();
  const token = tokenOf(claim(store, 'k', 'f1'));
  expect(store.complete('k', token, bytes('r'), TTL_MS)).toBe(true);
  expect(claim(store, 'k', 'other payload')).toEqual({ state: 'completed', fingerprint: 'f1', result: bytes('r') });
  expect(store.complete('k', token, bytes('repeated, its answer was lost'), TTL_MS)).toBe(true);
  expect(claim(store, 'k')).toMatchObject({ result: bytes('r') });
  expect(store.renew('k', token, LEASE_MS)).toBe(false);
  expect(store.release('k', token)).toBe(false);
});

test('the result is kept for ttlMs, to the millisecond', async () => {
  const { store, clock } = newStore();
  store.complete('k', tokenOf(claim(store, 'k')), bytes('r'), 1_000);
  await clock.advance(999);
  expect(claim(store, 'k')).toMatchObject({ state: 'completed' });
  await clock.advance(1);
  expect(claim(store, 'k')).toMatchObject({ state: 'claimed' });
});

test.each([
  ['empty', new Uint8Array(0)],
  ['binary', Uint8Array.from({ length: 256 }, (_, i) => i)],
  ['large', new Uint8Array(1_000_000).fill(7)],
  ['a Buffer that is a view', Buffer.from('xxresultxx').subarray(2, 8)],
])('the result comes back byte for byte, and is copied in and out: %s', (_, result) => {
  const { store } = newStore();
  const wanted = [...result.subarray(0, 300)];
  store.complete('k', tokenOf(claim(store, 'k')), result, TTL_MS);
  result.fill(255);
  const first = claim(store, 'k');
  if (first.state !== 'completed') throw new Error('not completed');
  expect([...first.result.subarray(0, 300)]).toEqual(wanted);
  first.result.fill(1);
  const second = claim(store, 'k');
  if (second.state !== 'completed') throw new Error('not completed');
  expect([...second.result.subarray(0, 300)]).toEqual(wanted);
});

test('keys do not touch one another, whatever characters are in them', () => {
  const { store } = newStore();
  const keys = ['a', 'a:b', 'a\u0000b', '__proto__', 'constructor', 'ä', 'a\u0308', '', 'x'.repeat(10_000)];
  for (const key of keys) expect(claim(store, key)).toMatchObject({ state: 'claimed' });
  for (const key of keys) expect(claim(store, key)).toMatchObject({ state: 'in-flight' });
});

test('a key that is claimed anew among many expired ones is not deleted with them', async () => {
  const { store, clock } = newStore();
  for (let i = 0; i < 50; i++) {
    claim(store, `old${i}`);
    await clock.advance(1);
  }
  await clock.advance(LEASE_MS);
  claim(store, 'old49');
  for (let i = 0; i < 50; i++) claim(store, `new${i}`);
  expect(claim(store, 'old49')).toMatchObject({ state: 'in-flight' });
});

test.each<[string, (store: IdempotencyStore, token: string) => unknown]>([
  ['released', (store, token) => store.release('k', token)],
  ['renewed and not ended', (store, token) => store.renew('k', token, LEASE_MS)],
  ['completed and forgotten', (store, token) => store.complete('k', token, bytes('r'), LEASE_MS)],
])('a claim that was %s takes nothing from the next one of its key', async (_, end) => {
  const { store, clock } = newStore();
  end(store, tokenOf(claim(store, 'k')));
  await clock.advance(LEASE_MS);
  claim(store, 'k');
  for (let i = 0; i < 3; i++) claim(store, `other${i}`);
  expect(claim(store, 'k')).toMatchObject({ state: 'in-flight' });
});

test('when full, a lease that was renewed and ran out makes room', async () => {
  const { store, clock } = newStore(1);
  store.renew('k', tokenOf(claim(store, 'k')), LEASE_MS);
  await clock.advance(LEASE_MS);
  expect(claim(store, 'new')).toMatchObject({ state: 'claimed' });
});

test('when full, a short lease that ran out makes room, though a long one was claimed before it', async () => {
  const { store, clock } = newStore(2);
  claim(store, 'long');
  store.claim('short', { fingerprint: 'f', leaseMs: 1_000 });
  await clock.advance(1_000);
  expect(claim(store, 'new')).toMatchObject({ state: 'claimed' });
  expect(claim(store, 'long')).toMatchObject({ state: 'in-flight' });
});

test('when full, expired records go first', async () => {
  const { store, clock } = newStore(2);
  store.complete('old', tokenOf(claim(store, 'old')), bytes('r'), TTL_MS);
  claim(store, 'dead owner');
  await clock.advance(LEASE_MS);
  expect(claim(store, 'new')).toMatchObject({ state: 'claimed' });
  expect(claim(store, 'old')).toMatchObject({ state: 'completed' });
});

test('when full, then the oldest completed ones go, and those in flight never', () => {
  const { store } = newStore(3);
  claim(store, 'in flight');
  store.complete('older', tokenOf(claim(store, 'older')), bytes('r'), TTL_MS);
  store.complete('newer', tokenOf(claim(store, 'newer')), bytes('r'), TTL_MS + 1);
  expect(claim(store, 'one more')).toMatchObject({ state: 'claimed' });
  expect(claim(store, 'newer')).toMatchObject({ state: 'completed' });
  expect(claim(store, 'in flight')).toMatchObject({ state: 'in-flight' });
  expect(claim(store, 'older')).toMatchObject({ state: 'claimed' });
});

test('of the completed ones the next to expire goes, whichever was completed first', () => {
  const { store } = newStore(2);
  store.complete('kept', tokenOf(claim(store, 'kept')), bytes('r'), TTL_MS);
  store.complete('soon over', tokenOf(claim(store, 'soon over')), bytes('r'), 1_000);
  claim(store, 'one more');
  expect(claim(store, 'kept')).toMatchObject({ state: 'completed' });
});

test('when all are in flight, a claim is refused, so that nothing is sent twice', () => {
  const { store } = newStore(2);
  claim(store, 'a');
  const token = tokenOf(claim(store, 'b'));
  expect(() => claim(store, 'c')).toThrow(
    expect.objectContaining({ code: 'idempotency-store-failed', message: 'all 2 idempotency keys in memory are in flight' }),
  );
  expect(claim(store, 'a')).toMatchObject({ state: 'in-flight' });
  store.release('b', token);
  expect(claim(store, 'c')).toMatchObject({ state: 'claimed' });
});

test('no timer is left behind', () => {
  const { store, clock } = newStore();
  store.complete('k', tokenOf(claim(store, 'k')), bytes('r'), TTL_MS);
  claim(store, 'k2');
  expect(clock.timers).toBe(0);
});

test('a lease or a lifetime that is no positive duration is refused before anything changes', () => {
  const { store } = newStore();
  const refused = (message: string) => expect.objectContaining({ code: 'invalid-option', message });
  expect(() => store.claim('k', { fingerprint: 'f', leaseMs: 0 })).toThrow(
    refused('leaseMs must be a finite number above 0, got 0 (number)'),
  );
  expect(() => store.claim('k', { fingerprint: 'f' } as never)).toThrow(
    refused('leaseMs must be a finite number above 0, got undefined (undefined)'),
  );
  const token = tokenOf(claim(store, 'k'));
  expect(() => store.complete('k', token, bytes('r'), Number.NaN)).toThrow(
    refused('ttlMs must be a finite number above 0, got NaN (number)'),
  );
  expect(() => store.renew('k', token, -1)).toThrow(refused('leaseMs must be a finite number above 0, got -1 (number)'));
  expect(store.release('k', token)).toBe(true);
});

test.each([
  [{ maxKeys: 0 }, 'maxKeys must be an integer of at least 1, got 0 (number)'],
  [{ clock: {} as never }, 'clock must be an object with monotonic(), got [object Object] (object)'],
  [{ random: 4 as never }, 'random must be a function, got 4 (number)'],
  [{ ttlMs: 1 } as never, 'memoryIdempotencyStore has no option "ttlMs"; it has maxKeys, clock, random'],
])('%o is refused when it is built', (options, message) => {
  expect(() => memoryIdempotencyStore(options)).toThrow(expect.objectContaining({ code: 'invalid-option', message }));
});
