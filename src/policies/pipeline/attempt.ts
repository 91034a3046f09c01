import type { Clock, TimerHandle } from '../../clock.js';
import type { RingbackError } from '../../errors.js';
import type { AttemptEnd, Outcome } from '../../outcome.js';
import type { Attempt } from '../policy.js';
import { listenTo, unlistenTo } from './abort-listeners.js';
import type { Callee, CallOptions } from './call.js';
import type { AbortListener, CancelSignal } from './cancel-signal.js';
import { attemptTimeoutError, cancelledError, deadlineError } from './refusal-error.js';
import type { PipelineContext } from './settings.js';
import type { TimeoutEntry } from './timeout-line.js';

/** Why a running call was answered before it ended. */
export interface Interruption {
  readonly outcome: Outcome;
  /** What the caller gets. */
  readonly error: RingbackError;
  /** What the callee's signal is aborted with. */
  readonly reason: unknown;
}

/** The outcome of every attempt that its time or the deadline ended: one object, so that an observer knows it from a callee's own. */
export const TIMED_OUT: Outcome = Object.freeze({ kind: 'timed-out', reason: 'no answer in time' });
const CANCELLED: Outcome = Object.freeze({ kind: 'cancelled', reason: 'cancelled by the caller' });

/** How the attempt before ended, and the wait that followed it. */
export interface PreviousAttempt {
  readonly end: AttemptEnd;
  readonly delayMs: number;
  /** Which of its prices the retry budget was charged. */
  readonly timedOut: boolean;
}

/** The pipeline, as far as an attempt knows it. */
export interface AttemptOwner {
  readonly callee: string | undefined;
  readonly deadlineMs: number;
  /** The attempt is answered although its work goes on. */
  interrupted(attempt: PipelineAttempt, interruption: Interruption): void;
}

/**
 * One try in a pipeline: what policies are handed, what the callee is handed, the entry in the line of timeouts and the
 * listener on the caller's signal, all in one object of one shape. A call that goes well costs one of these and one promise.
 */
export class PipelineAttempt implements Attempt, TimeoutEntry, PipelineContext, CancelSignal {
  readonly number: number;
  readonly enqueuedAtMs: number;
  startedAtMs = -1;
  breakerMark = 0;
  limiterMark: unknown = 0;
  rateMark = 0;

  previousInLine: TimeoutEntry | undefined = undefined;
  nextInLine: TimeoutEntry | undefined = undefined;

  /** Which of the pipeline's parts let it in, as bits: each is given back exactly once. */
  held = 0;
  /** One for each policy of the user's that has let it in, in their order. */
  twins: Attempt[] | undefined = undefined;
  /** Set when the call was answered although it still ran. */
  interruption: Interruption | undefined = undefined;
  /** The attempt before this one, and the delay between them. */
  previous: PreviousAttempt | undefined = undefined;

  readonly fn: Callee<unknown>;
  readonly signalOfCaller: CancelSignal | undefined;
  readonly options: CallOptions | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  private readonly owner: AttemptOwner;
  private controller: AbortController | undefined = undefined;
  private abortListener: AbortListener | undefined = undefined;
  private timer: TimerHandle | undefined = undefined;
  private isListening = false;

