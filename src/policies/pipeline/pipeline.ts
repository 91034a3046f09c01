import type { Clock } from '../../clock.js';
import type { AttemptEnd, Outcome } from '../../outcome.js';
import type { Refusal } from '../policy.js';
import type { RetryDecision } from '../retry.js';
import type { RetryBudget } from '../retry-budget.js';
import { Admission, type Gate, isRefusal } from './admission.js';
import { answer, answerNotBegun, answerRefused, giveUp, refused } from './answer.js';
import { type AttemptOwner, type Interruption, PipelineAttempt, type PreviousAttempt } from './attempt.js';
import { type Callee, type CallOptions, type PipelineHooks, promiseOf } from './call.js';
import type { CancelSignal } from './cancel-signal.js';
import { PipelineListeners } from './listeners.js';
import { type PipelinePlan, UNCLASSIFIED } from './plan.js';
import { ReclaimWatch } from './reclaim-watch.js';
import { cancelledError } from './refusal-error.js';
import type { TimeoutLine } from './timeout-line.js';
import { checkAfterWait, waitForTime, waitInLine } from './wait.js';

const DELIVERED: Outcome = Object.freeze({ kind: 'delivered' });

/** One executor for all promises: a closure for each costs more than a policy. What it captures is read before anything else runs. */
let resolveCaptured: (value: unknown) => void;
let rejectCaptured: (error: unknown) => void;
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  resolveCaptured = resolve as (value: unknown) => void;
  rejectCaptured = reject;
};

/**
 * Runs calls under policies: deadline → retry and budget → breaker → concurrency line → rate → breaker's admission → timeout →
 * call. `ResiliencePipeline` is its public face, and `createRingback` keeps one per destination.
 *
 * A call that goes well takes one promise and one object, and no async frame: what waits, retries or fails is in methods of
 * its own.
 */
export class Pipeline implements AttemptOwner {
  /** What is called, for messages: the destination, or the pipeline's name. */
  readonly callee: string | undefined;
  /** Ms that a whole call may take; `Infinity` without a deadline. */
  readonly deadlineMs: number;
  /** What retries draw on, where there is one. */
  readonly budget: RetryBudget | undefined;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly listeners: PipelineListeners;
  private readonly plan: PipelinePlan;
  private readonly timeouts: TimeoutLine | undefined;
  /** Made when an attempt first has to wait in line. */
  private reclaims: ReclaimWatch | undefined = undefined;

  constructor(plan: PipelinePlan, callee: string | undefined, timeouts: TimeoutLine | undefined, hooks?: PipelineHooks) {
    this.plan = plan;
    this.clock = plan.clock;
    this.callee = callee;
    this.deadlineMs = plan.deadlineMs;
    this.admission = new Admission(plan.breaker(), plan.limiter(), plan.rate(), plan.extra);
    this.budget = plan.budget();
    this.timeouts = timeouts;
    this.listeners = new PipelineListeners(callee, hooks, this.admission);
  }

  /** `execute`, with what one call may set for itself. */
  call<T>(fn: Callee<T>, signal: CancelSignal | undefined, options: CallOptions | undefined): Promise<T> {
    if (signal?.aborted) return Promise.reject(cancelledError(this.callee, signal.reason));
    const nowMs = this.clock.monotonic();
    const refusal = this.admission.peekBreaker(nowMs);
    if (refusal !== undefined) {
      options?.observer?.refused(1, refusal, nowMs);
      return refused(refusal, this.callee);
    }
    const promise = new Promise<T>(capture);
    const attempt = new PipelineAttempt(this, 1, nowMs, fn, signal, options, resolveCaptured, rejectCaptured);
    try {
      this.start(attempt, nowMs);
    } catch (error) {
      attempt.reject(error);
    }
    return promise;
  }

  /** Would any policy refuse a call, or keep it waiting, now? For those who would rather come back. */
  peek(nowMs: number): Refusal | undefined {
    return this.admission.peek(nowMs);
  }

  /** True when nothing would be lost by letting it go: no work in flight or waiting, and a breaker that has nothing to say. */
  isIdle(): boolean {
    return this.admission.isIdle(this.clock);
  }

