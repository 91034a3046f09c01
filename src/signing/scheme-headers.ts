import { RingbackError } from '../errors.js';
import type { Signable } from './scheme.js';

/**
 * Refuses a callback with a header of its own that the scheme sends too, in whatever case: receivers would get it twice, and refuse
 * both. Throws `invalid-callback`.
 */
export function checkUntaken(headers: Signable['headers'], names: readonly string[]): void {
  for (const own in headers) {
    const name = own.toLowerCase();
    if (names.includes(name)) {
      throw new RingbackError('invalid-callback', `headers must not hold ${name}, which the signature scheme sends`);
    }
  }
}
