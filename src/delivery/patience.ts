import type { Clock } from '../clock.js';
import { isRingbackError, RingbackError } from '../errors.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';

/** How long something of the user's is waited for. */
export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: CancelSignal | undefined;
  /** The error that says what did not answer. */
  readonly late: () => RingbackError;
}

/**
 * Waits for a promise of the user's (a store, a signature function), which may never settle: no longer than `timeoutMs`, and
 * not past an abort. It leaves no timer and no listener behind.
 *
 * @throws what the promise rejects with, what `late` makes, or a RingbackError `cancelled` or `closed` at an abort.
 */
export function waitFor<T>(promise: PromiseLike<T>, patience: Patience): Promise<T> {
  const { clock, timeoutMs, signal, late } = patience;
  return new Promise<T>((resolve, reject) => {
    const end = (settle: () => void): void => {
      if (timer !== undefined) clock.clearTimer(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(abortError(signal?.reason)));
    const timer =
      signal?.aborted || timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : clock.setTimer(() => end(() => reject(late())), Math.max(0, timeoutMs));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error)),
    );
  });
}

/** Sleeps; an abort ends it. */
export function pause(pauseMs: number, clock: Clock, signal: CancelSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clock.clearTimer(timer);
      reject(abortError(signal?.reason));
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, pauseMs);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The error of a call that was aborted before it had begun: the instance was closed, or the caller gave up. */
export function abortError(reason: unknown): RingbackError {
  if (isRingbackError(reason, 'closed')) return reason;
  return new RingbackError('cancelled', 'the caller aborted before anything was sent', { cause: reason });
}
