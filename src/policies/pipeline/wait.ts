import type { Clock, TimerHandle } from '../../clock.js';
import { listenTo, unlistenTo } from './abort-listeners.js';
import type { PipelineAttempt } from './attempt.js';
import { cancelledError, deadlineError, tooLateError } from './refusal-error.js';

/**
 * Waits a time in an attempt's stead: a backoff, a reserved time. It ends at once at the caller's abort; a time that ends beyond
 * the deadline is not waited for at all.
 *
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause.
 */
export function waitForTime(delayMs: number, attempt: PipelineAttempt, clock: Clock): Promise<void> {
  if (clock.monotonic() + delayMs >= attempt.deadlineAtMs) {
    if (attempt.signalOfCaller?.aborted) return Promise.reject(cancelledWhileWaiting(attempt));
    const doing = `attempt ${attempt.number} could begin in ${Math.ceil(delayMs)} ms only`;
    return Promise.reject(deadlineError(attempt.destination, doing, attempt.previousError));
  }
  return untilAborted(attempt, clock, (resolve) => clock.setTimer(resolve, delayMs));
}

/**
 * Waits for a place in line to come up. It ends at once at the caller's abort, and while there still is time for the call.
 *
 * @param timeoutMs what an attempt may take; undefined where nothing bounds it
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause; what `admitted` rejects with.
 */
export function waitInLine(
  admitted: Promise<void>,
  attempt: PipelineAttempt,
  clock: Clock,
  timeoutMs: number | undefined,
): Promise<void> {
  return untilAborted(attempt, clock, (resolve, reject) => {
    admitted.then(resolve, reject);
    if (attempt.deadlineAtMs === Number.POSITIVE_INFINITY) return undefined;
    const leastMs = timeForCallMs(attempt, timeoutMs);
    const leavesInMs = Math.max(0, attempt.deadlineAtMs - leastMs - clock.monotonic());
    return clock.setTimer(() => reject(lateInLine(attempt, leastMs)), leavesInMs);
  });
}

/** What `begin` waits for, or the caller's abort; leaves no timer and no listener behind. */
function untilAborted(
  attempt: PipelineAttempt,
  clock: Clock,
  begin: (resolve: () => void, reject: (error: unknown) => void) => TimerHandle | undefined,
): Promise<void> {
  const { signalOfCaller } = attempt;
  if (signalOfCaller?.aborted) return Promise.reject(cancelledWhileWaiting(attempt));
  return new Promise((resolve, reject) => {
    let timer: TimerHandle | undefined;
    const listener = { handleEvent: () => end(() => reject(cancelledWhileWaiting(attempt))) };
    const end = (settle: () => void): void => {
      if (timer !== undefined) clock.clearTimer(timer);
      timer = undefined;
      if (signalOfCaller !== undefined) unlistenTo(signalOfCaller, listener);
      settle();
    };
    if (signalOfCaller !== undefined) listenTo(signalOfCaller, listener);
    timer = begin(
      () => end(resolve),
      (error) => end(() => reject(error)),
    );
  });
}

/**
 * What must be left of a call's time when it comes out of the line: all that an attempt may take, but no more than half of the whole.
 * Who has stood there longest is next and has the least time left. Begun all the same, it would be cut off by its deadline, and the
 * other end would do its work for nobody.
 */
function timeForCallMs({ enqueuedAtMs, deadlineAtMs }: PipelineAttempt, timeoutMs: number | undefined): number {
  const halfMs = (deadlineAtMs - enqueuedAtMs) / 2;
  return timeoutMs === undefined ? halfMs : Math.min(timeoutMs, halfMs);
}

/**
 * Between the end of a wait and what hangs on it, other code runs: the caller may have aborted, the deadline passed.
 *
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause.
 */
export function checkAfterWait(attempt: PipelineAttempt, nowMs: number): void {
  if (attempt.signalOfCaller?.aborted) throw cancelledWhileWaiting(attempt);
  if (nowMs >= attempt.deadlineAtMs) {
    throw deadlineError(attempt.destination, `attempt ${attempt.number} still waited to begin`, attempt.previousError);
  }
}

function cancelledWhileWaiting({ destination, previousError, signalOfCaller }: PipelineAttempt): Error {
  return cancelledError(destination, previousError ?? signalOfCaller?.reason);
}

function lateInLine({ destination, number, previousError }: PipelineAttempt, leastMs: number): Error {
  const doing = `attempt ${number} could begin less than ${Math.round(leastMs)} ms before its deadline only, and may take as long`;
  return tooLateError(destination, doing, previousError);
}
