import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { answerInTime } from '../time-limit.js';

/** What has not answered by then counts as failed. As long as `createRingback` waits for a store. */
const ANSWER_MS = 10_000;

/**
 * What something of the user's (a store, a scheme's lookup) answers, at once or by a promise that may never settle.
 *
 * @throws what it throws; a RingbackError with the code when it has not answered in 10 s.
 */
export function answerOf<T>(
  answer: T | PromiseLike<T>,
  who: string,
  code: 'idempotency-store-failed' | 'secrets-unavailable',
  clock: Clock,
): Promise<T> {
  return answerInTime(answer, clock, ANSWER_MS, () => new RingbackError(code, `${who} did not answer in ${ANSWER_MS} ms`));
}
