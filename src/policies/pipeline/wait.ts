import type { Clock, TimerHandle } from '../../clock.js';
import { listenTo, unlistenTo } from './abort-listeners.js';
import type { PipelineAttempt } from './attempt.js';
import { cancelledError, deadlineError } from './refusal-error.js';

/**
 * Waits in an attempt's stead: a number of ms (a backoff, a reserved time) or a promise (a place in line). It ends at once at the
 * caller's abort, and at the deadline; a time beyond the deadline is not waited for at all.
 *
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause; what the promise rejects with.
 */
export function waitAtGate(gate: number | Promise<void>, attempt: PipelineAttempt, clock: Clock): Promise<void> {
  const { deadlineAtMs, signalOfCaller } = attempt;
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
    timer = clock.setTimer(() => end(() => reject(deadlineWhileWaiting(attempt))), Math.max(0, deadlineAtMs - nowMs));
  });
}

/**
 * Between the end of a wait and what hangs on it, other code runs: the caller may have aborted, the deadline passed.
 *
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause.
 */
export function checkAfterWait(attempt: PipelineAttempt, nowMs: number): void {
  if (attempt.signalOfCaller?.aborted) throw cancelledWhileWaiting(attempt);
  if (nowMs >= attempt.deadlineAtMs) throw deadlineWhileWaiting(attempt);
}

function cancelledWhileWaiting({ destination, previousError, signalOfCaller }: PipelineAttempt): Error {
  return cancelledError(destination, previousError ?? signalOfCaller?.reason);
}

function deadlineWhileWaiting({ destination, number, previousError }: PipelineAttempt): Error {
  return deadlineError(destination, `attempt ${number} still waited to begin`, previousError);
}
