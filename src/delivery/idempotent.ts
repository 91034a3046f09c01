import type { Delivery, Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { holdLease } from '../idempotency/lease.js';
import type { Claim, IdempotencyStore } from '../idempotency/store.js';
import type { Logger } from '../logger.js';
import { decodeReceipt, encodeReceipt } from './receipt-codec.js';

/** How often another process's claim is looked at again. */
const LOOK_AGAIN_MS = 1_000;

/** A delivery of this process that holds its key. */
export interface Holder {
  readonly id: string;
  readonly fingerprint: string;
  /** Settles when the delivery has ended. */
  readonly receipt: Promise<Receipt>;
}

/** What a key came to: this caller is to deliver, another in this process does, or it was done before. */
export type Turn =
  | { readonly state: 'ours'; readonly end: (receipt: Receipt | undefined, error?: unknown) => Promise<void> }
  | { readonly state: 'joined'; readonly holder: Holder }
  | { readonly state: 'done'; readonly receipt: Receipt };

/** Keys over a store: one delivery per key and payload, joined while it runs, replayed when it is done. */
export class IdempotentDeliveries {
  private readonly store: IdempotencyStore;
  private readonly leaseMs: number;
  private readonly ttlMs: number;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly holders = new Map<string, Holder>();

  constructor(store: IdempotencyStore, leaseMs: number, ttlMs: number, clock: Clock, logger: Logger) {
    this.store = store;
    this.leaseMs = leaseMs;
    this.ttlMs = ttlMs;
    this.clock = clock;
    this.logger = logger;
  }

  /**
   * Takes a turn at a key. `waitMs` is how long another process's claim is waited for.
   *
   * @throws RingbackError `idempotency-mismatch`, `idempotency-in-flight`, `idempotency-store-failed`, or the signal's reason.
   */
  async take(key: string, delivery: Delivery, fingerprint: string, waitMs: number, signal?: AbortSignal): Promise<Turn> {
    const holder = this.holders.get(key);
    if (holder !== undefined) {
      if (holder.fingerprint !== fingerprint) throw mismatch();
      return { state: 'joined', holder };
    }
    // Held before the store answers: a second call of this process must join, not race.
    const held = this.hold(key, delivery.id, fingerprint);
    try {
      const claim = await this.claim(key, fingerprint, waitMs, signal);
      if (claim.state === 'claimed') return { state: 'ours', end: this.lease(key, claim.token, held) };
      const receipt = decodeReceipt(claim.result);
      held.settle(receipt);
      return { state: 'done', receipt };
    } catch (error) {
      held.fail(error);
      throw error;
    }
  }

  private async claim(
    key: string,
    fingerprint: string,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Exclude<Claim, { state: 'in-flight' }>> {
    const untilMs = this.clock.monotonic() + waitMs;
    for (;;) {
      const claim = await this.ask(key, fingerprint);
      if (claim.state !== 'claimed' && claim.fingerprint !== fingerprint) throw mismatch();
      if (claim.state !== 'in-flight') return claim;
      const leftMs = untilMs - this.clock.monotonic();
      const pauseMs = Math.min(LOOK_AGAIN_MS, Math.max(1, claim.retryAfterMs));
      if (pauseMs > leftMs) {
        throw new RingbackError(
          'idempotency-in-flight',
          `another process holds this idempotency key for ${Math.ceil(claim.retryAfterMs)} ms at the most; try again then`,
        );
      }
      await this.clock.sleep(pauseMs, signal);
    }
  }

  private async ask(key: string, fingerprint: string): Promise<Claim> {
    try {
      return await this.store.claim(key, { fingerprint, leaseMs: this.leaseMs });
    } catch (cause) {
      throw new RingbackError('idempotency-store-failed', 'the idempotency store could not claim the key, so nothing was sent', {
        cause,
      });
    }
  }

  private hold(key: string, id: string, fingerprint: string): { settle: (r: Receipt) => void; fail: (e: unknown) => void } {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    // Nobody need join: an end that nobody waits for is no unhandled rejection.
    promise.catch(() => {});
    this.holders.set(key, { id, fingerprint, receipt: promise });
    return {
      settle: (receipt) => {
        this.holders.delete(key);
        resolve(receipt);
      },
      fail: (error) => {
        this.holders.delete(key);
        reject(error);
      },
    };
  }

  private lease(
    key: string,
    token: string,
    held: { settle: (r: Receipt) => void; fail: (e: unknown) => void },
  ): (receipt: Receipt | undefined, error?: unknown) => Promise<void> {
    const lease = holdLease(this.store, key, token, this.leaseMs, this.clock);
    return async (receipt, error) => {
      lease.end();
      try {
        const kept =
          receipt === undefined
            ? await this.store.release(key, token)
            : await this.store.complete(key, token, encodeReceipt(receipt), this.ttlMs);
        if (!kept)
          this.logger.warn({ delivered: receipt !== undefined }, 'an idempotency lease was lost before its delivery ended');
      } catch (cause) {
        this.logger.error(
          { error: cause, delivered: receipt !== undefined },
          'the idempotency store failed after a delivery ended',
        );
      }
      if (receipt === undefined) held.fail(error);
      else held.settle(receipt);
    };
  }
}

function mismatch(): RingbackError {
  return new RingbackError('idempotency-mismatch', 'the idempotency key was used before with another payload (string)');
}
