import { checkNames, durationOption, invalidOption, numberOption } from '../options.js';
import type { Attempt, Policy, PolicySnapshot, Refusal } from './policy.js';

/** Settings of the rate limiter. */
export interface RateLimiterOptions {
  /** How many calls start in `intervalMs`: an integer from 1 to 1,000,000. */
  readonly limit: number;
  /** In ms, more than 0. Default 1,000. */
  readonly intervalMs?: number;
  /** How many may start at once after a silence: an integer from 1 to 1,000,000. Default `limit`. */
  readonly burst?: number;
  /** The longest wait for a token, in ms; above it the call is refused. 0 refuses at once. Default 1,000. */
  readonly maxWaitMs?: number;
}

/** A token bucket in GCRA form: one number of state. */
export interface RateLimiter extends Policy {
  /** How long a call that asked now would wait for its token, in ms; 0 when it could start at once. Takes nothing. */
  waitMs(nowMs: number): number;
  /** True when nothing was taken that has not come back: a fresh limiter would let as much through. */
  isFull(nowMs: number): boolean;
  /**
   * The other end asked for a pause (429 with Retry-After): nothing that asks from now on starts before `atMs` (monotonic),
   * and then calls start at the steady rate, without a burst. Who has its time already keeps it; that is at most `maxWaitMs`
   * away. A pause is never shortened; what is no finite number is ignored.
   */
  pauseUntil(atMs: number): void;
}

const MAX_CALLS = 1_000_000;
const DEFAULT_INTERVAL_MS = 1_000;
const DEFAULT_MAX_WAIT_MS = 1_000;
/** Sums of fractions (a third of a second, three times) miss by less than this; no timer is that fine. */
const ROUNDING_MS = 0.001;
/** A restored time further ahead than this, beyond what the limit itself can book, is garbage: believed, it would close for good. */
const MAX_RESTORED_PAUSE_MS = 86_400_000;

/**
 * GCRA: the bucket is one number, the theoretical arrival time of the next call (`tatMs`), at which the bucket would be full
 * again. Each call moves it on by `spacingMs`; a call may start up to `toleranceMs` before it, which is the burst.
 */
class GcraLimiter implements RateLimiter {
  readonly name = 'rate-limiter';
  private readonly spacingMs: number;
  private readonly toleranceMs: number;
  private readonly maxWaitMs: number;
  private tatMs = 0;
  /** What a pause raised `tatMs` to: giving back a token must not end the pause early. */
  private pausedTatMs = 0;

  constructor(spacingMs: number, burst: number, maxWaitMs: number) {
    this.spacingMs = spacingMs;
    this.toleranceMs = (burst - 1) * spacingMs;
    this.maxWaitMs = maxWaitMs;
  }

  waitMs(nowMs: number): number {
    const waitMs = this.tatMs - this.toleranceMs - nowMs;
    return waitMs > ROUNDING_MS ? waitMs : 0;
  }

  peek(nowMs: number): Refusal | undefined {
    const waitMs = this.waitMs(nowMs);
    return waitMs > this.maxWaitMs ? this.refusal(waitMs) : undefined;
  }

  acquire(attempt: Attempt, nowMs: number): undefined | number | Refusal {
    const waitMs = this.waitMs(nowMs);
    if (waitMs > this.maxWaitMs) return this.refusal(waitMs);
    const takenAtMs = Math.max(this.tatMs, nowMs);
    attempt.rateMark = takenAtMs;
    this.tatMs = takenAtMs + this.spacingMs;
    return waitMs > 0 ? waitMs : undefined;
  }

  isFull(nowMs: number): boolean {
    return this.tatMs <= nowMs;
  }

  record(): void {}

  /**
   * A token goes back if its call never ran and nobody took one since. After that others have been given times that count on
   * it, and one number can't tell where the gap is: taking a step back then would let two calls start at the same time. So
   * a token may be lost, and the rate is never exceeded.
   */
  release(attempt: Attempt): void {
    const takenAtMs = attempt.rateMark;
    attempt.rateMark = Number.NaN;
    if (attempt.startedAtMs < 0 && takenAtMs + this.spacingMs === this.tatMs) {
      this.tatMs = Math.max(takenAtMs, this.pausedTatMs);
    }
  }

  pauseUntil(atMs: number): void {
    if (!Number.isFinite(atMs)) return;
    this.pausedTatMs = Math.max(this.pausedTatMs, atMs + this.toleranceMs);
    this.tatMs = Math.max(this.tatMs, this.pausedTatMs);
  }

  snapshot(nowMs: number, wallMs: number): PolicySnapshot {
    return { fullAtMs: wallMs + (this.tatMs - nowMs) };
  }

  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void {
    const { fullAtMs } = snapshot;
    if (typeof fullAtMs !== 'number') return;
    const aheadMs = fullAtMs - wallMs;
    const believableMs = this.toleranceMs + this.spacingMs + this.maxWaitMs + MAX_RESTORED_PAUSE_MS;
    if (aheadMs <= believableMs) this.tatMs = Math.max(this.tatMs, nowMs + aheadMs);
  }

  private refusal(waitMs: number): Refusal {
    return {
      code: 'rate-limited',
      policy: this.name,
      reason: `the next token is ${Math.ceil(waitMs)} ms away, more than ${this.maxWaitMs} ms`,
      retryAfterMs: waitMs,
    };
  }
}

/**
 * Limits how many calls start in a time: a token bucket. Use it where the other end states a rate (100 requests a second).
 * A call that finds no token waits for its own, reserved, up to `maxWaitMs`; beyond that it is refused.
 *
 * @param options `limit` is required.
 * @throws RingbackError `invalid-option` for a missing, unknown or out-of-range option.
 * @example
 * ```ts
 * import { isRingbackError, rateLimiter, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ rateLimiter: rateLimiter({ limit: 2, intervalMs: 60_000, maxWaitMs: 0 }), retry: false });
 * await partner.execute(async () => 'first');
 * await partner.execute(async () => 'second');
 * const third = await partner.execute(async () => 'third').catch((error: unknown) => error);
 * console.log(isRingbackError(third) && third.code); // prints rate-limited
 * ```
 */
export function rateLimiter(options: RateLimiterOptions): RateLimiter {
  checkNames('rateLimiter', options, ['limit', 'intervalMs', 'burst', 'maxWaitMs']);
  const calls = { from: 1, to: MAX_CALLS, integer: true };
  if (options.limit === undefined) throw invalidOption('rateLimiter.limit', `an integer from 1 to ${MAX_CALLS}`, options.limit);
  const limit = numberOption('rateLimiter.limit', options.limit, options.limit, calls);
  const intervalMs = numberOption('rateLimiter.intervalMs', options.intervalMs, DEFAULT_INTERVAL_MS, { above: 0 });
  const burst = numberOption('rateLimiter.burst', options.burst, limit, calls);
  const maxWaitMs = durationOption('rateLimiter.maxWaitMs', options.maxWaitMs, DEFAULT_MAX_WAIT_MS);
  return new GcraLimiter(intervalMs / limit, burst, maxWaitMs);
}
