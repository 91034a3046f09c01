import type { Clock, TimerHandle } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { IdempotencyStore } from './store.js';

/** Asked at one third and at two thirds: one renewal may fail, and the next still comes in time. */
const RENEWALS_A_LEASE = 3;

/** A claim that the store gave. */
export interface ClaimedKey {
  readonly store: IdempotencyStore;
  readonly key: string;
  readonly token: string;
  readonly leaseMs: number;
  /** Monotonic ms at which the claim was asked for: the store's lease may have begun that early, however late it answered. */
  readonly askedAtMs: number;
  readonly clock: Clock;
}

/** A claim that is kept while its work runs. */
export interface Lease {
  /** Aborted when the claim is lost: another may hold the key now. What the work then writes is fenced by the token. */
  readonly signal: AbortSignal;
  /** Ends the renewing, not the claim: complete or release it. May be called more than once. */
  end(): void;
}

/**
 * Renews a claim every third of its lease, so that work longer than the lease keeps its key, and a process that dies gives it
 * up a lease later. The claim is lost when the store says so, or when no renewal got through for a whole lease: a store that
 * throws now and then is asked again. It keeps the process alive until `end`.
 */
export function holdLease(claim: ClaimedKey): Lease {
  return new RenewedLease(claim);
}

class RenewedLease implements Lease {
  readonly #claim: ClaimedKey;
  readonly #lost = new AbortController();
  /** Monotonic ms at which the claim, or the last renewal that got through, was asked for: the store's lease began no earlier. */
  #heldSinceMs: number;
  #timer: TimerHandle | undefined = undefined;
  #lastError: unknown = undefined;
  #ended = false;

  constructor(claim: ClaimedKey) {
    this.#claim = claim;
    this.#heldSinceMs = claim.askedAtMs;
    this.#wait(claim.askedAtMs);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  end(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.#claim.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** Until a third of a lease after `sinceMs`, or until the lease is over where that comes first. */
  #wait(sinceMs: number): void {
    const { clock, leaseMs } = this.#claim;
    const atMs = Math.min(sinceMs + leaseMs / RENEWALS_A_LEASE, this.#heldSinceMs + leaseMs);
    this.#timer = clock.setTimer(() => this.#tick(), Math.max(0, atMs - clock.monotonic()));
  }

  #tick(): void {
    const { clock, leaseMs } = this.#claim;
    const nowMs = clock.monotonic();
    if (nowMs - this.#heldSinceMs >= leaseMs) {
      this.#lose('no renewal of the idempotency lease got through in time');
      return;
    }
    // Armed first: a store that never answers must not keep the loss from being noticed.
    this.#wait(nowMs);
    void this.#ask(nowMs);
  }

  async #ask(sentAtMs: number): Promise<void> {
    const { store, key, token, leaseMs } = this.#claim;
    try {
      const isHeld = await store.renew(key, token, leaseMs);
      if (isHeld) this.#heldSinceMs = Math.max(this.#heldSinceMs, sentAtMs);
      else this.#lose('the idempotency lease ended and the key is no longer held');
    } catch (error) {
      this.#lastError = error;
    }
  }

  #lose(message: string): void {
    if (this.#ended) return;
    this.end();
    this.#lost.abort(new RingbackError('idempotency-store-failed', message, { cause: this.#lastError }));
  }
}
