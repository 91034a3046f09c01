import { type Clock, sleepOn } from '../clock.js';
import { Cancellation } from './cancellation.js';

/**
 * Calls that run, each with its own way to be called off. One signal shared by all would cost the square of their number at its
 * end, as each call's listener is looked for among all of them; closing many at once is a set of attempts.
 */
export class RunningCalls {
  readonly #running = new Map<Cancellation, Promise<unknown>>();

  get size(): number {
    return this.#running.size;
  }

  /** Runs `work`, which the caller's signal and {@link abortAll} call off. */
  async run<T>(signal: AbortSignal | undefined, work: (cancellation: Cancellation) => Promise<T>): Promise<T> {
    const cancellation = new Cancellation();
    const abort = (): void => cancellation.abort(signal?.reason);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    const running = work(cancellation);
    this.#running.set(cancellation, running);
    try {
      return await running;
    } finally {
      this.#running.delete(cancellation);
      signal?.removeEventListener('abort', abort);
    }
  }

  abortAll(reason: unknown): void {
    for (const cancellation of this.#running.keys()) cancellation.abort(reason);
  }

  /** Resolves when none of the calls that run now runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** As {@link settled}, or after `withinMs`. */
  async quiet(clock: Clock, withinMs: number): Promise<void> {
    if (this.#running.size === 0) return;
    const patience = new AbortController();
    const settled = this.settled().then(() => patience.abort());
    await Promise.race([settled, sleepOn(clock, withinMs, patience.signal).catch(() => {})]);
  }
}
