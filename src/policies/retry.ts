import { checkNames, durationOption, invalidOption, numberOption } from '../options.js';
import type { Outcome, OutcomeKind } from '../outcome.js';
import type { Random } from '../random.js';
import { type Backoff, decorrelatedJitter } from './backoff.js';
import { toBackoff } from './cockatiel-backoff.js';
import type { RetrySettings } from './pipeline/settings.js';

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
  | {
      readonly retry: false;
      readonly why: GiveUpReason;
      /** The limit, where `why` is `retry-after-too-long`. */
      readonly maxRetryAfterMs?: number;
    };

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

/** Retry settings, checked. It keeps no state: who asks does the waiting, and draws on the retry budget. */
export interface Retry {
  readonly maxAttempts: number;
  /** Whether to try again after this attempt, and after how long. */
  next(question: RetryQuestion): RetryDecision;
}

interface Rules {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly on: ReadonlySet<OutcomeKind>;
  readonly maxRetryAfterMs: number;
}

const NAMES = ['maxAttempts', 'backoff', 'on', 'maxRetryAfterMs'];
const RETRIED_BY_DEFAULT: readonly OutcomeKind[] = ['failed', 'overloaded', 'timed-out'];
/** What may be retried where it is asked for. `delivered` is done, `cancelled` was the caller's wish, `forbidden` must never be sent. */
const RETRYABLE: readonly OutcomeKind[] = [...RETRIED_BY_DEFAULT, 'rejected', 'gone', 'shed'];

/** Jitter on top of a Retry-After, as a share of it: everyone who was told the same second must not come back in it. */
const RETRY_AFTER_SPREAD = 0.2;

/**
 * Checks retry settings once, and gives the decision that `deliver`, the outbox and pipelines share.
 *
 * @throws RingbackError `invalid-option` for a value out of range or an unknown name.
 */
export function createRetry(settings: RetrySettings, random: Random): Retry {
  checkNames('retry', settings, NAMES);
  const { backoff = decorrelatedJitter({ baseMs: 200, capMs: 10_000 }) } = settings;
  const rules: Rules = {
    maxAttempts: numberOption('retry.maxAttempts', settings.maxAttempts, 4, { from: 1, to: 100, integer: true }),
    backoff: toBackoff('retry.backoff', backoff),
    on: new Set(checkKinds(settings.on ?? RETRIED_BY_DEFAULT)),
    maxRetryAfterMs: durationOption('retry.maxRetryAfterMs', settings.maxRetryAfterMs, 60_000),
  };
  return { maxAttempts: rules.maxAttempts, next: (question) => decide(rules, question, random) };
}

function checkKinds(on: readonly OutcomeKind[]): readonly OutcomeKind[] {
  if (!Array.isArray(on) || on.length === 0) {
    throw invalidOption('retry.on', 'an array of at least one outcome (retry: false leaves retrying out)', on);
  }
  for (const kind of on) {
    if (!RETRYABLE.includes(kind)) throw invalidOption('retry.on', `made of ${RETRYABLE.join(', ')}`, kind);
  }
  return on;
}

function decide(rules: Rules, question: RetryQuestion, random: Random): RetryDecision {
  const { attempt, outcome, nowMs, deadlineAtMs } = question;
  if (!rules.on.has(outcome.kind)) return { retry: false, why: 'not-retryable' };
  if (attempt >= rules.maxAttempts) return { retry: false, why: 'attempts-exhausted' };
  const backoffMs = rules.backoff.delayMs(attempt, question.previousDelayMs, random);
  // A backoff of the user's may give NaN or Infinity, on which no clock can sleep: it has no next delay.
  if (backoffMs === undefined || !Number.isFinite(backoffMs)) return { retry: false, why: 'attempts-exhausted' };
  const floorMs = outcome.retryAfterMs ?? 0;
  const { maxRetryAfterMs } = rules;
  if (floorMs > maxRetryAfterMs) return { retry: false, why: 'retry-after-too-long', maxRetryAfterMs };
  const askedMs = floorMs > 0 ? floorMs * (1 + RETRY_AFTER_SPREAD * random()) : 0;
  const delayMs = Math.max(backoffMs, askedMs);
  if (nowMs + delayMs >= deadlineAtMs) return { retry: false, why: 'deadline' };
  return { retry: true, delayMs, why: delayMs === askedMs && floorMs > 0 ? `Retry-After ${floorMs} ms` : 'backoff' };
}
