import { systemClock } from '../clock.js';

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

/** What kind of object it is, whatever realm it was made in: Jest runs tests in one of their own, where `instanceof` finds nothing. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value);

/** What a call came to, which must be known within `limitMs`. */
export async function inTime<T>(call: () => T | Promise<T>, limitMs: number, why: string): Promise<T> {
  const ended = new AbortController();
  const late = systemClock.sleep(limitMs, ended.signal).then(() => fail(`${why}: no answer in ${limitMs} ms`));
  late.catch(() => {});
  try {
    return await Promise.race([(async () => call())(), late]);
  } finally {
    ended.abort();
  }
}

const LOOK_AGAIN_MS = 5;

/** Looks until it holds, for `limitMs` at most, and then says whether it does. */
export async function comesTrue(holds: () => boolean, limitMs: number): Promise<boolean> {
  const sinceMs = systemClock.monotonic();
  while (!holds()) {
    if (systemClock.monotonic() - sinceMs >= limitMs) return false;
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
  return true;
}
