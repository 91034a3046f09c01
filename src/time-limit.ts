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
