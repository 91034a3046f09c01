import type { Policy } from './policy.js';

/** What every limiter has beside its limit. */
export interface LineOptions {
  /** How many may wait in line; one more is refused. 0 for no line. Default 1,000. */
  readonly maxWaiting?: number;
  /** What one step of priority is worth in ms of waiting: nothing starves. Default 1,000. */
  readonly priorityAgeMs?: number;
  /** A slot whose attempt timed out is taken back after this many ms, though the work never ended. Default 60,000. */
  readonly reclaimAfterMs?: number;
}

/** Settings of a bulkhead: a limit that stands still. */
export interface BulkheadOptions extends LineOptions {
  /** How many run at once. */
  readonly limit: number;
}

/** Settings of a limit that adapts: additive increase, multiplicative decrease. */
export interface AimdLimiterOptions extends LineOptions {
  readonly limit?: undefined;
  /** Default 20 (Netflix). */
  readonly initialLimit?: number;
  /** Default 1. */
  readonly minLimit?: number;
  /** Default 200 (Netflix). */
  readonly maxLimit?: number;
  /** The limit is multiplied by this on overload. Default 0.9 (Netflix). */
  readonly decrease?: number;
  /** A delivered call slower than this, in ms, counts as overload. Default 5,000 (Netflix). */
  readonly latencyThresholdMs?: number;
}

/** Holds the slots and the one line in front of them. */
export interface ConcurrencyLimiter extends Policy {
  /** How many may run at once now. */
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Slots taken back from work that never ended. */
  readonly reclaimed: number;
  /** Monotonic ms at which the next slot can be taken back; `Infinity` when there is none to take. */
  readonly reclaimDueAtMs: number;
  /** Takes back what is due, and lets waiters in. */
  reclaim(nowMs: number): void;
}
