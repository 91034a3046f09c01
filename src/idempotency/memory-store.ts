import { type Clock, systemClock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { Heap, type HeapItem } from '../heap.js';
import { checkNames, contractOption, functionOption, numberOption, requiredNumber } from '../options.js';
import { type Random, randomId, systemRandom } from '../random.js';
import type { Claim, ClaimRequest, IdempotencyStore } from './store.js';

/** Settings of {@link memoryIdempotencyStore}. */
export interface MemoryIdempotencyStoreOptions {
  /** Keys kept at once, in flight and completed. Default 100,000. */
  readonly maxKeys?: number;
  /** Default: the system's. `createRingback` hands its own to the store it makes. */
  readonly clock?: Clock;
  /** What tokens are drawn from. Default: the platform's cryptographic generator. */
  readonly random?: Random;
}

/** Expired records that one call deletes at most: the work of a call is bounded, and more are deleted than come in. */
const PRUNED_A_CALL = 8;

/** In flight while `result` is undefined. It is in the heap of its state, by the time at which it counts for nothing. */
interface KeyRecord extends HeapItem {
  readonly key: string;
  readonly fingerprint: string;
  readonly token: string;
  /** Monotonic ms: the lease's end, or the completed result's. From then on the record is as good as deleted. */
  expiresAtMs: number;
  result: Uint8Array | undefined;
}

const expiresFirst = (a: KeyRecord, b: KeyRecord): boolean => a.expiresAtMs < b.expiresAtMs;

/**
 * Idempotency keys in this process's memory: the default of `createRingback`. Use it where one process delivers, and a
 * repetition after a restart does no harm; several processes share a store of their own.
 *
 * It is bounded. At `maxKeys`, expired records go first, then completed ones, the next to expire first (with one `ttlMs` for
 * all, that is the oldest); a key in flight never goes. When all are in flight, a claim throws, so that nothing is sent twice.
 * There is no interval timer: each claim deletes a few expired records on its way.
 *
 * @throws RingbackError `invalid-option` for an unknown option or one out of range; by `claim`, `idempotency-store-failed`
 *   when every key is in flight.
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from 'ringback';
 *
 * const store = memoryIdempotencyStore({ maxKeys: 10_000 });
 * const claim = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * if (claim.state === 'claimed') await store.complete('in_42-paid', claim.token, new Uint8Array([1]), 86_400_000);
 * const again = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * console.log(again.state); // completed
 * ```
 */
export function memoryIdempotencyStore(options: MemoryIdempotencyStoreOptions = {}): IdempotencyStore {
  checkNames('memoryIdempotencyStore', options, ['maxKeys', 'clock', 'random']);
  return new MemoryIdempotencyStore(
    numberOption('maxKeys', options.maxKeys, 100_000, { from: 1, integer: true }),
    contractOption('clock', options.clock ?? systemClock, ['monotonic']),
    functionOption('random', options.random, systemRandom),
  );
}

class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #maxKeys: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #records = new Map<string, KeyRecord>();
  readonly #inFlight = new Heap(expiresFirst);
  readonly #completed = new Heap(expiresFirst);

  constructor(maxKeys: number, clock: Clock, random: Random) {
    this.#maxKeys = maxKeys;
    this.#clock = clock;
    this.#random = random;
  }

  claim(key: string, { fingerprint, leaseMs }: ClaimRequest): Claim {
    const nowMs = this.#clock.monotonic();
    const expiresAtMs = nowMs + checkedMs('leaseMs', leaseMs);
    const record = this.#live(key, nowMs);
    if (record?.result !== undefined) {
      return { state: 'completed', fingerprint: record.fingerprint, result: new Uint8Array(record.result) };
    }
    if (record !== undefined) {
      return { state: 'in-flight', fingerprint: record.fingerprint, retryAfterMs: record.expiresAtMs - nowMs };
    }
    this.#makeRoom(key, nowMs);
    const token = randomId('claim_', this.#random);
    const claimed: KeyRecord = { key, fingerprint, token, expiresAtMs, result: undefined, heapIndex: -1 };
    this.#records.set(key, claimed);
    this.#inFlight.push(claimed);
    return { state: 'claimed', token };
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    const nowMs = this.#clock.monotonic();
    const expiresAtMs = nowMs + checkedMs('leaseMs', leaseMs);
    const record = this.#claimedBy(token, key, nowMs);
    if (record === undefined || record.result !== undefined) return false;
    this.#inFlight.remove(record);
    record.expiresAtMs = expiresAtMs;
    this.#inFlight.push(record);
    return true;
  }

  complete(key: string, token: string, result: Uint8Array, ttlMs: number): boolean {
    const nowMs = this.#clock.monotonic();
    const expiresAtMs = nowMs + checkedMs('ttlMs', ttlMs);
    const record = this.#claimedBy(token, key, nowMs);
    if (record === undefined) return false;
    if (record.result !== undefined) return true;
    this.#inFlight.remove(record);
    record.expiresAtMs = expiresAtMs;
    record.result = new Uint8Array(result);
    this.#completed.push(record);
    return true;
  }

  release(key: string, token: string): boolean {
    const record = this.#claimedBy(token, key, this.#clock.monotonic());
    if (record === undefined || record.result !== undefined) return false;
    this.#delete(record);
    return true;
  }

  /** The record of a key, unless its time is over: that comes before its deletion. */
  #live(key: string, nowMs: number): KeyRecord | undefined {
    const record = this.#records.get(key);
    return record !== undefined && record.expiresAtMs > nowMs ? record : undefined;
  }

  /** The record of a key, if the claim that made it gave this token. */
  #claimedBy(token: string, key: string, nowMs: number): KeyRecord | undefined {
    const record = this.#live(key, nowMs);
    return record?.token === token ? record : undefined;
  }

  #makeRoom(key: string, nowMs: number): void {
    const expired = this.#records.get(key);
    if (expired !== undefined) this.#delete(expired);
    for (const heap of [this.#inFlight, this.#completed]) {
      for (let pruned = 0; pruned < PRUNED_A_CALL; pruned++) {
        const first = heap.peek();
        if (first === undefined || first.expiresAtMs > nowMs) break;
        this.#delete(first);
      }
    }
    if (this.#records.size < this.#maxKeys) return;
    const oldest = this.#completed.peek();
    if (oldest === undefined) {
      throw new RingbackError('idempotency-store-failed', `all ${this.#maxKeys} idempotency keys in memory are in flight`);
    }
    this.#delete(oldest);
  }

  #delete(record: KeyRecord): void {
    this.#records.delete(record.key);
    (record.result === undefined ? this.#inFlight : this.#completed).remove(record);
  }
}

const checkedMs = (name: string, ms: number): number => requiredNumber(name, ms, { above: 0 });
