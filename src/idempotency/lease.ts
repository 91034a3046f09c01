import type { Clock, TimerHandle } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { IdempotencyStore } from './store.js';

/** Asked at one third and at two thirds: one renewal may fail, and the next still comes in time. */
const RENEWALS_A_LEASE = 3;

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
export function holdLease(store: IdempotencyStore, key: string, token: string, leaseMs: number, clock: Clock): Lease {
  return new RenewedLease((renewMs) => store.renew(key, token, renewMs), leaseMs, clock);
}

class RenewedLease implements Lease {
  readonly #renew: (leaseMs: number) => boolean | Promise<boolean>;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  /**
   * Monotonic ms at which the last renewal that got through was sent: the store's lease began no earlier. Until the first one, when
   * the claim was answered: the store's lease is older by what that took, and the fence holds in between.
   */
  #heldSinceMs: number;
  #timer: TimerHandle | undefined = undefined;
  #lastError: unknown = undefined;
  #ended = false;

  constructor(renew: (leaseMs: number) => boolean | Promise<boolean>, leaseMs: number, clock: Clock) {
    this.#renew = renew;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#heldSinceMs = clock.monotonic();
    this.#wait();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  end(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#timer = this.#clock.setTimer(() => this.#tick(), this.#leaseMs / RENEWALS_A_LEASE);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#heldSinceMs >= this.#leaseMs) {
      this.#lose('no renewal of the idempotency lease got through in time');
      return;
    }
    // Armed first: a store that never answers must not keep the loss from being noticed.
    this.#wait();
    void this.#ask(nowMs);
  }

  async #ask(sentAtMs: number): Promise<void> {
    try {
      const isHeld = await this.#renew(this.#leaseMs);
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
