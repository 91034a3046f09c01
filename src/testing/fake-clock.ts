import type { Clock } from '../clock.js';
import { checkNames, numberOption, requiredNumber } from '../options.js';
import { VirtualTime } from '../virtual-time.js';

/** Settings of {@link fakeClock}. */
export interface FakeClockOptions {
  /** Wall-clock ms at which it starts. Default: 2025-01-01T00:00:00Z, so that tests don't depend on the day. */
  readonly startAtMs?: number;
}

/** A {@link Clock} that a test moves by hand. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward by `durationMs`, firing timers in order; the promise chains that hang on each settle before the next
   * fires, and all before it returns.
   */
  advance(durationMs: number): Promise<void>;
  /** Fires the next timer, however far off. False when none waits but those at `Infinity`, which never come due. */
  advanceToNextTimer(): Promise<boolean>;
  /** How many timers wait, those at `Infinity` among them: 0 when nothing is left behind. */
  readonly timers: number;
}

/**
 * Time that a test moves by hand; hand it in as `clock` and it drives the whole library: backoff, breakers, budgets,
 * timeouts, the outbox's schedule.
 *
 * It can't drive what keeps time elsewhere: thread-pool work (WebCrypto, zlib) and real sockets, which take real time to
 * settle; undici's own timers; a foreign cockatiel breaker that reads `Date.now`.
 *
 * @throws RingbackError `invalid-option` for an unknown option, and by `advance` for a duration that is negative or not finite.
 * @example
 * ```ts
 * import { fakeClock } from 'ringback/testing';
 *
 * const clock = fakeClock();
 * let rung = false;
 * clock.sleep(60_000).then(() => { rung = true; });
 * await clock.advance(60_000);
 * console.log(rung); // true
 * ```
 */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  checkNames('fakeClock', options, ['startAtMs']);
  const time = new VirtualTime(numberOption('fakeClock.startAtMs', options.startAtMs, Date.UTC(2025, 0, 1), {}));
  return {
    now: () => time.now(),
    monotonic: () => time.monotonic(),
    setTimer: (callback, delayMs) => time.setTimer(callback, delayMs),
    clearTimer: (timer) => time.clearTimer(timer),
    sleep: (delayMs, signal) => time.sleep(delayMs, signal),
    advance: async (durationMs) => {
      requiredNumber('advance(durationMs)', durationMs, { from: 0 });
      await time.advance(durationMs);
    },
    advanceToNextTimer: () => time.fireNext(),
    get timers() {
      return time.timers;
    },
  };
}
