import { RecentMap } from '../../recent-map.js';
import type { RecipientEnds } from './recipient-ends.js';

const NONE: RecipientEnds = new Map();

/**
 * Remembers who was reached by mails that did not reach everybody, so that the next attempt asks the others alone. It knows as many
 * as it may, and forgets the oldest first: their recipients may then get the mail twice, under the same Message-ID.
 */
export class PartlySent {
  readonly #ends: RecentMap<RecipientEnds>;

  constructor(max: number) {
    this.#ends = new RecentMap(max);
  }

  of(key: string): RecipientEnds {
    return this.#ends.get(key) ?? NONE;
  }

  keep(key: string, ends: RecipientEnds): void {
    this.#ends.set(key, ends);
  }

  forget(key: string): void {
    this.#ends.delete(key);
  }
}
