import type { Claim } from '../../idempotency/store.js';
import { check, fail, tagOf } from '../conformance-check.js';

/** The token of a claim that must have won. */
export function wonToken(claim: Claim, why: string): string {
  check(claim.state === 'claimed', `${why}: the claim must win, but came to ${show(claim)}`);
  const { token } = claim;
  check(typeof token === 'string' && token !== '', `${why}: a token must be a string that is not empty, got ${typeof token}`);
  return token;
}

/** The claim must find the key held by another. */
export function isHeld(claim: Claim, why: string): void {
  check(claim.state === 'in-flight', `${why}: the key must be in flight, but the claim came to ${show(claim)}`);
}

/** The claim must be told what is left of another's lease. */
export function tellsWhatIsLeft(claim: Claim, atMostMs: number, why: string): void {
  check(claim.state === 'in-flight', `${why}: the key must be in flight, but the claim came to ${show(claim)}`);
  const { retryAfterMs } = claim;
  const fits = retryAfterMs > 0 && retryAfterMs <= atMostMs;
  check(fits, `${why}: retryAfterMs must be above 0 and at most ${atMostMs}, got ${show(retryAfterMs)}`);
}

/** The claim must be told that so much is left of another's lease, at least. */
export function tellsThatIsLeft(claim: Claim, atLeastMs: number, why: string): void {
  check(claim.state === 'in-flight', `${why}: the key must be in flight, but the claim came to ${show(claim)}`);
  const { retryAfterMs } = claim;
  check(retryAfterMs >= atLeastMs, `${why}: retryAfterMs must be at least ${atLeastMs}, got ${show(retryAfterMs)}`);
}

/** The claim must be told the fingerprint that is kept with the key. */
export function tellsFingerprint(claim: Claim, wanted: string, why: string): void {
  check(claim.state !== 'claimed', `${why}: the key must be taken, but the claim won`);
  const { fingerprint } = claim;
  check(fingerprint === wanted, `${why}: the fingerprint must be ${show(wanted)}, got ${show(fingerprint)}`);
}

/** The claim must find the key completed, with these bytes. Gives those that the store gave. */
export function replays(claim: Claim, result: Uint8Array, why: string): Uint8Array {
  check(claim.state === 'completed', `${why}: the key must be completed, but the claim came to ${show(claim)}`);
  const { result: kept } = claim;
  check(tagOf(kept) === '[object Uint8Array]', `${why}: the result must be a Uint8Array, got ${show(kept)}`);
  check(kept.length === result.length, `${why}: the result must have ${result.length} bytes, got ${kept.length}`);
  const differs = result.findIndex((byte, index) => byte !== kept[index]);
  check(
    differs < 0,
    `${why}: the result must be kept byte for byte, but byte ${differs} is ${kept[differs]}, not ${result[differs]}`,
  );
  return kept;
}

/** The answer to a write must be exactly this. */
export function answers(answer: boolean, wanted: boolean, why: string): void {
  check(answer === wanted, `${why}: it must answer ${wanted}, got ${show(answer)}`);
}

export function isError(thrown: unknown, why: string): void {
  check(tagOf(thrown) === '[object Error]', `${why}: what is thrown must be an Error, got ${show(thrown)}`);
}

/** The call must throw, at once or by its promise. */
export async function throws(call: () => unknown, why: string): Promise<void> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    isError(error, why);
    return;
  }
  fail(`${why}: it must throw, but answered ${show(answer)}`);
}

function show(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  return 'state' in value ? String(value.state) : tagOf(value);
}
