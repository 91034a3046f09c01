import { Chain, type Link } from './chain.js';

interface Kept<Value> extends Link<Kept<Value>> {
  readonly key: string;
  readonly value: Value;
}

/**
 * A map of at most `max` keys in the order in which they were set, the one set longest ago first; at the bound that one goes.
 *
 * The order stands in a chain of its own. A `Map` has one too, but deleted places stay in it until it is copied, so asking a map
 * of 10,000 for its first key, each time that one has gone, walks over thousands of them.
 */
export class RecentMap<Value> {
  readonly #max: number;
  readonly #byKey = new Map<string, Kept<Value>>();
  readonly #byAge = new Chain<Kept<Value>>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byAge.size;
  }

  get(key: string): Value | undefined {
    return this.#byKey.get(key)?.value;
  }

  /** It is the youngest from now on, whether or not it was there. */
  set(key: string, value: Value): void {
    this.delete(key);
    const oldest = this.#byAge.first;
    if (oldest !== undefined && this.size >= this.#max) this.delete(oldest.key);
    const kept: Kept<Value> = { key, value, before: undefined, after: undefined };
    this.#byKey.set(key, kept);
    this.#byAge.push(kept);
  }

  delete(key: string): void {
    const kept = this.#byKey.get(key);
    if (kept === undefined) return;
    this.#byKey.delete(key);
    this.#byAge.remove(kept);
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<[key: string, value: Value], void, undefined> {
    for (let kept = this.#byAge.first; kept !== undefined; kept = kept.after) yield [kept.key, kept.value];
  }
}
