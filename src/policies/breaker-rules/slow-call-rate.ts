import { checkNames, invalidOption, numberOption } from '../../options.js';
import type { BreakerRuleSpec } from '../breaker-rules.js';
import { durationText } from './duration-text.js';
import type { FailureRateOptions } from './failure-rate.js';
import { checkShareOptions, ShareInWindow } from './share-in-window.js';

/** Settings of {@link slowCallRate}: as for the failure rate, with slow calls in the place of failed ones. */
export interface SlowCallRateOptions extends FailureRateOptions {
  /** A call that takes at least this long, in ms, is slow, whatever its outcome. */
  readonly slowMs: number;
}

/**
 * Opens when at least this share of at least `minimumCalls` calls in the last `windowMs` took `slowMs` or longer, whether they
 * succeeded or not. Use it where a destination that drags is as bad as one that fails. Fast failures don't trip it. While the
 * circuit is half-open or ramps up, a slow call counts as failed, and so does a failed one.
 *
 * `slowMs` belongs below the attempt timeout: no call lasts longer than that. The rule needs durations, so it can't go into
 * cockatiel's own circuit breaker.
 *
 * @throws RingbackError `invalid-option` when `slowMs` is missing, a number is out of range, or an option is unknown.
 * @example
 * ```ts
 * import { circuitBreaker, slowCallRate } from 'ringback';
 *
 * const breaker = circuitBreaker({ rule: slowCallRate({ threshold: 0.5, slowMs: 2_000, minimumCalls: 20, windowMs: 30_000 }) });
 * console.log(breaker.state); // closed
 * ```
 */
export function slowCallRate(options: SlowCallRateOptions): BreakerRuleSpec {
  checkNames('slowCallRate', options, ['threshold', 'slowMs', 'minimumCalls', 'windowMs']);
  const shared = checkShareOptions('slowCallRate', options);
  if (options.slowMs === undefined) throw invalidOption('slowCallRate.slowMs', 'a finite number above 0', undefined);
  const slowMs = numberOption('slowCallRate.slowMs', options.slowMs, 0, { above: 0 });
  const badCallsDid = `took ${durationText(slowMs)} or longer in ${durationText(shared.windowMs)}`;
  return Object.freeze({ name: 'slow-call-rate', create: () => new ShareInWindow({ ...shared, slowMs, badCallsDid }) });
}
