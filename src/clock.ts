/**
 * Time. Everything in ringback that reads time or waits takes a {@link Clock}; nothing else touches the globals. Hand in
 * `fakeClock()` from `ringback/testing` and a test drives hours of retries in milliseconds.
 */

/** What {@link Clock.setTimer} gives back, to be handed to {@link Clock.clearTimer}. Opaque. */
export type TimerHandle = object | number;

/**
 * A source of time. Bring your own where the process has a better one; {@link systemClock} is the default.
 *
 * @example
 * ```ts
 * import { type Clock, systemClock } from 'ringback';
 *
 * const skewed: Clock = { ...systemClock, now: () => systemClock.now() + 60_000 };
 * console.log(skewed.now() > systemClock.now()); // true
 * ```
 */
export interface Clock {
  /** Wall-clock time in ms since the epoch. It may jump; use it for what leaves the process (timestamps, snapshots). */
  now(): number;
  /** Monotonic time in ms since an arbitrary start. It never goes back; every duration is measured on it. */
  monotonic(): number;
  /** Calls `callback` once, `delayMs` from now. While it waits it keeps the process alive. Delays of any length work. */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
  /** Cancels a timer. A timer that has fired, or was cancelled before, is ignored. */
  clearTimer(timer: TimerHandle): void;
  /**
   * Resolves after `delayMs`. An abort rejects at once with the signal's reason, and leaves no timer and no listener behind.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay that the platform's setTimeout keeps; above it fires at once, so longer ones are waited for in parts. */
const MAX_PLATFORM_DELAY_MS = 2 ** 31 - 1;

/** A timer longer than the platform's longest: the part that runs now. */
interface LongTimer {
  part: TimerHandle;
}

const isLongTimer = (timer: TimerHandle): timer is LongTimer => typeof timer === 'object' && 'part' in timer;

function setPlatformTimer(callback: () => void, delayMs: number): TimerHandle {
  if (!(delayMs > MAX_PLATFORM_DELAY_MS)) return globalThis.setTimeout(callback, delayMs);
  const long: LongTimer = { part: 0 };
  let leftMs = delayMs;
  const next = (): void => {
    if (leftMs <= 0) {
      callback();
      return;
    }
    const partMs = Math.min(leftMs, MAX_PLATFORM_DELAY_MS);
    leftMs -= partMs;
    long.part = globalThis.setTimeout(next, partMs);
  };
  next();
  return long;
}

const platformClearTimeout = globalThis.clearTimeout;

/** A timer set before a fake came is the platform's to clear; of a fake's timer the platform takes no notice. */
function clearPlatformTimer(timer: TimerHandle): void {
  if (isLongTimer(timer)) {
    clearPlatformTimer(timer.part);
    return;
  }
  platformClearTimeout(timer as number);
  if (globalThis.clearTimeout !== platformClearTimeout) globalThis.clearTimeout(timer as number);
}

type DateSource = typeof Date & { readonly isMock?: boolean };

const platformSetTimeout: unknown = globalThis.setTimeout;
const platformPerformance = globalThis.performance;

/** True once fake timers were seen, which node:test's show by the Date alone: from then on each reading asks what it is read from. */
let wasFaked = (globalThis.Date as DateSource).isMock === true;
/** What was last read from; a fake installed or removed since then is another function. */
let source: (() => number) | undefined;
let lastMs = 0;
let offsetMs = 0;

/** On the path of every call: while no fake was ever seen, it is the platform's reading and nothing else. */
function readMonotonic(): number {
  if (!wasFaked && globalThis.setTimeout === platformSetTimeout) return platformPerformance.now();
  return readThroughFakes();
}

/**
 * Fakes start their monotonic time anew, and node:test's fake only the Date. So the time is taken from what moves with the
 * timers, and goes on from the last reading when that changes: no duration is negative or jumps because a test fakes time.
 */
function readThroughFakes(): number {
  if (!wasFaked) {
    wasFaked = true;
    source = platformPerformance.now;
    lastMs = platformPerformance.now();
  }
  const date = globalThis.Date as DateSource;
  const { performance } = globalThis;
  const isDateOnly = date.isMock === true;
  const from = isDateOnly ? date.now : performance.now;
  const sourceMs = isDateOnly ? date.now() : performance.now();
  let nowMs = sourceMs + offsetMs;
  if (from !== source || nowMs < lastMs) {
    source = from;
    offsetMs = lastMs - sourceMs;
    nowMs = lastMs;
  }
  lastMs = nowMs;
  return nowMs;
}

/**
 * The process's own time. It looks the globals up at each call, so the fake timers of vitest, sinon, jest and node:test,
 * installed at any moment, drive it too.
 *
 * @example
 * ```ts
 * import { systemClock } from 'ringback';
 *
 * const startedMs = systemClock.monotonic();
 * await systemClock.sleep(10);
 * console.log(systemClock.monotonic() - startedMs > 5); // true
 * ```
 */
export const systemClock: Clock = {
  now: () => globalThis.Date.now(),
  monotonic: readMonotonic,
  setTimer: setPlatformTimer,
  clearTimer: clearPlatformTimer,
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** True while the clock's timers are the platform's own, not fakes that a test counts and fires by hand. */
export function runsOnPlatformTimers(clock: Clock): boolean {
  return clock === systemClock && globalThis.setTimeout === platformSetTimeout;
}

/** What the clock's timers come from now. A timer that was armed on another source may never fire: arm it again. */
export function timerSource(clock: Clock): unknown {
  return clock === systemClock ? globalThis.setTimeout : clock;
}

/**
 * `sleep` made of a clock's timers: what a {@link Clock} of your own can use for its `sleep`.
 *
 * @param clock whose timers to wait on
 * @param delayMs how long, in ms
 * @throws the signal's reason, at once when it is aborted already.
 * @example
 * ```ts
 * import { type Clock, sleepOn, systemClock } from 'ringback';
 *
 * const hasty: Clock = {
 *   ...systemClock,
 *   setTimer: (callback, delayMs) => systemClock.setTimer(callback, delayMs / 1_000),
 *   sleep: (delayMs, signal) => sleepOn(hasty, delayMs, signal),
 * };
 * await hasty.sleep(10_000); // ten milliseconds
 * ```
 */
export function sleepOn(clock: Pick<Clock, 'setTimer' | 'clearTimer'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clock.clearTimer(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
