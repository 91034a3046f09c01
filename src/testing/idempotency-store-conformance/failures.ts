import { answers, isHeld, replays, throws, wonToken } from './checks.js';
import { writesNothing } from './fencing.js';
import { type Cases, type CreateStore, claimed, inTime, LONG_MS, SHORT_MS } from './store-case.js';

const RESULT = Uint8Array.of(1, 2, 3);
const ASKING = { fingerprint: 'asking', leaseMs: LONG_MS };
/** What is no duration. */
const NO_DURATIONS = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number];

/** What is left when something broke. */
export const failures: Cases = {
  'keeps the claim of a process that died before its effect until its lease ends, then gives it to the next': async (given) => {
    const [dying, next] = [await given.open(), await given.open()];
    const key = given.newKey();
    await claimed(dying, key);
    const soon = given.newKey();
    await claimed(dying, soon, SHORT_MS);
    await given.close(dying);
    isHeld(await next.claim(key, ASKING), 'after the death of its owner');
    await given.pass(SHORT_MS);
    const token = wonToken(await next.claim(soon, ASKING), 'once the lease of the dead has ended');
    answers(await next.complete(soon, token, RESULT, LONG_MS), true, 'complete by the next');
  },

  'fences a process that stopped between its effect and complete, and comes back after the next took over': async (given) => {
    const [stopped, next] = [await given.open(), await given.open()];
    const key = given.newKey();
    const late = await claimed(stopped, key, SHORT_MS);
    await given.pass(SHORT_MS);
    const token = wonToken(await next.claim(key, { fingerprint: 'f', leaseMs: LONG_MS }), 'once its lease has ended');
    answers(await stopped.complete(key, late, Uint8Array.of(9), LONG_MS), false, 'complete by the one that comes back');
    answers(await next.complete(key, token, RESULT, LONG_MS), true, 'complete by the next');
    await writesNothing(stopped, key, late, 'the one that comes back, later still');
    replays(await stopped.claim(key, ASKING), RESULT, 'what is left');
  },

  'has the result of a process that died right after complete': async (given) => {
    const dying = await given.open();
    const key = given.newKey();
    const token = await claimed(dying, key);
    answers(await dying.complete(key, token, RESULT, LONG_MS), true, 'complete');
    await given.close(dying);
    replays(await (await given.open()).claim(key, ASKING), RESULT, 'for the next process');
  },

  'lets complete be repeated when its answer was lost: true again, and nothing changes': async (given) => {
    const [store, again] = [await given.open(), await given.open()];
    const [key, soon] = [given.newKey(), given.newKey()];
    const token = await claimed(store, key);
    await store.complete(key, token, RESULT, LONG_MS);
    answers(await store.complete(key, token, RESULT, LONG_MS), true, 'complete, repeated');
    answers(await again.complete(key, token, Uint8Array.of(9), SHORT_MS), true, 'complete, repeated in another instance');
    const other = await claimed(store, soon);
    await store.complete(soon, other, RESULT, SHORT_MS);
    answers(await store.complete(soon, other, RESULT, LONG_MS), true, 'complete, repeated with a longer time');
    await given.pass(SHORT_MS);
    replays(await store.claim(key, ASKING), RESULT, 'the first result, after the time of the repetition');
    wonToken(await store.claim(soon, ASKING), 'after the time of the first completion');
  },

  'refuses a lease or a lifetime that is no time, and changes nothing then': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    for (const leaseMs of NO_DURATIONS) {
      await throws(() => store.claim(key, { fingerprint: 'f', leaseMs }), `claim with leaseMs ${leaseMs}`);
    }
    const token = wonToken(await store.claim(key, { fingerprint: 'f', leaseMs: LONG_MS + 0.5 }), 'a key that is still free');
    for (const durationMs of NO_DURATIONS) {
      await throws(() => store.renew(key, token, durationMs), `renew with leaseMs ${durationMs}`);
      await throws(() => store.complete(key, token, RESULT, durationMs), `complete with ttlMs ${durationMs}`);
    }
    isHeld(await store.claim(key, ASKING), 'after all of them');
    answers(await store.complete(key, token, RESULT, LONG_MS), true, 'complete by the owner');
  },
};

/** What a store says that can't reach its data. */
export const unreachable = (createBrokenStore: CreateStore): Cases => ({
  'throws from every method when it can’t reach its data: it claims nothing, and calls nothing lost': async (given) => {
    const store = await given.open();
    const { store: broken, close } = await createBrokenStore();
    try {
      const key = given.newKey();
      const token = await claimed(store, key);
      const calls: Readonly<Record<string, () => unknown>> = {
        claim: () => broken.claim(given.newKey(), { fingerprint: 'f', leaseMs: LONG_MS }),
        renew: () => broken.renew(key, token, LONG_MS),
        complete: () => broken.complete(key, token, RESULT, LONG_MS),
        release: () => broken.release(key, token),
      };
      for (const [name, call] of Object.entries(calls)) {
        await inTime(() => throws(call, `${name} without its data`), `${name} without its data`);
      }
      answers(await store.complete(key, token, RESULT, LONG_MS), true, 'complete by the owner, where the data are reached');
    } finally {
      await close?.();
    }
  },
});
