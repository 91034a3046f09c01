import { checkNames } from '../../options.js';
import type { BreakerRuleSpec } from '../breaker-rules.js';
import { durationText } from './duration-text.js';
import { checkShareOptions, ShareInWindow } from './share-in-window.js';

/** Settings of {@link failureRate}. */
export interface FailureRateOptions {
  /** The share of bad calls at which it opens, above 0, at most 1. Default 0.5 (resilience4j). */
  readonly threshold?: number;
  /** Fewer calls than this in the window say nothing. Default 20. */
  readonly minimumCalls?: number;
  /** How far back it looks, in ms. Default 30,000 (Polly). */
  readonly windowMs?: number;
}

/**
 * Opens when at least this share of at least `minimumCalls` calls in the last `windowMs` failed. The breaker's default, and the
 * right rule for most traffic: old failures expire by time, however long the silence, and a few calls say nothing.
 *
 * A destination that sees fewer than `minimumCalls` in `windowMs` never trips it: take `consecutiveFailures` there. The rule needs a
 * clock, so it can't go into cockatiel's own circuit breaker.
 *
 * @throws RingbackError `invalid-option` when a number is out of range or an option is unknown.
 * @example
 * ```ts
 * import { circuitBreaker, failureRate } from 'ringback';
 *
 * const breaker = circuitBreaker({ rule: failureRate({ threshold: 0.5, minimumCalls: 20, windowMs: 30_000 }) });
 * console.log(breaker.state); // closed
 * ```
 */
export function failureRate(options: FailureRateOptions = {}): BreakerRuleSpec {
  checkNames('failureRate', options, ['threshold', 'minimumCalls', 'windowMs']);
  const shared = checkShareOptions('failureRate', options);
  const settings = { ...shared, slowMs: undefined, badCallsDid: `failed in ${durationText(shared.windowMs)}` };
  return Object.freeze({ name: 'failure-rate', create: () => new ShareInWindow(settings) });
}
