import { RingbackError, withoutStack } from '../errors.js';
import { holdLease } from '../idempotency/lease.js';
import { TimeLimit } from '../time-limit.js';
import { accepted, decodeAnswer, encodeAnswer, wholeAnswer } from './answer.js';
import { type CallbackKey, CallbackKeys, type Turn } from './callback-keys.js';
import type { ReceiverSettings } from './options.js';
import { type ReceivedCallback, UnreadableBody } from './received-callback.js';
import { Refusal } from './refusal.js';

/** A callback as far as it is known before its handler runs. */
export type Proven = Omit<ReceivedCallback, 'signal'>;

type OwnTurn = Extract<Turn, { state: 'ours' }>;

/** Kept where the answer itself is not: that it was handled is all there is to know. */
const NO_RESULT = new Uint8Array();

/** Runs the handler once per id, under a lease, and answers those who come again. */
export class Handling {
  readonly #settings: ReceiverSettings;
  readonly #keys: CallbackKeys;

  constructor(settings: ReceiverSettings) {
    this.#settings = settings;
    this.#keys = new CallbackKeys(settings);
  }

  /** @throws Refusal */
  async answer(proven: Proven, key: CallbackKey): Promise<Response> {
    const turn = await this.#keys.claim(key);
    return turn.state === 'ours' ? this.#run(proven, key, turn) : this.#duplicate(turn.result);
  }

  #duplicate(result: Uint8Array): Response {
    return (this.#settings.replay ? decodeAnswer(result) : undefined) ?? accepted();
  }

  /** Answers when the handler has ended or its time is over; in that case it may end later, and what it did is still recorded. */
  async #run(proven: Proven, key: CallbackKey, { token, askedAtMs }: OwnTurn): Promise<Response> {
    const { store, leaseMs, timeoutMs, clock, logger } = this.#settings;
    const lease = holdLease({ store, key: key.key, token, leaseMs, askedAtMs, clock });
    const stop = new AbortController();
    lease.signal.addEventListener('abort', () => stop.abort(lease.signal.reason), { once: true });
    using limit = new TimeLimit(clock, timeoutMs);
    const work = this.#handle({ ...proven, signal: stop.signal }).finally(() => lease.end());
    const ended = work.then(
      (answer) => this.#handled(answer, proven, key, token),
      (error: unknown) => this.#failed(error, key, token),
    );
    const hasEnded = work.then(
      () => true,
      () => true,
    );
    if (await Promise.race([hasEnded, limit.over.then(() => false)])) return await ended;
    lease.end();
    const message = `the handler did not end in ${timeoutMs} ms`;
    stop.abort(withoutStack(() => new RingbackError('attempt-timeout', message)));
    ended.catch((error: unknown) => logger.warn({ id: proven.id, error }, 'a late callback handler failed'));
    throw new Refusal(503, message);
  }

  async #handle(callback: ReceivedCallback): Promise<Response> {
    const { onCallback, logger } = this.#settings;
    return wholeAnswer(await onCallback(callback), logger, callback.id);
  }

  /** Only a 2xx is an end. With any other answer the handler asks the sender to come again. */
  async #handled(answer: Response, proven: Proven, key: CallbackKey, token: string): Promise<Response> {
    if (!answer.ok) {
      await this.#keys.release(key, token);
      return answer;
    }
    const result = this.#settings.replay ? await encodeAnswer(answer) : NO_RESULT;
    try {
      if (await this.#keys.complete(key, token, result)) return answer;
    } catch (error) {
      // The handler has done its work. A refusal would bring the sender back for sure, and the work would be done twice.
      this.#settings.logger.error({ id: proven.id, error }, 'a callback was handled, but the store could not record it');
      return answer;
    }
    return this.#recordLate(answer, result, key);
  }

  /** The lease was lost. If nobody has the id now, what was done is recorded all the same; else who has it decides. */
  async #recordLate(answer: Response, result: Uint8Array, key: CallbackKey): Promise<Response> {
    const turn = await this.#keys.claim(key);
    if (turn.state === 'done') return this.#duplicate(turn.result);
    const isRecorded = await this.#keys.complete(key, turn.token, result).catch(() => false);
    if (isRecorded) return answer;
    throw new Refusal(503, 'the lease was lost before the handler ended, and the store does not take its record');
  }

  async #failed(error: unknown, key: CallbackKey, token: string): Promise<never> {
    await this.#keys.release(key, token);
    // What the handler returned is none: nothing was thrown.
    if (error instanceof Refusal) throw error;
    throw error instanceof UnreadableBody
      ? new Refusal(400, error.message, { cause: error })
      : new Refusal(500, 'the handler threw', { cause: error });
  }
}
