import {
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import type { DestinationSettings } from 'ringback';

/** All seven parts of the pipeline, on and named, with room enough that none of them ever holds a call back. */
export const SEVEN_PARTS = {
  deadlineMs: 30_000,
  retry: { maxAttempts: 4 },
  budget: { ratio: 0.2 },
  circuitBreaker: { openMs: 5_000 },
  concurrency: { initialLimit: 100, maxLimit: 200 },
  rateLimiter: { limit: 1_000_000, intervalMs: 1_000 },
  attemptTimeoutMs: 10_000,
} as const satisfies DestinationSettings;

/** A payload whose JSON has 1,024 bytes. */
export const ONE_KILOBYTE = { id: 'in_42', type: 'invoice.paid', lines: '' };
ONE_KILOBYTE.lines = 'x'.repeat(1_024 - JSON.stringify(ONE_KILOBYTE).length);

/**
 * cockatiel's wrap of four as its readme shows each of them: retry with exponential backoff, a breaker that counts consecutive
 * failures, a bulkhead, and the aggressive timeout, which like ours answers although the callee does not.
 */
export function cockatielWrap() {
  return wrap(
    retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
    circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(5) }),
    bulkhead(100),
    timeout(10_000, TimeoutStrategy.Aggressive),
  );
}
