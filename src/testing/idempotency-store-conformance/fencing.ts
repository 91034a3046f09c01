import type { IdempotencyStore } from '../../idempotency/store.js';
import { check } from '../conformance-check.js';
import { answers, isHeld, replays, tellsFingerprint, wonToken } from './checks.js';
import { type Cases, claimed, LONG_MS, SHORT_MS, type StoreCase } from './store-case.js';

const LATE = Uint8Array.of(0xde, 0xad);
const MINE = Uint8Array.of(1, 2, 3);
/** Two writes at once may miss one another by chance. */
const ROUNDS = 10;

/** A key whose first lease ended and that another holds now. */
async function takenOver(given: StoreCase, store: IdempotencyStore): Promise<{ key: string; late: string; token: string }> {
  const key = given.newKey();
  const late = wonToken(await store.claim(key, { fingerprint: 'late', leaseMs: SHORT_MS }), 'a free key');
  await given.pass(SHORT_MS);
  const token = wonToken(await store.claim(key, { fingerprint: 'successor', leaseMs: LONG_MS }), 'a key whose lease ended');
  return { key, late, token };
}

/** Every write with this token must be refused. */
export async function writesNothing(store: IdempotencyStore, key: string, token: string, whose: string): Promise<void> {
  answers(await store.renew(key, token, LONG_MS), false, `renew by ${whose}`);
  answers(await store.complete(key, token, LATE, LONG_MS), false, `complete by ${whose}`);
  answers(await store.release(key, token), false, `release by ${whose}`);
}

/** Who may write a record. */
export const fencing: Cases = {
  'keeps a late owner from renewing, completing and releasing what its successor holds': async (given) => {
    const store = await given.open();
    const { key, late, token } = await takenOver(given, store);
    await writesNothing(store, key, late, 'a late owner');
    tellsFingerprint(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), 'successor', 'after a late owner');
    answers(await store.complete(key, token, MINE, LONG_MS), true, 'complete by the successor');
  },

  'keeps a late owner from changing what its successor completed': async (given) => {
    const store = await given.open();
    const { key, late, token } = await takenOver(given, store);
    answers(await store.complete(key, token, MINE, LONG_MS), true, 'complete by the successor');
    await writesNothing(store, key, late, 'a late owner');
    replays(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), MINE, 'after a late owner');
  },

  'keeps an owner that gave its key back from writing what the next claim holds': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const former = wonToken(await store.claim(key, { fingerprint: 'former', leaseMs: LONG_MS }), 'a free key');
    answers(await store.release(key, former), true, 'release by the owner');
    await writesNothing(store, key, former, 'an owner that gave the key back');
    wonToken(await store.claim(key, { fingerprint: 'next', leaseMs: LONG_MS }), 'a key that was given back');
    await writesNothing(store, key, former, 'the former owner');
    isHeld(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), 'after the former owner');
  },

  'takes no token but the one of the key': async (given) => {
    const store = await given.open();
    const [key, other] = [given.newKey(), given.newKey()];
    const token = await claimed(store, key);
    const foreign = await claimed(store, other);
    await writesNothing(store, key, foreign, 'the owner of another key');
    await writesNothing(store, key, '', 'nobody');
    await writesNothing(store, key, `${token} `, 'a token with a space behind it');
    answers(await store.complete(key, token, MINE, LONG_MS), true, 'complete by the owner');
  },

  'writes nothing to a key that nobody claimed': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    await writesNothing(store, key, 'made up', 'a made-up token');
    wonToken(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), 'the key after that');
  },

  'lets one of two writes that come at once decide: a key is completed or given back, and given back once': async (given) => {
    const [store, other] = [await given.open(), await given.open()];
    for (let round = 0; round < ROUNDS; round++) {
      const [key, twice] = [given.newKey(), given.newKey()];
      const token = await claimed(store, key);
      const [completed, released] = await Promise.all([store.complete(key, token, MINE, LONG_MS), other.release(key, token)]);
      check(
        completed !== released,
        `complete and release at once: one of them must win, but they answered ${completed}, ${released}`,
      );
      const found = await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS });
      if (completed) replays(found, MINE, 'after a complete that won against a release');
      else wonToken(found, 'after a release that won against a complete');

      const held = await claimed(store, twice);
      const both = await Promise.all([store.release(twice, held), other.release(twice, held)]);
      check(both[0] !== both[1], `two releases at once: one of them must win, but they answered ${both.join(', ')}`);
    }
  },

  'keeps one of two results that come at once, and keeps to it': async (given) => {
    const [store, other] = [await given.open(), await given.open()];
    for (let round = 0; round < ROUNDS; round++) {
      const key = given.newKey();
      const token = await claimed(store, key);
      await Promise.all([store.complete(key, token, MINE, LONG_MS), other.complete(key, token, LATE, LONG_MS)]);
      const found = await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS });
      const kept = found.state === 'completed' && found.result[0] === LATE[0] ? LATE : MINE;
      replays(found, kept, 'after two results at once');
      replays(await other.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), kept, 'asked again');
    }
  },

  'lets the token that completed a key neither renew nor release it': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = await claimed(store, key);
    answers(await store.complete(key, token, MINE, LONG_MS), true, 'complete by the owner');
    answers(await store.renew(key, token, SHORT_MS), false, 'a renewal that comes after completion');
    answers(await store.release(key, token), false, 'release of a completed key');
    await given.pass(SHORT_MS);
    replays(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), MINE, 'after both');
  },
};
