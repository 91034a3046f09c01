import type { EventEmitter, IFailureEvent, ISuccessEvent } from 'cockatiel';
import type { Clock } from '../clock.js';
import type { AttemptEnd, Outcome } from '../outcome.js';
import { Admission, type Gate, isRefusal } from './admission.js';
import type { CancelSignal } from './cancel-signal.js';
import { answer, answerRefused, giveUp } from './pipeline-answer.js';
import { type AttemptOwner, type Interruption, PipelineAttempt } from './pipeline-attempt.js';
import type { Callee, CallOptions, PipelineHooks } from './pipeline-call.js';
import type { PipelinePlan } from './pipeline-plan.js';
import { waitAtGate } from './pipeline-wait.js';
import type { Refusal } from './policy.js';
import { cancelledError, refusalError } from './refusal-error.js';
import type { RetryDecision } from './retry.js';
import type { RetryBudget } from './retry-budget.js';
import type { TimeoutLine } from './timeout-line.js';

const DELIVERED: Outcome = Object.freeze({ kind: 'delivered' });
const INTERRUPTED: Readonly<Record<Interruption['kind'], Outcome>> = Object.freeze({
  'timed-out': Object.freeze({ kind: 'timed-out', reason: 'no answer in time' }),
  cancelled: Object.freeze({ kind: 'cancelled', reason: 'cancelled by the caller' }),
});
/** The user's `classify` threw: nothing is known of the destination, and trying again would throw again. */
const UNCLASSIFIED: Outcome = Object.freeze({ kind: 'shed', reason: 'classify threw' });
const RESOLVED: Promise<void> = Promise.resolve();