  constructor(
    owner: AttemptOwner,
    number: number,
    enqueuedAtMs: number,
    fn: Callee<unknown>,
    signalOfCaller: CancelSignal | undefined,
    options: CallOptions | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.owner = owner;
    this.number = number;
    this.enqueuedAtMs = enqueuedAtMs;
    this.fn = fn;
    this.signalOfCaller = signalOfCaller;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  get destination(): string | undefined {
    return this.owner.callee;
  }

  get priority(): number {
    return this.options === undefined ? 0 : this.options.priority;
  }

  get deadlineAtMs(): number {
    return this.enqueuedAtMs + (this.options === undefined ? this.owner.deadlineMs : this.options.deadlineMs);
  }

  /** What the attempt before this one threw, where it threw. */
  get previousError(): unknown {
    const end = this.previous?.end;
    return end !== undefined && 'error' in end ? end.error : undefined;
  }

  /** The callee's name for `number`. */
  get attempt(): number {
    return this.number;
  }

  /** Made when it is asked for: most callees never look. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      // Work that goes on after it was answered may ask late: it must learn that nobody waits for it.
      if (this.interruption !== undefined) this.controller.abort(this.interruption.reason);
    }
    return this.controller.signal;
  }

  /** As the signal's, without making one. */
  get aborted(): boolean {
    return this.interruption !== undefined;
  }

  get reason(): unknown {
    return this.interruption?.reason;
  }

  /** For one listener: who brings more asks for the signal. */
  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.abortListener = listener;
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.abortListener === listener) this.abortListener = undefined;
  }

  /**
   * What the callee is handed. A user's callee that declares a parameter gets a plain object, as cockatiel's `wrap` spreads contexts
   * and a getter on a prototype would be lost; any other gets the attempt, whose signal costs nothing unseen.
   */
  context(): PipelineContext {
    return this.options === undefined && this.fn.length > 0 ? { signal: this.signal, attempt: this.number } : this;
  }

  /** The same try for a policy of the user's, which gets fields of its own. */
  twin(): Attempt {
    const { number, destination, priority, enqueuedAtMs, deadlineAtMs, startedAtMs } = this;
    const marks = { breakerMark: 0, limiterMark: 0, rateMark: 0 };
    return { number, destination, priority, enqueuedAtMs, deadlineAtMs, startedAtMs, ...marks };
  }

  /** The try that follows this one. */
  following(previous: PreviousAttempt): PipelineAttempt {
    const { owner, number, enqueuedAtMs, fn, signalOfCaller, options, resolve, reject } = this;
    const next = new PipelineAttempt(owner, number + 1, enqueuedAtMs, fn, signalOfCaller, options, resolve, reject);
    next.previous = previous;
    return next;
  }

  /** A time of its own, where the deadline comes before the shared timeout would. */
  armDeadline(clock: Clock, nowMs: number): void {
    const leftMs = this.deadlineAtMs - nowMs;
    if (leftMs === Number.POSITIVE_INFINITY) return;
    this.timer = clock.setTimer(() => this.passDeadline(), Math.max(0, leftMs));
  }

  listen(signal: CancelSignal): void {
    // The callee may have aborted it itself.
    if (signal.aborted) {
      this.handleEvent();
      return;
    }
    this.isListening = true;
    listenTo(signal, this);
  }

  /** Leaves no timer and no listener behind. */
  unlisten(clock: Clock): void {
    if (this.timer !== undefined || this.isListening) this.leaveNothing(clock);
  }

  /** Apart, as few calls have anything to leave: V8 then inlines the question into every call. */
  private leaveNothing(clock: Clock): void {
    if (this.timer !== undefined) {
      clock.clearTimer(this.timer);
      this.timer = undefined;
    }
    if (this.isListening) {
      this.isListening = false;
      unlistenTo(this.signalOfCaller as CancelSignal, this);
    }
  }

  /** Its time in the line of timeouts is over; that time may be the deadline's too. */
  expire(afterMs: number): void {
    if (this.startedAtMs + afterMs >= this.deadlineAtMs) this.passDeadline();
    else this.timeOut(attemptTimeoutError(this.destination, Math.round(afterMs)));
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    const reason: unknown = this.signalOfCaller?.reason;
    this.interrupt({ outcome: CANCELLED, error: cancelledError(this.destination, reason), reason });
  }

  private passDeadline(): void {
    this.timeOut(deadlineError(this.destination, `attempt ${this.number} was still running`, this.previousError));
  }

  private timeOut(error: RingbackError): void {
    this.interrupt({ outcome: TIMED_OUT, error, reason: error });
  }

  private interrupt(interruption: Interruption): void {
    this.interruption = interruption;
    // Answered first, aborted second: the callee's own AbortError must not win over the reason.
    this.owner.interrupted(this, interruption);
    this.controller?.abort(interruption.reason);
    const { abortListener } = this;
    this.abortListener = undefined;
    if (typeof abortListener === 'function') abortListener();
    else abortListener?.handleEvent();
  }
}
