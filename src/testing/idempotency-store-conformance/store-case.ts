import { systemClock } from '../../clock.js';
import type { IdempotencyStore } from '../../idempotency/store.js';
import { randomId, systemRandom } from '../../random.js';
import { inTime as answered, fail } from '../conformance-check.js';
import { wonToken } from './checks.js';

/** One opened instance of the store under test. */
export interface StoreUnderTest {
  readonly store: IdempotencyStore;
  /** Closes what was opened for this instance. Called once, when the instance is done with. */
  close?(): unknown;
}

/** Opens an instance. */
export type CreateStore = () => StoreUnderTest | Promise<StoreUnderTest>;

/** Names of cases, and what they do. */
export type Cases = Readonly<Record<string, (given: StoreCase) => Promise<void>>>;

/** A lease or lifetime that no case outlasts. */
export const LONG_MS = 60_000;
/** One that a case waits for. It is no whole second: a store that rounds to seconds cuts it to nothing, or doubles it. */
export const SHORT_MS = 300;
/** Where time really passes: what is waited beyond the end, for timers and clocks that are not exact. */
const MARGIN_MS = 100;
/** A store that can't reach its database must say so by then. */
const ANSWER_MS = 2_000;

/** What a case works with: instances over the same data, keys of its own, and time. */
export class StoreCase {
  readonly #createStore: CreateStore;
  readonly #advance: ((durationMs: number) => unknown) | undefined;
  readonly #opened: StoreUnderTest[] = [];

  constructor(createStore: CreateStore, advance: ((durationMs: number) => unknown) | undefined) {
    this.#createStore = createStore;
    this.#advance = advance;
  }

  /** One more instance over the same data. */
  async open(): Promise<IdempotencyStore> {
    const opened = await this.#createStore();
    this.#opened.push(opened);
    return opened.store;
  }

  /** Closes one instance, as the end of its process would: it gives nothing back. */
  async close(store: IdempotencyStore): Promise<void> {
    const index = this.#opened.findIndex((opened) => opened.store === store);
    const [opened] = index < 0 ? [] : this.#opened.splice(index, 1);
    await opened?.close?.();
  }

  async closeAll(): Promise<void> {
    while (this.#opened.length > 0) await this.#opened.pop()?.close?.();
  }

  /** A key that no other case and no earlier run has used. */
  newKey(): string {
    return randomId('conformance-', systemRandom);
  }

  /** Lets this time pass: by `advance` to the millisecond, else really, and a little more. */
  async pass(durationMs: number): Promise<void> {
    if (this.#advance === undefined) await systemClock.sleep(durationMs + MARGIN_MS);
    else await this.#advance(durationMs);
  }

  /** Lets most of this time pass: all but a ms where time is moved, half of it where it really passes. */
  async passMostOf(durationMs: number): Promise<void> {
    if (this.#advance === undefined) await systemClock.sleep(durationMs / 2);
    else await this.#advance(durationMs - 1);
  }

  /** Lets the rest of it pass. */
  async passRestOf(durationMs: number): Promise<void> {
    if (this.#advance === undefined) await this.pass(durationMs / 2);
    else await this.#advance(1);
  }

  /** Runs a look at what has not ended yet. Where time really passes, a slow machine may come too late for it: then this says so. */
  async beforeEnd(sinceMs: number, durationMs: number, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (cause) {
      const tookMs = systemClock.monotonic() - sinceMs;
      if (this.#advance !== undefined || tookMs < durationMs) throw cause;
      fail(`a look within ${durationMs} ms came after ${Math.round(tookMs)}: hand in advance, or run less beside this`, {
        cause,
      });
    }
  }
}

/** Claims a key that must be free. Gives the token. */
export async function claimed(store: IdempotencyStore, key: string, leaseMs: number = LONG_MS): Promise<string> {
  return wonToken(await store.claim(key, { fingerprint: 'f', leaseMs }), 'a free key');
}

/** What a call came to, which must be known in time. */
export const inTime = <T>(call: () => T | Promise<T>, why: string): Promise<T> => answered(call, ANSWER_MS, why);
