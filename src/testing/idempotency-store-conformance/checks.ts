import type { Claim } from '../../idempotency/store.js';

/** A case of a conformance suite that does not hold. Any runner shows its message. */
class ConformanceError extends Error {
  override readonly name: string = 'ConformanceError';
}

export function fail(why: string, options?: { readonly cause: unknown }): never {
  throw new ConformanceError(why, options);
}

export function check(holds: boolean, why: string): asserts holds {
  if (!holds) fail(why);
}

/** The token of a claim that must have won. */
export function wonToken(claim: Claim, why: string): string {
  check(claim.state === 'claimed', `${why}: the claim must win, but came to ${show(claim)}`);
  const { token } = claim;
  check(typeof token === 'string' && token !== '', `${why}: a token must be a string that is not empty, got ${typeof token}`);
  return token;
}

/** The claim must find the key held by one with this fingerprint. Gives what is left of the lease. */
export function heldForMs(claim: Claim, fingerprint: string, leaseMs: number, why: string): number {
  check(claim.state === 'in-flight', `${why}: the key must be in flight, but the claim came to ${show(claim)}`);
  checkFingerprint(claim.fingerprint, fingerprint, why);
  const { retryAfterMs } = claim;
  check(
    retryAfterMs > 0 && retryAfterMs <= leaseMs,
    `${why}: retryAfterMs must be above 0 and at most the lease of ${leaseMs}, got ${retryAfterMs}`,
  );
  return retryAfterMs;
}

/** The claim must find the key completed, with these bytes. */
export function replays(claim: Claim, fingerprint: string, result: Uint8Array, why: string): Uint8Array {
  check(claim.state === 'completed', `${why}: the key must be completed, but the claim came to ${show(claim)}`);
  checkFingerprint(claim.fingerprint, fingerprint, why);
  const kept = claim.result;
  check(kept instanceof Uint8Array, `${why}: the result must be a Uint8Array, got ${typeof kept}`);
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

/** The call must throw, at once or by its promise. */
export async function throws(call: () => unknown, why: string): Promise<void> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    check(error instanceof Error, `${why}: what is thrown must be an Error, got ${typeof error}`);
    return;
  }
  fail(`${why}: it must throw, but answered ${show(answer)}`);
}

function checkFingerprint(kept: unknown, wanted: string, why: string): void {
  check(kept === wanted, `${why}: the fingerprint must be ${JSON.stringify(wanted)}, got ${show(kept)}`);
}

function show(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  return 'state' in value ? String(value.state) : Object.prototype.toString.call(value);
}
