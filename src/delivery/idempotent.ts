import type { Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { Claim, IdempotencyStore } from '../idempotency/store.js';
import type { Logger } from '../logger.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import { isPromiseLike } from '../time-limit.js';
import { Holding } from './holding.js';
import { abortError, pause, waitFor } from './patience.js';
import { decodeReceipt } from './receipt-codec.js';

/** How often another process's claim is looked at again, at most. */
const LOOK_AGAIN_MS = 1_000;
/** A store that has not answered by then counts as one that failed. */
const STORE_ANSWER_MS = 10_000;

/** What keys are kept with. */
export interface KeySettings {
  readonly store: IdempotencyStore;
  readonly leaseMs: number;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who asks for a turn at a key. */
export interface KeyRequest {
  readonly key: string;
  /** The id of the callback that is to be delivered. */
  readonly id: string;
  readonly fingerprint: string;
  /** How long the store may take to answer. */
  readonly answerMs: number;
  /** How long another process's claim is waited for. */
  readonly waitMs: number;
  readonly signal: CancelSignal | undefined;
}

/** What a key came to: this caller is to deliver, another in this process does, or it was done before. */
export type Turn =
  | { readonly state: 'ours'; readonly holding: Holding }
  | { readonly state: 'joined'; readonly holding: Holding }
  | { readonly state: 'done'; readonly receipt: Receipt };

/** A claim that came to something, and when it was asked for, in monotonic ms. */
interface AnsweredClaim {
  readonly claim: Exclude<Claim, { state: 'in-flight' }>;
  readonly askedAtMs: number;
}

/**
 * Keys over a store: one delivery per key and payload, joined while it runs, replayed when it is done. The store is the user's:
 * it may throw, hang or lie, and then nothing is sent.
 */
export class IdempotentDeliveries {
  private readonly settings: KeySettings;
  private readonly holdings = new Map<string, Holding>();
  private readonly ending = new Set<Promise<void>>();

  constructor(settings: KeySettings) {
    this.settings = settings;
  }

  /**
   * Takes a turn at a key. In this process the first to ask holds it, and the others join.
   *
   * @throws RingbackError `idempotency-mismatch`, `idempotency-in-flight`, `idempotency-store-failed`, `cancelled`, `closed`.
   */
  async take(request: KeyRequest): Promise<Turn> {
    const { key, id, fingerprint, signal } = request;
    if (signal?.aborted) throw abortError(signal.reason);
    const other = this.holdings.get(key);
    if (other !== undefined) {
      if (other.fingerprint !== fingerprint) throw mismatch();
      return { state: 'joined', holding: other };
    }
    // Held before the store answers: a second call of this process must join, not race.
    const holding = new Holding(id, key, fingerprint, () => this.holdings.delete(key));
    this.holdings.set(key, holding);
    try {
      const { claim, askedAtMs } = await this.claim(request);
      if (claim.state === 'claimed') {
        holding.claimed({ ...this.settings, key, token: claim.token, askedAtMs, answerMs: STORE_ANSWER_MS });
        return { state: 'ours', holding };
      }
      const receipt = decodeReceipt(claim.result);
      holding.delivered(receipt);
      return { state: 'done', receipt };
    } catch (error) {
      holding.failed(error);
      throw error;
    }
  }

  /** Ends a key that is ours: with the receipt, which is kept for it, or with the error, which gives the key back. Never rejects. */
  end(holding: Holding, receipt: Receipt | undefined, error?: unknown): Promise<void> {
    const ending = holding.end(receipt, error).finally(() => this.ending.delete(ending));
    this.ending.add(ending);
    return ending;
  }

  /** Resolves when the store has been told of every key that was ended. */
  async settled(): Promise<void> {
    while (this.ending.size > 0) await Promise.all(this.ending);
  }

  private async claim(request: KeyRequest): Promise<AnsweredClaim> {
    const { clock } = this.settings;
    const untilMs = clock.monotonic() + request.waitMs;
    for (;;) {
      const askedAtMs = clock.monotonic();
      const claim = await this.ask(request);
      if (claim.state !== 'claimed' && claim.fingerprint !== request.fingerprint) throw mismatch();
      if (claim.state !== 'in-flight') return { claim, askedAtMs };
      const leftMs = untilMs - clock.monotonic();
      // A store that says nonsense is asked again in a while, not at once.
      const retryAfterMs = claim.retryAfterMs >= 0 ? claim.retryAfterMs : LOOK_AGAIN_MS;
      const pauseMs = Math.min(LOOK_AGAIN_MS, Math.max(1, retryAfterMs));
      if (pauseMs > leftMs) throw inFlight(`another process holds it for ${Math.ceil(retryAfterMs)} ms at the most`);
      await pause(pauseMs, clock, request.signal);
    }
  }

  private async ask({ key, fingerprint, signal, answerMs }: KeyRequest): Promise<Claim> {
    const { store, leaseMs, clock } = this.settings;
    const timeoutMs = Math.max(0, Math.min(answerMs, STORE_ANSWER_MS));
    let answer: Claim | Promise<Claim> | undefined;
    try {
      answer = store.claim(key, { fingerprint, leaseMs });
      const late = (): RingbackError => storeFailed(`did not answer in ${Math.round(timeoutMs)} ms`);
      const claim = isPromiseLike(answer) ? await waitFor(answer, { clock, timeoutMs, signal, late }) : answer;
      if (claim.state === 'claimed' || claim.state === 'in-flight' || claim.state === 'completed') return claim;
      throw storeFailed('answered a claim with none of its three states');
    } catch (cause) {
      this.giveBackLate(key, answer);
      if (cause instanceof RingbackError) throw cause;
      throw storeFailed('could not claim the key', cause);
    }
  }

  /** A claim that comes when nobody waits for it any more would hold the key for a whole lease. */
  private giveBackLate(key: string, answer: Claim | Promise<Claim> | undefined): void {
    if (!isPromiseLike(answer)) return;
    const giveBack = (claim?: Claim): unknown =>
      claim?.state === 'claimed' ? this.settings.store.release(key, claim.token) : undefined;
    Promise.resolve(answer)
      .then(giveBack)
      .catch(() => {});
  }
}

/** The key can't be had in time. */
export function inFlight(why: string): RingbackError {
  return new RingbackError('idempotency-in-flight', `the idempotency key is taken: ${why}; try again later`);
}

function mismatch(): RingbackError {
  return new RingbackError('idempotency-mismatch', 'the idempotency key was used before with another payload');
}

function storeFailed(what: string, cause?: unknown): RingbackError {
  const options = cause === undefined ? undefined : { cause };
  return new RingbackError('idempotency-store-failed', `the idempotency store ${what}, so nothing was sent`, options);
}
