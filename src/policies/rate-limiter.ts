import type { Policy } from './policy.js';

/** Settings of the rate limiter. */
export interface RateLimiterOptions {
  /** How many calls start in `intervalMs`. */
  readonly limit: number;
  /** Default 1,000 ms. */
  readonly intervalMs?: number;
  /** How many may start at once after a silence. Default `limit`. */
  readonly burst?: number;
  /** The longest wait for a token, in ms; above it the call is refused. 0 refuses at once. Default 1,000. */
  readonly maxWaitMs?: number;
}

/** A token bucket in GCRA form: one number of state. */
export interface RateLimiter extends Policy {
  /** The other end asked for a pause (429 with Retry-After): nothing starts before it has passed. */
  pauseUntil(atMs: number): void;
}
