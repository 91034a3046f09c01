import type { Outcome } from '../outcome.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { PipelineAttempt } from './pipeline-attempt.js';
import type { Attempt, Policy, Refusal } from './policy.js';
import type { RateLimiter } from './rate-limiter.js';

const IN_LINE = 1;
const IN_RATE = 2;
const IN_BREAKER = 4;

/** What stands between an attempt and its call: nothing, a wait in ms, a place in line, or a refusal. */
export type Gate = undefined | number | Promise<void> | Refusal;

export const isRefusal = (gate: Exclude<Gate, undefined | number>): gate is Refusal => 'policy' in gate;

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

  /** True when nothing would be lost by forgetting this state: no work in flight or waiting, and a closed breaker. */
  isIdle(): boolean {
    const { breaker, limiter } = this;
    const isQuiet = limiter === undefined || (limiter.inFlight === 0 && limiter.waiting === 0);
    return isQuiet && (breaker === undefined || breaker.state === 'closed');
  }

  /**
   * Asks the policies that the attempt is not in yet. A refusal has given back what was taken before. After a wait or a place
   * in line, ask again: it goes on where it stood.
   */
  admit(attempt: PipelineAttempt, nowMs: number): Gate {
    const { limiter, rate, breaker } = this;
    if (limiter !== undefined && (attempt.held & IN_LINE) === 0) {
      const gate = limiter.acquire(attempt, nowMs);
      if (gate === undefined) attempt.held |= IN_LINE;
      else return this.stop(attempt, gate, IN_LINE);
    }
    if (rate !== undefined && (attempt.held & IN_RATE) === 0) {
      const gate = rate.acquire(attempt, nowMs);
      if (gate === undefined) attempt.held |= IN_RATE;
      else return this.stop(attempt, gate, IN_RATE);
    }
    if (this.extra.length > 0) {
      const gate = this.admitExtra(attempt, nowMs);
      if (gate !== undefined) return gate;
    }
    if (breaker !== undefined && (attempt.held & IN_BREAKER) === 0) {
      const gate = breaker.acquire(attempt, nowMs);
      if (gate === undefined) attempt.held |= IN_BREAKER;
      else return this.stop(attempt, gate, IN_BREAKER);
    }
    return undefined;
  }

  /** Tells every policy how the attempt ended. */
  record(attempt: PipelineAttempt, outcome: Outcome, nowMs: number): void {
    const { held } = attempt;
    if ((held & IN_BREAKER) !== 0) this.breaker?.record(attempt, outcome, nowMs);
    if ((held & IN_LINE) !== 0) this.limiter?.record(attempt, outcome, nowMs);
    if ((held & IN_RATE) !== 0) this.rate?.record(attempt, outcome, nowMs);
    const { twins } = attempt;
    if (twins !== undefined) {
      for (let i = 0; i < twins.length; i++) {
        const twin = twins[i] as Attempt;
        twin.startedAtMs = attempt.startedAtMs;
        this.extra[i]?.record(twin, outcome, nowMs);
      }
    }
  }

  /** Gives back what the attempt holds: it left, never ran, or its work has really ended. */
  release(attempt: PipelineAttempt): void {
    const { held, twins } = attempt;
    attempt.held = 0;
    if ((held & IN_BREAKER) !== 0) this.breaker?.release(attempt);
    if (twins !== undefined) this.releaseExtra(attempt, twins);
    if ((held & IN_RATE) !== 0) this.rate?.release(attempt);
    // The slot last: freeing it lets the next one in, which must find everything else in order.
    if ((held & IN_LINE) !== 0) this.limiter?.release(attempt);
  }

  private admitExtra(attempt: PipelineAttempt, nowMs: number): Gate {
    attempt.twins ??= [];
    const { twins } = attempt;
    for (let i = twins.length; i < this.extra.length; i++) {
      const twin = attempt.twin();
      const gate = this.extra[i]?.acquire(twin, nowMs);
      if (gate === undefined || typeof gate === 'number' || !isRefusal(gate)) twins.push(twin);
      if (gate !== undefined) return this.stop(attempt, gate, 0);
    }
    return undefined;
  }

  private releaseExtra(attempt: PipelineAttempt, twins: readonly Attempt[]): void {
    attempt.twins = undefined;
    for (let i = 0; i < twins.length; i++) {
      const twin = twins[i] as Attempt;
      twin.startedAtMs = attempt.startedAtMs;
      this.extra[i]?.release(twin);
    }
  }

  /** Waiting is being in: the place in line and the reserved time are given back like a slot. */
  private stop(attempt: PipelineAttempt, gate: Exclude<Gate, undefined>, part: number): Exclude<Gate, undefined> {
    if (typeof gate !== 'number' && isRefusal(gate)) this.release(attempt);
    else attempt.held |= part;
    return gate;
  }
}