/** The longest pause that a Retry-After may put on all calls of the destination. */
const MAX_PAUSE_MS = 60_000;

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
  private readonly plan: PipelinePlan;
  private readonly timeouts: TimeoutLine | undefined;
  private readonly hooks: PipelineHooks | undefined;
  private seenEpoch: number;
  private seenLimit: number;
  /** Set where somebody listens. */
  successes: EventEmitter<ISuccessEvent> | undefined = undefined;
  failures: EventEmitter<IFailureEvent> | undefined = undefined;

  constructor(plan: PipelinePlan, callee: string | undefined, timeouts: TimeoutLine | undefined, hooks?: PipelineHooks) {
    this.plan = plan;
    this.clock = plan.clock;
    this.callee = callee;
    this.deadlineMs = plan.deadlineMs;
    this.admission = new Admission(plan.breaker(), plan.limiter(), plan.rate(), plan.extra);
    this.budget = plan.budget();
    this.timeouts = timeouts;
    this.hooks = hooks;
    this.seenEpoch = this.admission.breaker?.epoch ?? 0;
    this.seenLimit = this.admission.limiter?.limit ?? 0;
  }

  /** `execute`, with what one call may set for itself. */
  call<T>(fn: Callee<T>, signal: CancelSignal | undefined, options: CallOptions | undefined): Promise<T> {
    const nowMs = this.clock.monotonic();
    const refusal = this.admission.peekBreaker(nowMs);
    if (refusal !== undefined) return this.refuse(refusal, options, nowMs);
    return new Promise<T>((resolve, reject) => {
      this.start(new PipelineAttempt(this, 1, nowMs, fn, signal, options, resolve as (value: unknown) => void, reject), nowMs);
    });
  }

  /** Would any policy refuse a call, or keep it waiting, now? For those who would rather come back. */
  peek(nowMs: number): Refusal | undefined {
    return this.admission.peek(nowMs);
  }

  /** True when nothing would be lost by letting it go: no work in flight or waiting, and a breaker that has nothing to say. */
  isIdle(): boolean {
    return this.admission.isIdle();
  }

  /** One microtask later: a promise that is rejected before anyone listens costs twice as much. */
  private refuse(refusal: Refusal, options: CallOptions | undefined, nowMs: number): Promise<never> {
    options?.observer?.refused(1, refusal, nowMs);
    return RESOLVED.then(() => {
      throw refusalError(refusal, this.callee);
    });
  }

  private start(attempt: PipelineAttempt, nowMs: number): void {
    const { signalOfCaller } = attempt;
    if (signalOfCaller?.aborted) {
      attempt.reject(cancelledError(this.callee, signalOfCaller.reason));
      return;
    }
    const gate = this.admission.admit(attempt, nowMs);
    if (gate === undefined) this.invoke(attempt, nowMs);
    else void this.enter(attempt, gate);
  }

  private invoke(attempt: PipelineAttempt, nowMs: number): void {
    attempt.startedAtMs = nowMs;
    let work: unknown;
    try {
      work = attempt.fn(attempt.context());
    } catch (error) {
      this.end(attempt, { error });
      return;
    }
    if (!isPromiseLike(work)) {
      this.fulfil(attempt, work);
      return;
    }
    this.watch(attempt, nowMs);
    work.then(
      (value) => this.fulfil(attempt, value),
      (error: unknown) => this.end(attempt, { error }),
    );
  }

  /** What may answer the attempt before its work ends: its time, or the caller. */
  private watch(attempt: PipelineAttempt, nowMs: number): void {
    const { timeouts } = this;
    const { signalOfCaller } = attempt;
    if (timeouts !== undefined && nowMs + timeouts.timeoutMs <= attempt.deadlineAtMs) timeouts.add(attempt);
    else attempt.armDeadline(this.clock, nowMs);
    if (signalOfCaller !== undefined) attempt.listen(signalOfCaller);
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
      this.release(attempt);
      return;
    }
    let ended = end;
    let outcome: Outcome;
    try {
      outcome = this.plan.outcomeOf(end);
    } catch (error) {
      ended = { error };
      outcome = UNCLASSIFIED;
    }
    try {
      this.conclude(attempt, ended, outcome, this.clock.monotonic());
    } catch (error) {
      attempt.reject(error);
    }
  }

  /** @internal Called by the attempt. */
  interrupted(attempt: PipelineAttempt, { kind, error }: Interruption): void {
    try {
      this.conclude(attempt, { error }, INTERRUPTED[kind], this.clock.monotonic());
    } catch (thrown) {
      attempt.reject(thrown);
    }
  }

  private conclude(attempt: PipelineAttempt, end: AttemptEnd, outcome: Outcome, nowMs: number): void {
    this.settle(attempt, outcome, nowMs);
    if (outcome.kind === 'delivered') {
      answer(attempt, end);
      return;
    }
    const decision = this.decide(attempt, outcome, nowMs, end);
    if (decision.retry) void this.retry(attempt, decision.delayMs, outcome, end);
    else giveUp(attempt, decision.why, end);
  }

  /** The outcome is known: policies learn, and what was taken is given back unless the work goes on. */
  private settle(attempt: PipelineAttempt, outcome: Outcome, nowMs: number): void {
    if (attempt.nextInLine !== undefined) this.timeouts?.remove(attempt);
    attempt.unlisten(this.clock);
    try {
      this.admission.record(attempt, outcome, nowMs);
    } finally {
      if (attempt.interruption === undefined) this.release(attempt);
    }
    if (outcome.kind === 'delivered') {
      this.budget?.deposit(nowMs);
      this.successes?.emit({ duration: nowMs - attempt.startedAtMs });
    } else if (outcome.retryAfterMs !== undefined) {
      this.admission.rate?.pauseUntil(nowMs + Math.min(outcome.retryAfterMs, MAX_PAUSE_MS));
    }
    attempt.options?.observer?.attemptEnded(attempt, outcome, nowMs);
    if (this.hooks !== undefined) this.tellChanges(this.hooks);
  }

  private release(attempt: PipelineAttempt): void {
    this.admission.release(attempt);
    if (this.hooks !== undefined) this.hooks.released(this.callee ?? '');
  }

  private tellChanges(hooks: PipelineHooks): void {
    const { breaker, limiter } = this.admission;
    if (breaker !== undefined && breaker.epoch !== this.seenEpoch) {
      this.seenEpoch = breaker.epoch;
      hooks.circuitChanged(this.callee ?? '', breaker.state, breaker.changeReason);
    }
    if (limiter !== undefined && limiter.limit !== this.seenLimit) {
      this.seenLimit = limiter.limit;
      hooks.limitChanged(this.callee ?? '', limiter.limit);
    }
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
    this.failures?.emit({ duration: nowMs - attempt.startedAtMs, handled: decision.retry, reason: end });
    return decision;
  }

  /** Waits out the delay and tries again. The budget's token goes back if the retry is not made. */
  private async retry(attempt: PipelineAttempt, delayMs: number, outcome: Outcome, end: AttemptEnd): Promise<void> {
    const next = attempt.following(delayMs, end);
    try {
      await waitAtGate(delayMs, next, undefined, this.clock);
      const nowMs = this.clock.monotonic();
      const refusal = this.admission.peekBreaker(nowMs);
      if (refusal === undefined) {
        this.start(next, nowMs);
        return;
      }
      answerRefused(next, refusal, nowMs);
    } catch (error) {
      next.reject(error);
    }
    this.budget?.giveBack(outcome.kind === 'timed-out', this.clock.monotonic());
  }

  /** Waits for what holds the attempt back, and asks again, until it is in, refused, aborted or too late. */
  private async enter(attempt: PipelineAttempt, gate: Exclude<Gate, undefined>): Promise<void> {
    let standing: Gate = gate;
    try {
      while (standing !== undefined) {
        if (typeof standing !== 'number' && isRefusal(standing)) {
          answerRefused(attempt, standing, this.clock.monotonic());
          return;
        }
        await waitAtGate(standing, attempt, this.admission.limiter, this.clock);
        // It may have opened while the attempt waited: what would only fail must not be let through.
        standing = this.admission.peekBreaker(this.clock.monotonic());
        if (standing !== undefined) this.release(attempt);
        else standing = this.admission.admit(attempt, this.clock.monotonic());
      }
    } catch (error) {
      this.release(attempt);
      attempt.reject(error);
      return;
    }
    this.invoke(attempt, this.clock.monotonic());
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}
