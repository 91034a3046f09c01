import type { TimerHandle } from '../clock.js';
import { type SimulatedAnswer, type SimulatedFailure, TAKEN } from './failure.js';
import type { Work } from './receiver.js';

/** One callback on its way, as the simulation counts it. */
export interface SimulatedCallback {
  readonly client: number;
  readonly destination: number;
  readonly offeredAtMs: number;
  /** What the receiver worked on the answer that the client got last; `-1` while it got none that says yes. */
  servedMs: number;
}

/** One attempt of a callback: the caller's end of it, and the receiver's. */
export class Request implements Work {
  arrivedAtMs = 0;
  startedAtMs = 0;
  serviceMs = 0;
  serving: TimerHandle | undefined = undefined;
  readonly #callback: SimulatedCallback;
  readonly #signal: AbortSignal | undefined;
  readonly #left: () => void;
  readonly #resolve: (answer: SimulatedAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #isOver = false;

  /** @param left told once, when the caller has its answer or no longer waits for it */
  constructor(
    callback: SimulatedCallback,
    signal: AbortSignal | undefined,
    left: () => void,
    resolve: (answer: SimulatedAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#callback = callback;
    this.#signal = signal;
    this.#left = left;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener('abort', this, { once: true });
  }

  /** The answer has arrived: a failure, or undefined for a yes. Whoever gave up does not hear it. */
  answered(failure: SimulatedFailure | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this);
    this.#left();
    if (failure !== undefined) {
      this.#reject(failure);
      return;
    }
    this.#callback.servedMs = this.serviceMs;
    this.#resolve(TAKEN);
  }

  /** The caller gave up. */
  handleEvent(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#left();
    this.#reject(this.#signal?.reason);
  }
}
