import type { Outcome } from '../outcome.js';

/** The codes a refusal can carry: they become the code of the error that the caller sees. */
export type RefusalCode = 'circuit-open' | 'circuit-isolated' | 'concurrency-full' | 'rate-limited' | 'policy-refused';

/** Why a policy does not let an attempt in. Returned, not thrown: most of the time nobody wants a stack. */
export interface Refusal {
  /** What the caller's error will say; a policy of your own says `policy-refused`. */
  readonly code: RefusalCode;
  /** The name of the policy that refused. */
  readonly policy: string;
  /** A short phrase for a person: `open after 12 of 20 calls failed`. */
  readonly reason: string;
  /** When to come back, where the policy knows: the probe's time, the next token. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * One try on its way through the policies. A policy is handed the same object at every call for this try, so it may key a
 * `WeakMap` by it. Policies given as `extra` each get an object of their own.
 */
export interface Attempt {
  /** From 1; `maxAttempts` includes the first. */
  readonly number: number;
  /** The key of the destination, where there is one. */
  readonly destination: string | undefined;
  /** Higher goes first where attempts wait. */
  readonly priority: number;
  /** Monotonic ms at which the whole call came to the pipeline: a retry has not lost its place. */
  readonly enqueuedAtMs: number;
  /** Monotonic ms by which the whole call must have ended; `Infinity` without a deadline. */
  readonly deadlineAtMs: number;
  /** Monotonic ms at which the call began; `-1` until then. Set by the pipeline. */
  startedAtMs: number;
  /** The circuit breaker's own, from acquire to release: the epoch it was admitted in. */
  breakerMark: number;
  /** The concurrency limiter's own: its place in the line, or what was in flight when it was let in. */
  limiterMark: unknown;
  /** The rate limiter's own: the time it reserved. */
  rateMark: number;
}

/** Plain JSON. Times in it are wall-clock, so that it means something after a restart. */
export type PolicySnapshot = { readonly [key: string]: string | number | boolean | null | PolicySnapshot | readonly number[] };

/**
 * A small state machine that admits attempts and learns from how they end. It holds arithmetic and state: no timers, no
 * events, no waiting, no listening to signals; the pipeline does that. `nowMs` is monotonic.
 *
 * For one attempt the pipeline calls `acquire` once. When it was let in (or reserved a time, or stands in line), `release`
 * follows exactly once, whatever happens; `record` comes before it only if the call began.
 *
 * @example A policy that lets nothing in at night.
 * ```ts
 * import { type Policy, resiliencePipeline } from 'ringback';
 *
 * const officeHours: Policy = {
 *   name: 'office-hours',
 *   acquire: () =>
 *     new Date().getUTCHours() >= 6 ? undefined : { code: 'policy-refused', policy: 'office-hours', reason: 'before 6:00 UTC' },
 *   record: () => {},
 *   release: () => {},
 *   snapshot: () => ({}),
 *   restore: () => {},
 * };
 * const pipeline = resiliencePipeline({ extra: [officeHours] });
 * console.log(typeof pipeline.execute); // function
 * ```
 */
export interface Policy {
  /** Stands in refusals, and is what a pipeline's snapshot keeps its state under. */
  readonly name: string;
  /** Would it refuse now? No side effect. Fails fast, and tells the outbox when to come back. */
  peek?(nowMs: number): Refusal | undefined;
  /**
   * In: undefined. In, after a wait: the ms (reserved). In line: a promise that resolves once the attempt is in. Refused: a
   * {@link Refusal}, returned, not thrown.
   */
  acquire(attempt: Attempt, nowMs: number): undefined | number | Promise<void> | Refusal;
  /** Once, when the outcome is known (a timeout is known before the work ends), only if the call began. */
  record(attempt: Attempt, outcome: Outcome, nowMs: number): void;
  /** Once per acquire: it left the line, never ran (what it took is given back), or its work has really ENDED. */
  release(attempt: Attempt): void;
  /** Plain JSON in wall-clock times, so that it means something after a restart. */
  snapshot(nowMs: number, wallMs: number): PolicySnapshot;
  /** Takes up what {@link Policy.snapshot} gave. What it can't read it ignores, and starts fresh. */
  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void;
}
