import type { IBreaker } from 'cockatiel';
import type { BreakerRuleSpec } from '../breaker-rules.js';
import type { Policy } from '../policy.js';

/** Where a circuit breaker stands. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'ramping' | 'isolated';

/** Settings of the circuit breaker. */
export interface CircuitBreakerOptions {
  /** When to open. Default `failureRate({ threshold: 0.5, minimumCalls: 20, windowMs: 30_000 })`. Any cockatiel `IBreaker` too. */
  readonly rule?: BreakerRuleSpec | IBreaker;
  /** How long it stays open the first time, in ms. Default 5,000 (Polly). */
  readonly openMs?: number;
  /** Open times double until this, in ms. Default 15,000 (measured: docs/storms.md), or `openMs` where that is longer. */
  readonly maxOpenMs?: number;
  /** How many probes half-open lets in at once, 1 to 100. Default 3. */
  readonly probes?: number;
  /** How many probes must succeed before it ramps up. At most the probes. Default 2, or 1 of a single probe. */
  readonly probesToClose?: number;
  /** A probe without an outcome after this many ms counts as failed. Default 30,000. */
  readonly probeTimeoutMs?: number;
  /** The shares of calls let in, step after step, before it is closed: ascending, at most 20. Default [0.1, 0.25, 0.5]; [] closes at once. */
  readonly rampUp?: readonly number[];
  /** How long each step of the ramp lasts, in ms. Default 1,000. */
  readonly rampStepMs?: number;
}

/** Stops calling what keeps failing, and finds out gently whether it is back. */
export interface CircuitBreaker extends Policy {
  /** Changes that time alone makes (open to half-open, ramping to closed) show once the next call asks to be let in. */
  readonly state: CircuitState;
  /** Counts changes of state: an outcome from before the last change counts for nothing. */
  readonly epoch: number;
  /** Why the state last changed, for a person. */
  readonly changeReason: string;
  /** Monotonic ms at which an open breaker lets probes in; `Infinity` when isolated, 0 when not open. */
  readonly opensUntilMs: number;
  /** Refuses everything until {@link CircuitBreaker.close}. */
  isolate(): void;
  /** Closes it and forgets what it has seen. */
  close(): void;
}
