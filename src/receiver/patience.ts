import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { TimeLimit } from '../time-limit.js';

/** What has not answered by then counts as failed. As long as `createRingback` waits for a store. */
const ANSWER_MS = 10_000;

/**
 * What something of the user's (a store, a scheme's lookup) answers, at once or by a promise that may never settle.
 *
 * @throws what it throws; a RingbackError with the code when it has not answered in 10 s.
 */
export async function answerOf<T>(
  answer: T | Promise<T>,
  who: string,
  code: 'idempotency-store-failed' | 'secrets-unavailable',
  clock: Clock,
): Promise<T> {
  if (!(answer instanceof Object && 'then' in answer)) return answer;
  using limit = new TimeLimit(clock, ANSWER_MS);
  const late = limit.over.then((): never => {
    throw new RingbackError(code, `${who} did not answer in ${ANSWER_MS} ms`);
  });
  return await Promise.race([answer, late]);
}
