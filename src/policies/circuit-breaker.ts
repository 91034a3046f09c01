import type { CircuitBreaker, CircuitBreakerOptions } from './circuit-breaker/contract.js';
import { CircuitBreakerMachine } from './circuit-breaker/machine.js';
import { circuitBreakerSettings } from './circuit-breaker/settings.js';

export type { CircuitBreaker, CircuitBreakerOptions, CircuitState } from './circuit-breaker/contract.js';

/**
 * Stops calling what keeps failing: refuses at once instead of waiting for one more timeout, gives the destination time to
 * recover, and finds out gently whether it is back. Hand it, or its plain options, to `resiliencePipeline` as `circuitBreaker`; make
 * one yourself to watch it, to isolate it, or to share it between pipelines that call the same destination.
 *
 * @throws RingbackError `invalid-option` when an option is unknown, out of range, or contradicts another.
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures, resiliencePipeline } from 'ringback';
 *
 * const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 2 }), openMs: 5_000 });
 * const partner = resiliencePipeline({ circuitBreaker: breaker, retry: false });
 * for (let call = 0; call < 2; call++) await partner.execute(() => Promise.reject(new Error('down'))).catch(() => {});
 * console.log(breaker.state, '-', breaker.changeReason); // open - 2 calls in a row failed
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  return new CircuitBreakerMachine(circuitBreakerSettings(options));
}
