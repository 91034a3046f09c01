import type { Clock, TimerHandle } from './clock.js';

/** A wait with an end, for a race. Disposing of it clears its timer: a timer left behind would keep the process alive. */
export class TimeLimit implements Disposable {
  readonly over: Promise<void>;
  readonly #clock: Clock;
  readonly #timer: TimerHandle;

  constructor(clock: Clock, limitMs: number) {
    let end = (): void => {};
    this.over = new Promise((resolve) => {
      end = resolve;
    });
    this.#clock = clock;
    this.#timer = clock.setTimer(end, limitMs);
  }

  [Symbol.dispose](): void {
    this.#clock.clearTimer(this.#timer);
  }
}

/** By its shape: a promise may be of another realm, or of a library. */
export const isPromiseLike = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';

/**
 * What something of the user's answers, at once or by a promise that may never settle. It leaves no timer behind.
 *
 * @throws what the promise rejects with, or what `late` makes when it has not settled in time.
 */
export async function answerInTime<T>(answer: T | PromiseLike<T>, clock: Clock, limitMs: number, late: () => Error): Promise<T> {
  if (!isPromiseLike(answer)) return answer;
  using limit = new TimeLimit(clock, limitMs);
  const isLate = limit.over.then((): never => {
    throw late();
  });
  return await Promise.race([answer, isLate]);
}

/**
 * What something of the user's answers, unless the signal is aborted first. It leaves no listener behind.
 *
 * @throws what the promise rejects with, or the signal's reason.
 */
export async function answerUnlessAborted<T>(answer: T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined || !isPromiseLike(answer)) return answer;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
