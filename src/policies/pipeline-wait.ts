import type { Clock, TimerHandle } from '../clock.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { PipelineAttempt } from './pipeline-attempt.js';
import { cancelledError, deadlineError } from './refusal-error.js';

/**
 * Waits in a policy's stead: a reserved number of ms, or a place in the concurrency line. It ends at once at the caller's abort,
 * and at the deadline; a reserved time beyond the deadline is not waited for at all.
 *
 * @throws RingbackError `cancelled`, `deadline-exceeded`, with the last real error as its cause.
 */
export function waitAtGate(
  gate: number | Promise<void>,
  attempt: PipelineAttempt,
  limiter: ConcurrencyLimiter | undefined,
  clock: Clock,
): Promise<void> {
  const { destination, deadlineAtMs, signalOfCaller } = attempt;
  const last = attempt.previous?.end;
  const cause = last !== undefined && 'error' in last ? last.error : undefined;
  if (typeof gate === 'number' && clock.monotonic() + gate > deadlineAtMs) {
    return Promise.reject(deadlineError(destination, `the rate limiter's next free time is ${Math.ceil(gate)} ms away`, cause));
  }
  return new Promise((resolve, reject) => {
    let timer: TimerHandle | undefined;
    const end = (settle: () => void): void => {
      if (timer !== undefined) clock.clearTimer(timer);
      signalOfCaller?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(cancelledError(destination, signalOfCaller?.reason)));
    if (signalOfCaller?.aborted) return onAbort();
    signalOfCaller?.addEventListener('abort', onAbort, { once: true });
    if (typeof gate === 'number') {
      timer = clock.setTimer(() => end(resolve), gate);
      return;
    }
    void gate.then(() => end(resolve));
    // One timer for whatever comes first: the deadline, or a slot that can be taken back from work that never ended.
    const watch = (): void => {
      const nowMs = clock.monotonic();
      // What times out from now on can be taken back no sooner than one whole `reclaimAfterMs` from now.
      const reclaimAtMs =
        limiter === undefined ? Number.POSITIVE_INFINITY : Math.min(limiter.reclaimDueAtMs, nowMs + limiter.reclaimAfterMs);
      const wakeAtMs = Math.min(deadlineAtMs, reclaimAtMs);
      if (wakeAtMs === Number.POSITIVE_INFINITY) return;
      timer = clock.setTimer(
        () => {
          const firedAtMs = clock.monotonic();
          if (firedAtMs >= deadlineAtMs) end(() => reject(deadlineError(destination, 'the call still waited in line', cause)));
          else {
            limiter?.reclaim(firedAtMs);
            watch();
          }
        },
        Math.max(0, wakeAtMs - nowMs),
      );
    };
    watch();
  });
}
