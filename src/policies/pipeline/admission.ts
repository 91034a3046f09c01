import type { Clock } from '../../clock.js';
import type { Outcome } from '../../outcome.js';
import type { CircuitBreaker } from '../circuit-breaker.js';
import type { ConcurrencyLimiter } from '../concurrency-limiter.js';
import type { Attempt, Policy, Refusal } from '../policy.js';
import type { RateLimiter } from '../rate-limiter.js';
import type { PipelineAttempt } from './attempt.js';

const IN_LINE = 1;
const IN_RATE = 2;
const IN_BREAKER = 4;

/** The longest pause that a Retry-After may put on all calls of the destination. */
const MAX_PAUSE_MS = 60_000;

/** How long an open circuit that nobody calls any more is remembered once its open time is over. */
const ABANDONED_AFTER_MS = 3_600_000;

/** What stands between an attempt and its call: nothing, a wait in ms, a place in line, or a refusal. */
export type Gate = undefined | number | Promise<void> | Refusal;

export const isRefusal = (gate: Exclude<Gate, undefined>): gate is Refusal => typeof gate !== 'number' && 'policy' in gate;

/**
 * The policies of one pipeline, asked in their order: concurrency line, rate reservation, the user's own, the breaker's
 * admission. Fixed fields, not a list: a loop over a list costs half as much again on every call.
 */
export class Admission {
  readonly breaker: CircuitBreaker | undefined;
  readonly limiter: ConcurrencyLimiter | undefined;
  readonly rate: RateLimiter | undefined;
  readonly extra: readonly Policy[];

  constructor(
    breaker: CircuitBreaker | undefined,
    limiter: ConcurrencyLimiter | undefined,
    rate: RateLimiter | undefined,
    extra: readonly Policy[],
  ) {
    this.breaker = breaker;
    this.limiter = limiter;
    this.rate = rate;
    this.extra = extra;
  }

  /** Would the breaker refuse now? Asked first and after every wait, as it may have opened meanwhile. */
  peekBreaker(nowMs: number): Refusal | undefined {
    return this.breaker?.peek?.(nowMs);
  }

  /** Would any policy refuse or keep it waiting now? For those who don't wait in a policy's line. */
  peek(nowMs: number): Refusal | undefined {
    const refusal = this.breaker?.peek?.(nowMs);
    if (refusal !== undefined) return refusal;
    const { limiter, rate } = this;
    if (limiter !== undefined && !limiter.free) {
      limiter.reclaim(nowMs);
      if (!limiter.free) return { code: 'concurrency-full', policy: limiter.name, reason: `${limiter.inFlight} are in flight` };
    }
    const waitMs = rate === undefined ? 0 : rate.waitMs(nowMs);
    if (rate !== undefined && waitMs > 0) {
      return { code: 'rate-limited', policy: rate.name, reason: 'no token yet', retryAfterMs: waitMs };
    }
    for (const policy of this.extra) {
      const refusalOfUser = policy.peek?.(nowMs);
      if (refusalOfUser !== undefined) return refusalOfUser;
    }
    return undefined;
  }

  /** True when nothing would be lost by forgetting this state: no work in flight or waiting, a closed breaker, a full bucket. */
  isIdle(clock: Clock): boolean {
    const { breaker, limiter, rate } = this;
    if (limiter !== undefined && (limiter.inFlight > 0 || limiter.waiting > 0)) return false;
    if (breaker !== undefined && breaker.state !== 'closed' && !isAbandoned(breaker, clock)) return false;
    return rate === undefined || rate.isFull(clock.monotonic());
  }

