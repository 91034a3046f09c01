import { checkNames, numberOption } from '../../options.js';
import type { BreakerRule, ClocklessRuleSpec } from '../breaker-rules.js';
import type { PolicySnapshot } from '../policy.js';
import { isCount } from './count.js';

/** Settings of {@link consecutiveFailures}. */
export interface ConsecutiveFailuresOptions {
  /** How many failures in a row open the circuit. Default 5 (Envoy: 5 consecutive 5xx). */
  readonly threshold?: number;
}

class ConsecutiveFailures implements BreakerRule {
  private readonly threshold: number;
  private failures = 0;

  constructor(threshold: number) {
    this.threshold = threshold;
  }

  record(failed: boolean): void {
    this.failures = failed ? this.failures + 1 : 0;
  }

  trips(): string | undefined {
    return this.failures < this.threshold ? undefined : `${this.failures} calls in a row failed`;
  }

  reset(): void {
    this.failures = 0;
  }

  snapshot(): PolicySnapshot {
    return { failures: this.failures };
  }

  restore({ failures }: PolicySnapshot): void {
    if (isCount(failures)) this.failures = failures;
  }
}

/**
 * Opens after so many failures in a row; one success starts the count anew. Use it where calls are rare, and a share of them
 * would say little. Under much traffic a destination that fails half of its calls may never trip it: take `failureRate`.
 *
 * The rule reads no clock, so `asCockatielBreaker` makes it a breaker for cockatiel's own policy too.
 *
 * @throws RingbackError `invalid-option` when `threshold` is no integer from 1 to 1,000,000, or an option is unknown.
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures } from 'ringback';
 *
 * const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 5 }) });
 * console.log(breaker.state); // closed
 * ```
 */
export function consecutiveFailures(options: ConsecutiveFailuresOptions = {}): ClocklessRuleSpec {
  checkNames('consecutiveFailures', options, ['threshold']);
  const rule = { from: 1, to: 1_000_000, integer: true };
  const threshold = numberOption('consecutiveFailures.threshold', options.threshold, 5, rule);
  return Object.freeze({
    name: 'consecutive-failures',
    clockless: true,
    create: () => new ConsecutiveFailures(threshold),
  });
}
