import { systemClock } from '../../clock.js';
import { answers, isHeld, replays, tellsFingerprint, tellsThatIsLeft, tellsWhatIsLeft, wonToken } from './checks.js';
import { writesNothing } from './fencing.js';
import { type Cases, claimed, LONG_MS, SHORT_MS } from './store-case.js';
import { withWallClockOff } from './wall-clock.js';

const RESULT = Uint8Array.of(1, 2, 3);
const NEXT = { fingerprint: 'next', leaseMs: LONG_MS };
const NEXT_RESULT = Uint8Array.of(4, 5);
const ASKING = { fingerprint: 'asking', leaseMs: LONG_MS };
const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 10 * 365 * 24 * HOUR_MS;

/** When a record counts, and when it counts for nothing. */
export const expiry: Cases = {
  'holds a lease up to its end, and no longer': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const leaseMs = 2 * SHORT_MS;
    const sinceMs = systemClock.monotonic();
    await claimed(store, key, leaseMs);
    await given.passMostOf(leaseMs);
    await given.beforeEnd(sinceMs, leaseMs, async () => {
      isHeld(await store.claim(key, ASKING), 'before the lease ends');
    });
    await given.passRestOf(leaseMs);
    wonToken(await store.claim(key, ASKING), 'at the end of the lease');
  },

  'counts an ended lease for nothing before anybody takes the key, and before its record is deleted': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = await claimed(store, key, SHORT_MS);
    await given.pass(SHORT_MS);
    await writesNothing(store, key, token, 'an owner whose lease ended');
    wonToken(await store.claim(key, ASKING), 'a key whose lease ended');
  },

  'starts the lease anew by a renewal': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const leaseMs = 2 * SHORT_MS;
    const sinceMs = systemClock.monotonic();
    const token = await claimed(store, key, leaseMs);
    await given.beforeEnd(sinceMs, leaseMs, async () => {
      answers(await store.renew(key, token, LONG_MS), true, 'renew by the owner');
    });
    await given.pass(leaseMs);
    tellsWhatIsLeft(await store.claim(key, ASKING), LONG_MS - leaseMs, 'after the first lease, which was renewed');
    answers(await store.complete(key, token, RESULT, LONG_MS), true, 'complete within the renewed lease');
  },

  'shortens the lease by a renewal that is shorter': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = await claimed(store, key);
    answers(await store.renew(key, token, SHORT_MS), true, 'renew by the owner');
    await given.pass(SHORT_MS);
    wonToken(await store.claim(key, ASKING), 'after the shorter lease');
  },

  'keeps a result up to the end of its time, and no longer': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const ttlMs = 2 * SHORT_MS;
    const token = await claimed(store, key);
    const sinceMs = systemClock.monotonic();
    answers(await store.complete(key, token, RESULT, ttlMs), true, 'complete by the owner');
    await given.passMostOf(ttlMs);
    await given.beforeEnd(sinceMs, ttlMs, async () => {
      replays(await store.claim(key, ASKING), RESULT, 'before the time of the result is over');
    });
    await given.passRestOf(ttlMs);
    answers(await store.complete(key, token, RESULT, LONG_MS), false, 'complete again, after the time of the result');
    wonToken(await store.claim(key, ASKING), 'after the time of the result, which is shorter than the lease was');
  },

  'keeps nothing of a result whose time is over: whoever takes the key next holds it, and keeps a result of its own': async (
    given,
  ) => {
    const store = await given.open();
    const key = given.newKey();
    answers(await store.complete(key, await claimed(store, key), RESULT, SHORT_MS), true, 'complete by the owner');
    await given.pass(SHORT_MS);
    const token = wonToken(await store.claim(key, NEXT), 'after the time of the result');
    const found = await store.claim(key, ASKING);
    isHeld(found, 'while the next owner works');
    tellsFingerprint(found, NEXT.fingerprint, 'while the next owner works');
    answers(await store.complete(key, token, NEXT_RESULT, LONG_MS), true, 'complete by the next owner');
    replays(await store.claim(key, ASKING), NEXT_RESULT, 'after the next owner');
  },

  'holds a lease of ten years, which a callback URL or a long schedule may ask for': async (given) => {
    const store = await given.open();
    const [key, renewed] = [given.newKey(), given.newKey()];
    await claimed(store, key, TEN_YEARS_MS);
    answers(await store.renew(renewed, await claimed(store, renewed), TEN_YEARS_MS), true, 'renew for ten years');
    await given.pass(SHORT_MS);
    for (const [held, why] of [
      [key, 'claimed for ten years'],
      [renewed, 'renewed for ten years'],
    ] as const) {
      tellsThatIsLeft(await store.claim(held, ASKING), TEN_YEARS_MS / 2, why);
    }
  },

  'keeps a result longer than the lease under which it was made': async (given) => {
    const store = await given.open();
    const [key, forLong] = [given.newKey(), given.newKey()];
    const leaseMs = 2 * SHORT_MS;
    const sinceMs = systemClock.monotonic();
    const token = await claimed(store, key, leaseMs);
    const other = await claimed(store, forLong, leaseMs);
    await given.beforeEnd(sinceMs, leaseMs, async () => {
      answers(await store.complete(key, token, RESULT, LONG_MS + 0.5), true, 'complete, for a time with half a ms');
      answers(await store.complete(forLong, other, RESULT, TEN_YEARS_MS), true, 'complete, for ten years');
    });
    await given.pass(leaseMs);
    replays(await store.claim(key, ASKING), RESULT, 'after the lease');
    replays(await store.claim(forLong, ASKING), RESULT, 'after the lease, kept for ten years');
  },

  'goes by one clock for all: a client whose wall clock is wrong changes nothing': async (given) => {
    const [store, wrong] = [await given.open(), await given.open()];
    const [held, ahead, behind, kept] = [given.newKey(), given.newKey(), given.newKey(), given.newKey()];
    await claimed(store, held);
    const token = await claimed(store, kept);
    await withWallClockOff(HOUR_MS, async () => {
      isHeld(await wrong.claim(held, ASKING), 'asked by a client an hour ahead');
      wonToken(await wrong.claim(ahead, { fingerprint: 'f', leaseMs: SHORT_MS }), 'a free key, claimed an hour ahead');
      answers(await wrong.complete(kept, token, RESULT, SHORT_MS), true, 'complete by a client an hour ahead');
    });
    await withWallClockOff(-HOUR_MS, async () => {
      isHeld(await wrong.claim(held, ASKING), 'asked by a client an hour behind');
      wonToken(await wrong.claim(behind, { fingerprint: 'f', leaseMs: LONG_MS }), 'a free key, claimed an hour behind');
    });
    isHeld(await store.claim(behind, ASKING), 'what a client an hour behind claimed');
    await given.pass(SHORT_MS);
    wonToken(await store.claim(ahead, ASKING), 'the ended lease of a client an hour ahead');
    wonToken(await store.claim(kept, ASKING), 'the ended result of a client an hour ahead');
  },
};