  /**
   * Asks the policies that the attempt is not in yet. After a wait or a place in line, ask again: it goes on where it stood.
   * Waiting is being in, so what a refused attempt was in before, or one that a policy threw at, is given back by {@link release}.
   */
  admit(attempt: PipelineAttempt, nowMs: number): Gate {
    const { limiter, rate, breaker } = this;
    if (limiter !== undefined && (attempt.held & IN_LINE) === 0) {
      const gate = limiter.acquire(attempt, nowMs);
      if (gate === undefined || !isRefusal(gate)) attempt.held |= IN_LINE;
      if (gate !== undefined) return gate;
    }
    if (rate !== undefined && (attempt.held & IN_RATE) === 0) {
      const gate = rate.acquire(attempt, nowMs);
      if (gate === undefined || !isRefusal(gate)) attempt.held |= IN_RATE;
      if (gate !== undefined) return gate;
    }
    if (this.extra.length > 0) {
      const gate = this.admitExtra(attempt, nowMs);
      if (gate !== undefined) return gate;
    }
    if (breaker !== undefined && (attempt.held & IN_BREAKER) === 0) {
      const gate = breaker.acquire(attempt, nowMs);
      if (gate === undefined || !isRefusal(gate)) attempt.held |= IN_BREAKER;
      if (gate !== undefined) return gate;
    }
    return undefined;
  }

  /** Tells every policy how the attempt ended. */
  record(attempt: PipelineAttempt, outcome: Outcome, nowMs: number): void {
    const { held } = attempt;
    if ((held & IN_BREAKER) !== 0) this.breaker?.record(attempt, outcome, nowMs);
    if ((held & IN_LINE) !== 0) this.limiter?.record(attempt, outcome, nowMs);
    if ((held & IN_RATE) !== 0) this.rate?.record(attempt, outcome, nowMs);
    if (attempt.twins === undefined) return;
    const thrown = this.eachExtra(attempt, attempt.twins, (policy, twin) => policy.record(twin, outcome, nowMs));
    if (thrown !== undefined) throw thrown.error;
  }

  /** The other end asked for a pause: it holds for every call. */
  pause(retryAfterMs: number, nowMs: number): void {
    this.rate?.pauseUntil(nowMs + Math.min(retryAfterMs, MAX_PAUSE_MS));
  }

  /** Gives back what the attempt holds: it left, never ran, or its work has really ended. */
  release(attempt: PipelineAttempt): void {
    const { held, twins } = attempt;
    attempt.held = 0;
    if ((held & IN_BREAKER) !== 0) this.breaker?.release(attempt);
    const thrown = twins === undefined ? undefined : this.eachExtra(attempt, twins, (policy, twin) => policy.release(twin));
    attempt.twins = undefined;
    if ((held & IN_RATE) !== 0) this.rate?.release(attempt);
    // The slot last: freeing it lets the next one in, which must find everything else in order.
    if ((held & IN_LINE) !== 0) this.limiter?.release(attempt);
    if (thrown !== undefined) throw thrown.error;
  }

  private admitExtra(attempt: PipelineAttempt, nowMs: number): Gate {
    attempt.twins ??= [];
    const { twins } = attempt;
    for (let i = twins.length; i < this.extra.length; i++) {
      const twin = attempt.twin();
      const gate = this.extra[i]?.acquire(twin, nowMs);
      if (gate === undefined || !isRefusal(gate)) twins.push(twin);
      if (gate !== undefined) return gate;
    }
    return undefined;
  }

  /** Tells every policy of the user's that has let the attempt in, also when one throws; gives the first throw. */
  private eachExtra(
    { startedAtMs }: PipelineAttempt,
    twins: readonly Attempt[],
    tell: (policy: Policy, twin: Attempt) => void,
  ): { readonly error: unknown } | undefined {
    let thrown: { readonly error: unknown } | undefined;
    for (const [i, twin] of twins.entries()) {
      twin.startedAtMs = startedAtMs;
      try {
        tell(this.extra[i] as Policy, twin);
      } catch (error) {
        thrown ??= { error };
      }
    }
    return thrown;
  }
}

/** A circuit leaves the open state only by a call: of an endpoint that is gone for good it would be kept for ever. */
function isAbandoned({ state, opensUntilMs }: CircuitBreaker, clock: Clock): boolean {
  return state === 'open' && clock.monotonic() >= opensUntilMs + ABANDONED_AFTER_MS;
}