  private start(attempt: PipelineAttempt, nowMs: number): void {
    let gate: Gate;
    try {
      gate = this.admission.admit(attempt, nowMs);
    } catch (error) {
      this.abandon(attempt, error);
      return;
    }
    if (gate === undefined) this.invoke(attempt, nowMs);
    else void this.enter(attempt, gate);
  }

  private invoke(attempt: PipelineAttempt, nowMs: number): void {
    attempt.startedAtMs = nowMs;
    let work: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      work = attempt.fn(attempt.context());
      promise = promiseOf(work);
    } catch (error) {
      this.end(attempt, { error });
      return;
    }
    if (promise === undefined) {
      this.fulfil(attempt, work);
      return;
    }
    this.watch(attempt, nowMs);
    promise.then(
      (value) => this.fulfil(attempt, value),
      (error: unknown) => this.end(attempt, { error }),
    );
  }

  /** What may answer the attempt before its work ends: its time, or the caller. */
  private watch(attempt: PipelineAttempt, nowMs: number): void {
    const { timeouts } = this;
    if (timeouts !== undefined && nowMs + timeouts.timeoutMs <= attempt.deadlineAtMs) timeouts.add(attempt);
    else attempt.armDeadline(this.clock, nowMs);
    if (attempt.signalOfCaller !== undefined) attempt.listen(attempt.signalOfCaller);
  }

  private fulfil(attempt: PipelineAttempt, value: unknown): void {
    if (this.plan.classify !== undefined || attempt.interruption !== undefined) {
      this.end(attempt, { value });
      return;
    }
    try {
      this.settle(attempt, DELIVERED, this.clock.monotonic());
      attempt.resolve(value);
    } catch (error) {
      attempt.reject(error);
    }
  }

  /** The work has ended. If the attempt was answered before, all that is left is to give its place back. */
  private end(attempt: PipelineAttempt, end: AttemptEnd): void {
    if (attempt.interruption !== undefined) {
      this.releaseUnheard(attempt);
      return;
    }
    let ended = end;
    let outcome = UNCLASSIFIED;
    try {
      outcome = this.plan.outcomeOf(end);
    } catch (error) {
      ended = { error };
    }
    try {
      this.conclude(attempt, ended, outcome, this.clock.monotonic());
    } catch (error) {
      attempt.reject(error);
    }
  }

  /** @internal Called by the attempt. */
  interrupted(attempt: PipelineAttempt, { outcome, error }: Interruption): void {
    try {
      this.conclude(attempt, { error }, outcome, this.clock.monotonic());
    } catch (thrown) {
      attempt.reject(thrown);
    }
    // A slot whose work goes on can be taken back one day.
    this.watchLine();
  }

  private conclude(attempt: PipelineAttempt, end: AttemptEnd, outcome: Outcome, nowMs: number): void {
    this.settle(attempt, outcome, nowMs);
    if (outcome.kind === 'delivered') {
      answer(attempt, end);
      return;
    }
    const decision = this.decide(attempt, outcome, nowMs, end);
    if (decision.retry) void this.retry(attempt, { end, delayMs: decision.delayMs, timedOut: outcome.kind === 'timed-out' });
    else giveUp(attempt, decision.why, end);
  }

  /** The outcome is known: policies learn, and what was taken is given back unless the work goes on. */
  private settle(attempt: PipelineAttempt, outcome: Outcome, nowMs: number): void {
    if (attempt.nextInLine !== undefined) this.timeouts?.remove(attempt);
    attempt.unlisten(this.clock);
    // First, as a policy of the user's may throw: what was delivered must be known as delivered, whatever comes of it.
    attempt.options?.observer?.attemptEnded(attempt, outcome, nowMs);
    try {
      this.admission.record(attempt, outcome, nowMs);
    } finally {
      if (attempt.interruption === undefined) this.release(attempt);
    }
    if (outcome.kind === 'delivered') {
      this.budget?.deposit(nowMs);
      this.listeners.succeeded(nowMs - attempt.startedAtMs);
    } else if (outcome.retryAfterMs !== undefined) {
      this.admission.pause(outcome.retryAfterMs, nowMs);
    }
    this.listeners.recorded(this.admission);
  }

  private release(attempt: PipelineAttempt): void {
    this.admission.release(attempt);
    this.listeners.released();
  }

  private decide(attempt: PipelineAttempt, outcome: Outcome, nowMs: number, end: AttemptEnd): RetryDecision {
    const { number, deadlineAtMs, options } = attempt;
    const previousDelayMs = attempt.previous?.delayMs ?? 0;
    let decision: RetryDecision = { retry: false, why: 'not-retryable' };
    if (options === undefined || options.retries) {
      decision = this.plan.retry.next({ attempt: number, previousDelayMs, outcome, nowMs, deadlineAtMs });
      if (decision.retry && this.budget?.withdraw(outcome.kind === 'timed-out', nowMs) === false) {
        decision = { retry: false, why: 'budget-empty' };
      }
      options?.observer?.decided(decision, this.budget?.balance(nowMs));
    }
    this.listeners.failed(nowMs - attempt.startedAtMs, decision.retry, end);
    return decision;
  }

  /** Waits out the delay and tries again, unless meanwhile the circuit opened, the caller aborted or the deadline passed. */
  private async retry(attempt: PipelineAttempt, previous: PreviousAttempt): Promise<void> {
    const next = attempt.following(previous);
    try {
      await waitForTime(previous.delayMs, next, this.clock);
      const nowMs = this.clock.monotonic();
      checkAfterWait(next, nowMs);
      const refusal = this.admission.peekBreaker(nowMs);
      if (refusal === undefined) this.start(next, nowMs);
      else this.turnAway(next, refusal, nowMs);
    } catch (error) {
      this.abandon(next, error);
    }
  }

  /** Waits for what holds the attempt back, and asks again, until it is in, refused, aborted or too late. */
  private async enter(attempt: PipelineAttempt, gate: Exclude<Gate, undefined>): Promise<void> {
    let standing: Gate = gate;
    let nowMs = 0;
    try {
      while (standing !== undefined) {
        if (isRefusal(standing)) {
          this.turnAway(attempt, standing, this.clock.monotonic());
          return;
        }
        this.watchLine();
        if (typeof standing === 'number') await waitForTime(standing, attempt, this.clock);
        else await waitInLine(standing, attempt, this.clock, this.timeouts?.timeoutMs);
        nowMs = this.clock.monotonic();
        checkAfterWait(attempt, nowMs);
        // It may have opened while the attempt waited: what would only fail must not be let through.
        standing = this.admission.peekBreaker(nowMs) ?? this.admission.admit(attempt, nowMs);
      }
    } catch (error) {
      this.abandon(attempt, error);
      return;
    }
    this.watchLine();
    this.invoke(attempt, nowMs);
  }

  private turnAway(attempt: PipelineAttempt, refusal: Refusal, nowMs: number): void {
    answerRefused(attempt, refusal, nowMs);
    this.giveBack(attempt);
  }

  private abandon(attempt: PipelineAttempt, error: unknown): void {
    answerNotBegun(attempt, error);
    this.giveBack(attempt);
  }

  /** The attempt is not made: what it took on its way goes back, the retry budget's token too. */
  private giveBack(attempt: PipelineAttempt): void {
    if (attempt.held !== 0 || attempt.twins !== undefined) this.releaseUnheard(attempt);
    if (attempt.previous !== undefined) this.budget?.giveBack(attempt.previous.timedOut, this.clock.monotonic());
    this.watchLine();
  }

  /** The caller has its answer, so there is nobody to tell that a policy of the user's threw. */
  private releaseUnheard(attempt: PipelineAttempt): void {
    try {
      this.release(attempt);
    } catch {
      // The others have been given back all the same.
    }
  }

  private watchLine(): void {
    const { limiter } = this.admission;
    if (limiter === undefined || (this.reclaims === undefined && limiter.waiting === 0)) return;
    this.reclaims ??= new ReclaimWatch(limiter, this.clock);
    this.reclaims.look();
  }
}
