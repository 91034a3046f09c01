import { RingbackError } from '../errors.js';
import type { Claim, IdempotencyStore } from '../idempotency/store.js';
import { isPromiseLike } from '../time-limit.js';
import type { ReceiverSettings } from './options.js';
import { answerOf } from './patience.js';
import { Refusal } from './refusal.js';

/** One callback as the store knows it. */
export interface CallbackKey {
  readonly key: string;
  /** What its body hashes to. */
  readonly fingerprint: string;
}

/** What a claim came to: the handler is to run, or it ran before. */
export type Turn =
  | { readonly state: 'ours'; readonly token: string; readonly askedAtMs: number }
  | { readonly state: 'done'; readonly result: Uint8Array };

/** The ids of a receiver's callbacks in the user's store, which may throw, hang or lie: then nothing is handled. */
export class CallbackKeys {
  readonly #settings: ReceiverSettings;

  constructor(settings: ReceiverSettings) {
    this.#settings = settings;
  }

  /** @throws Refusal 409, 422, 503. */
  async claim({ key, fingerprint }: CallbackKey): Promise<Turn> {
    const { store, leaseMs, clock } = this.#settings;
    const askedAtMs = clock.monotonic();
    let answer: Claim | Promise<Claim> | undefined;
    let claim: Claim;
    try {
      answer = store.claim(key, { fingerprint, leaseMs });
      claim = await this.#within(answer);
      if (!['claimed', 'in-flight', 'completed'].includes(claim.state)) {
        throw new RingbackError('idempotency-store-failed', 'the store answered a claim with none of its three states');
      }
    } catch (cause) {
      giveBackLate(store, key, answer);
      throw new Refusal(503, 'the store could not claim the id', { cause });
    }
    if (claim.state === 'claimed') return { state: 'ours', token: claim.token, askedAtMs };
    if (claim.fingerprint !== fingerprint) throw new Refusal(422, 'the id was used before with another body');
    if (claim.state === 'completed') return { state: 'done', result: claim.result };
    throw new Refusal(409, 'the id is in flight', { retryAfterMs: claim.retryAfterMs });
  }

  /**
   * Remembers that it was handled; false when the lease was lost. It may be repeated, so a store whose answer was lost is told
   * once more.
   *
   * @throws what the store throws, twice.
   */
  async complete({ key }: CallbackKey, token: string, result: Uint8Array): Promise<boolean> {
    const { store, ttlMs } = this.#settings;
    const tell = async (): Promise<boolean> => this.#within(store.complete(key, token, result, ttlMs));
    return tell().catch(tell);
  }

  /** Frees the id for the sender's next try. Without it, the id is free when the lease ends. Never rejects. */
  async release({ key }: CallbackKey, token: string): Promise<void> {
    const { store, logger } = this.#settings;
    try {
      await this.#within(store.release(key, token));
    } catch (error) {
      logger.error({ error }, 'the idempotency store could not release a callback that failed');
    }
  }

  #within<T>(answer: T | Promise<T>): Promise<T> {
    return answerOf(answer, 'the idempotency store', 'idempotency-store-failed', this.#settings.clock);
  }
}

/** A claim that comes when nobody waits for it any more would hold the id for a whole lease. */
function giveBackLate(store: IdempotencyStore, key: string, answer: Claim | Promise<Claim> | undefined): void {
  if (!isPromiseLike(answer)) return;
  const giveBack = (claim?: Claim) => (claim?.state === 'claimed' ? store.release(key, claim.token) : undefined);
  Promise.resolve(answer)
    .then(giveBack)
    .catch(() => {});
}
