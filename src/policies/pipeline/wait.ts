import type { Clock, TimerHandle } from '../../clock.js';
import { listenTo, unlistenTo } from './abort-listeners.js';
import type { PipelineAttempt } from './attempt.js';
import { cancelledError, deadlineError, tooLateError } from './refusal-error.js';

/**
 * Waits in an attempt's stead: a number of ms (a backoff, a reserved time) or a promise (a place in line). It ends at once at the
 * caller's abort, and at the deadline; a time beyond the deadline is not waited for at all. In line it ends sooner: while there
 * still is time for the call.
 *
 * @param timeoutMs what an attempt may take, where that is bounded
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause; what the promise rejects with.
 */
export function waitAtGate(
  gate: number | Promise<void>,
  attempt: PipelineAttempt,
  clock: Clock,
  timeoutMs: number = 0,
): Promise<void> {
  const { signalOfCaller } = attempt;
  const { deadlineAtMs } = attempt;
  if (signalOfCaller?.aborted) return Promise.reject(cancelledWhileWaiting(attempt));
  const nowMs = clock.monotonic();
  if (typeof gate === 'number' && nowMs + gate >= deadlineAtMs) {
    const doing = `attempt ${attempt.number} could begin in ${Math.ceil(gate)} ms only`;
    return Promise.reject(deadlineError(attempt.destination, doing, attempt.previousError));
  }
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
    if (typeof gate === 'number') {
      timer = clock.setTimer(() => end(resolve), gate);
      return;
    }
    gate.then(
      () => end(resolve),
      (error: unknown) => end(() => reject(error)),
    );
    if (deadlineAtMs === Number.POSITIVE_INFINITY) return;
    const leastMs = timeForCallMs(attempt, timeoutMs);
    const leave = (): void => end(() => reject(lateInLine(attempt, leastMs)));
    timer = clock.setTimer(leave, Math.max(0, deadlineAtMs - leastMs - nowMs));
  });
}

/**
 * What must be left of a call's time when it comes out of the line: all that an attempt may take, but no more than half of the whole.
 * Who has stood there longest is next and has the least time left. Begun all the same, it would be cut off by its deadline, and the
 * other end would do its work for nobody.
 */
function timeForCallMs({ enqueuedAtMs, deadlineAtMs }: PipelineAttempt, timeoutMs: number): number {
  return Math.min(timeoutMs, (deadlineAtMs - enqueuedAtMs) / 2);
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
  const left = `attempt ${number} still stood in line ${Math.round(leastMs)} ms before it`;
  return tooLateError(destination, left, previousError);
}
