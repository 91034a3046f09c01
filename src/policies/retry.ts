import type { Outcome } from '../outcome.js';

/** Why there is no next attempt. */
export type GiveUpReason =
  /** The outcome is not one that is retried. */
  | 'not-retryable'
  /** `maxAttempts`, or the schedule's end. */
  | 'attempts-exhausted'
  /** The next attempt could not begin before the deadline. */
  | 'deadline'
  /** The retry budget is empty. */
  | 'budget-empty'
  /** The other end asked for a longer wait than `maxRetryAfterMs`. */
  | 'retry-after-too-long';

/** What is decided once an attempt has ended. */
export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number; readonly why: string }
  | { readonly retry: false; readonly why: GiveUpReason };

/** What the decision needs to know. */
export interface RetryQuestion {
  /** The attempt that just ended, from 1. */
  readonly attempt: number;
  /** The delay before it; 0 for the first. */
  readonly previousDelayMs: number;
  readonly outcome: Outcome;
  readonly nowMs: number;
  /** Monotonic ms; `Infinity` without a deadline. */
  readonly deadlineAtMs: number;
}
