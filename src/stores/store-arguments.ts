import { requiredNumber } from '../options.js';

/**
 * A key as text that any database tells from every other key. As UTF-8 all halves of a surrogate pair are one character, and some
 * texts may hold no NUL: JSON writes each by its number. It leaves most keys as they are, and a line break in a key does not break
 * an operator's listing.
 */
export function storedKey(key: string): string {
  return JSON.stringify(key).slice(1, -1);
}

/**
 * A lease or a lifetime in whole ms. Rounded up: a lease that is longer than its owner thinks does no harm.
 *
 * @throws RingbackError `invalid-option` when it is not a finite number above 0.
 */
export function wholeMs(name: string, ms: number): number {
  return Math.ceil(requiredNumber(name, ms, { above: 0, to: Number.MAX_SAFE_INTEGER }));
}
