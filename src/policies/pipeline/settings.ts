import type { Policy as CockatielFilter, IBackoffFactory, IRetryBackoffContext } from 'cockatiel';
import type { Clock } from '../../clock.js';
import type { Classify, OutcomeKind } from '../../outcome.js';
import type { Random } from '../../random.js';
import type { Backoff } from '../backoff.js';
import type { CircuitBreaker, CircuitBreakerOptions } from '../circuit-breaker.js';
import type { AimdLimiterOptions, BulkheadOptions, ConcurrencyLimiter } from '../concurrency-limiter.js';
import type { Policy } from '../policy.js';
import type { RateLimiter, RateLimiterOptions } from '../rate-limiter.js';
import type { RetryBudget, RetryBudgetOptions } from '../retry-budget.js';

/** How a pipeline retries. */
export interface RetrySettings {
  /** How many attempts in all, the first included; 1 to 100. Default 4. */
  readonly maxAttempts?: number;
  /** How long to wait between them: one of ringback's, or any cockatiel backoff. Default `decorrelatedJitter({ baseMs: 200, capMs: 10_000 })` (AWS). */
  readonly backoff?: Backoff | IBackoffFactory<IRetryBackoffContext<unknown>>;
  /** The outcomes that are tried again. Default `failed`, `overloaded`, `timed-out`. */
  readonly on?: readonly OutcomeKind[];
  /** A Retry-After longer than this ends the retrying: it is never shortened. Default 60,000 ms. */
  readonly maxRetryAfterMs?: number;
}

/**
 * The settings of a pipeline. Every part has a default; `false` leaves it out. An instance (`circuitBreaker({...})`) is shared by
 * all pipelines it is given to; plain options make a fresh one each time.
 */
export interface PipelineSettings {
  /** All attempts and waits must end in this many ms. Default 30,000. */
  readonly deadlineMs?: number | false;
  readonly retry?: RetrySettings | false;
  /** How much retrying may add to the load. Default: 20 % of calls and a reserve of a few a second (Finagle, Envoy). */
  readonly budget?: RetryBudgetOptions | RetryBudget | false;
  /** Default: opens at 50 % of at least 20 calls in 30 s, for 5 s, doubling to 15 s (Polly, resilience4j). */
  readonly circuitBreaker?: CircuitBreakerOptions | CircuitBreaker | false;
  /** How many calls run at once: `{ limit }` is a bulkhead, `{ maxLimit }` adapts. Default `{}`: adapts, 20 at first, 1 to 200 (Netflix). */
  readonly concurrency?: BulkheadOptions | AimdLimiterOptions | ConcurrencyLimiter | false;
  /** How many calls start per second. Default off. */
  readonly rateLimiter?: RateLimiterOptions | RateLimiter | false;
  /** How long one attempt may take, in ms, also when the callee ignores its signal. Default 10,000. */
  readonly attemptTimeoutMs?: number | false;
  /** What an end means: a function, or a cockatiel filter (`handleType(NetworkError)`): what it handles is `failed`. */
  readonly classify?: Classify | CockatielFilter;
  /** Policies of your own, asked in this order after the rate limiter and before the breaker's own admission. */
  readonly extra?: readonly Policy[];
  readonly clock?: Clock;
  readonly random?: Random;
  /** Stands in the messages of refusals and timeouts. Default: none. */
  readonly name?: string;
}

/** What a wrapped call is given. */
export interface PipelineContext {
  /** Aborted when the attempt times out, the deadline passes, or the caller aborts. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}
