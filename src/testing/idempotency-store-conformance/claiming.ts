import type { Claim, IdempotencyStore } from '../../idempotency/store.js';
import { check } from '../conformance-check.js';
import { answers, isHeld, replays, tellsFingerprint, tellsWhatIsLeft, wonToken } from './checks.js';
import { type Cases, claimed, LONG_MS, SHORT_MS } from './store-case.js';

const AT_ONCE = 50;

/** Many claims of one key at the same moment, through two instances, each with a fingerprint of its own. */
async function claimAtOnce(stores: readonly [IdempotencyStore, IdempotencyStore], key: string): Promise<void> {
  const claims = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, index): Promise<Claim> => {
      const store = stores[index % 2 === 0 ? 0 : 1];
      return await store.claim(key, { fingerprint: `payload ${index}`, leaseMs: LONG_MS });
    }),
  );
  const winners = claims.flatMap((claim, index) => (claim.state === 'claimed' ? [index] : []));
  check(winners.length === 1, `of ${AT_ONCE} claims at once exactly one must win, got ${winners.length}`);
  claims.forEach((claim, index) => {
    if (index !== winners[0]) isHeld(claim, `claim ${index} of ${AT_ONCE} at once, which lost`);
  });
}

/** Who gets a key. */
export const claiming: Cases = {
  'has one winner among many claims at once, in two instances': async (given) => {
    const stores = [await given.open(), await given.open()] as const;
    for (let round = 0; round < 5; round++) await claimAtOnce(stores, given.newKey());
  },

  'lets exactly one of many take over an ended lease': async (given) => {
    const stores = [await given.open(), await given.open()] as const;
    const key = given.newKey();
    wonToken(await stores[0].claim(key, { fingerprint: 'dead', leaseMs: SHORT_MS }), 'a free key');
    await given.pass(SHORT_MS);
    await claimAtOnce(stores, key);
  },

  'gives each claim a token of its own': async (given) => {
    const store = await given.open();
    const tokens = new Set<string>();
    const again = given.newKey();
    for (let round = 0; round < 5; round++) {
      tokens.add(await claimed(store, given.newKey()));
      const token = wonToken(await store.claim(again, { fingerprint: 'f', leaseMs: LONG_MS }), 'a key that was given back');
      tokens.add(token);
      answers(await store.release(again, token), true, 'release by the owner');
    }
    check(tokens.size === 10, `10 claims must have 10 tokens, got ${tokens.size}`);
  },

  'tells what is left of the lease, which shrinks': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    await claimed(store, key);
    tellsWhatIsLeft(await store.claim(key, { fingerprint: 'f', leaseMs: 2 * LONG_MS }), LONG_MS, 'a second claim');
    await given.pass(SHORT_MS);
    tellsWhatIsLeft(await store.claim(key, { fingerprint: 'f', leaseMs: 2 * LONG_MS }), LONG_MS - SHORT_MS, 'a later claim');
  },

  'does not let another payload disturb the claim in flight: it learns whose fingerprint is kept': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = wonToken(await store.claim(key, { fingerprint: 'first', leaseMs: LONG_MS }), 'a free key');
    for (const why of ['another payload', 'another payload, again']) {
      tellsFingerprint(await store.claim(key, { fingerprint: 'second', leaseMs: LONG_MS }), 'first', why);
    }
    answers(await store.complete(key, token, Uint8Array.of(1), LONG_MS), true, 'complete by the owner');
  },

  'frees a key that is given back, for any payload': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = wonToken(await store.claim(key, { fingerprint: 'first', leaseMs: LONG_MS }), 'a free key');
    answers(await store.release(key, token), true, 'release by the owner');
    answers(await store.release(key, token), false, 'release of what was released');
    wonToken(await store.claim(key, { fingerprint: 'second', leaseMs: LONG_MS }), 'a key that was given back');
    tellsFingerprint(await store.claim(key, { fingerprint: 'third', leaseMs: LONG_MS }), 'second', 'the claim after it');
  },

  'shows two instances the same records, and takes a token in either': async (given) => {
    const [one, other] = [await given.open(), await given.open()];
    const key = given.newKey();
    const token = await claimed(one, key);
    isHeld(await other.claim(key, { fingerprint: 'g', leaseMs: LONG_MS }), 'a claim in the other instance');
    answers(await other.renew(key, token, LONG_MS), true, 'renew in the other instance');
    answers(await other.complete(key, token, Uint8Array.of(7), LONG_MS), true, 'complete in the other instance');
    replays(await one.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), Uint8Array.of(7), 'back in the first instance');
    const freed = given.newKey();
    const held = await claimed(other, freed);
    answers(await one.release(freed, held), true, 'release in the other instance');
    wonToken(await other.claim(freed, { fingerprint: 'f', leaseMs: LONG_MS }), 'a key that the other instance gave back');
  },
};
