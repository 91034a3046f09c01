import type { Receipt } from '../callback.js';
import { isRingbackError, RingbackError } from '../errors.js';
import { type ClaimedKey, holdLease, type Lease } from '../idempotency/lease.js';
import type { Logger } from '../logger.js';
import { isPromiseLike } from '../time-limit.js';
import { DeliveryError } from './delivery-error.js';
import { waitFor } from './patience.js';
import { encodeReceipt } from './receipt-codec.js';

/** A claim that the store gave, and how to end it. */
export interface HeldClaim extends ClaimedKey {
  readonly ttlMs: number;
  readonly answerMs: number;
  readonly logger: Logger;
}

/**
 * One callback of this process that holds an idempotency key; the others with the key wait on its two promises. Neither is an
 * unhandled rejection when nobody joined.
 */
export class Holding {
  readonly id: string;
  readonly key: string;
  readonly fingerprint: string;
  /** The id under which the callback is accepted: it is in the outbox, or was delivered. Undefined: it is not, take your own turn. */
  readonly accepted: Promise<string | undefined>;
  /** The receipt, or the error of the delivery. Undefined: its caller gave up before an end, take your own turn. */
  readonly ended: Promise<Receipt | undefined>;
  private readonly accept: (id: string | undefined) => void;
  private readonly refuse: (error: unknown) => void;
  private readonly settle: (receipt: Receipt | undefined) => void;
  private readonly fail: (error: unknown) => void;
  private readonly leave: () => void;
  private claim: HeldClaim | undefined = undefined;
  private lease: Lease | undefined = undefined;
  private isStored = false;

  constructor(id: string, key: string, fingerprint: string, leave: () => void) {
    const accepted = Promise.withResolvers<string | undefined>();
    const ended = Promise.withResolvers<Receipt | undefined>();
    accepted.promise.catch(() => {});
    ended.promise.catch(() => {});
    this.id = id;
    this.key = key;
    this.fingerprint = fingerprint;
    this.accepted = accepted.promise;
    this.ended = ended.promise;
    this.accept = accepted.resolve;
    this.refuse = accepted.reject;
    this.settle = ended.resolve;
    this.fail = ended.reject;
    this.leave = leave;
  }

  /** Aborted when the lease is lost: another process may hold the key now. */
  get lost(): AbortSignal | undefined {
    return this.lease?.signal;
  }

  claimed(claim: HeldClaim): void {
    this.claim = claim;
    this.lease = holdLease(claim);
  }

  /** It is in the outbox: from now on no caller's impatience ends it, only its own end or a cancel by its id. */
  stored(): void {
    this.isStored = true;
    this.accept(this.id);
  }

  delivered(receipt: Receipt): void {
    this.leave();
    this.accept(receipt.id);
    this.settle(receipt);
  }

  /** Who joined shares the end of a delivery, but not the impatience of its caller. */
  failed(error: unknown): void {
    this.leave();
    const isDelivery = error instanceof DeliveryError;
    const isCancelled = isDelivery ? error.why === 'cancelled' : isRingbackError(error, 'cancelled');
    const isImpatience = isCancelled && !this.isStored;
    if (isDelivery || isImpatience) this.accept(undefined);
    else this.refuse(error);
    // That a key is held elsewhere is no end: `enqueue` does not wait for it, a `deliver` that joined does.
    if (isImpatience || isRingbackError(error, 'idempotency-in-flight')) this.settle(undefined);
    else this.fail(error);
  }

  async end(receipt: Receipt | undefined, error: unknown): Promise<void> {
    this.lease?.end();
    await this.tellStore(receipt);
    if (receipt !== undefined) this.delivered(receipt);
    else this.failed(error);
  }

  /** What was delivered stays delivered, and what failed stays failed, whatever the store says to it now. */
  private async tellStore(receipt: Receipt | undefined): Promise<void> {
    const { claim } = this;
    if (claim === undefined) return;
    const { store, key, token, clock, answerMs, logger } = claim;
    const fields = { id: this.id, delivered: receipt !== undefined };
    try {
      const told = receipt === undefined ? store.release(key, token) : complete(claim, encodeReceipt(receipt));
      const late = (): RingbackError =>
        new RingbackError('idempotency-store-failed', `the idempotency store did not answer in ${answerMs} ms`);
      const kept = isPromiseLike(told) ? await waitFor(told, { clock, timeoutMs: answerMs, signal: undefined, late }) : told;
      if (!kept) logger.warn(fields, 'an idempotency lease was lost before its delivery ended');
    } catch (cause) {
      logger.error({ ...fields, error: cause }, 'the idempotency store failed after a delivery ended');
    }
  }
}

/** It may be repeated, so a store that throws, whose answer may only have been lost, is told once more. */
function complete({ store, key, token, ttlMs }: HeldClaim, result: Uint8Array): boolean | Promise<boolean> {
  const tell = (): boolean | Promise<boolean> => store.complete(key, token, result, ttlMs);
  try {
    const told = tell();
    return isPromiseLike(told) ? Promise.resolve(told).catch(tell) : told;
  } catch {
    return tell();
  }
}
