import { checkNames, invalidOption, numberOption } from '../../options.js';
import type { BreakerRule, ClocklessRuleSpec } from '../breaker-rules.js';
import type { PolicySnapshot } from '../policy.js';

/** Settings of {@link failureCount}. */
export interface FailureCountOptions {
  /** How many failures among the last `windowSize` calls open the circuit. Default half of them (resilience4j: 50 %). */
  readonly threshold?: number;
  /** How many of the last calls are looked at; 1 to 10,000. Default 100 (resilience4j). */
  readonly windowSize?: number;
}

class FailureCount implements BreakerRule {
  private readonly threshold: number;
  private readonly windowSize: number;
  /** A ring, 1 for a failure. Made at the first call: most breakers of a large map never see one. */
  private ring: Uint8Array | undefined;
  private next = 0;
  private calls = 0;
  private failures = 0;

  constructor(threshold: number, windowSize: number) {
    this.threshold = threshold;
    this.windowSize = windowSize;
  }

  record(failed: boolean): void {
    this.ring ??= new Uint8Array(this.windowSize);
    const mark = failed ? 1 : 0;
    this.failures += mark - (this.ring[this.next] as number);
    this.ring[this.next] = mark;
    this.next = this.next + 1 === this.windowSize ? 0 : this.next + 1;
    if (this.calls < this.windowSize) this.calls++;
  }

  trips(): string | undefined {
    return this.failures < this.threshold ? undefined : `${this.failures} of the last ${this.calls} calls failed`;
  }

  reset(): void {
    this.ring = undefined;
    this.next = 0;
    this.calls = 0;
    this.failures = 0;
  }

  /** The calls as a row of 0 and 1, the oldest first. */
  snapshot(): PolicySnapshot {
    const { ring } = this;
    if (ring === undefined) return { calls: '' };
    const oldestFirst =
      this.calls < this.windowSize ? ring.subarray(0, this.calls) : [...ring.subarray(this.next), ...ring.subarray(0, this.next)];
    return { calls: oldestFirst.join('') };
  }

  restore({ calls }: PolicySnapshot): void {
    if (typeof calls !== 'string' || !/^[01]*$/.test(calls)) return;
    this.reset();
    for (const mark of calls.slice(-this.windowSize)) this.record(mark === '1');
  }
}

/**
 * Opens when so many of the last `windowSize` calls failed, however long ago they were made. Use it where traffic is steady and
 * time says nothing. Where it comes in bursts, yesterday's failures stay in this window: take `failureRate`, whose samples
 * expire.
 *
 * The rule reads no clock, so `asCockatielBreaker` makes it a breaker for cockatiel's own policy too.
 *
 * @throws RingbackError `invalid-option` when a number is out of range, `threshold` is above `windowSize` (it could never
 * trip), or an option is unknown.
 * @example
 * ```ts
 * import { circuitBreaker, failureCount } from 'ringback';
 *
 * const breaker = circuitBreaker({ rule: failureCount({ threshold: 10, windowSize: 50 }) });
 * console.log(breaker.state); // closed
 * ```
 */
export function failureCount(options: FailureCountOptions = {}): ClocklessRuleSpec {
  checkNames('failureCount', options, ['threshold', 'windowSize']);
  const windowSize = numberOption('failureCount.windowSize', options.windowSize, 100, { from: 1, to: 10_000, integer: true });
  const half = Math.ceil(windowSize / 2);
  const threshold = numberOption('failureCount.threshold', options.threshold, half, { from: 1, integer: true });
  if (threshold > windowSize) {
    throw invalidOption('failureCount.threshold', `at most windowSize (${windowSize}), or it never trips`, threshold);
  }
  return Object.freeze({
    name: 'failure-count',
    clockless: true,
    create: () => new FailureCount(threshold, windowSize),
  });
}
