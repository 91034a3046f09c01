import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sleepOn, systemClock } from '../src/clock.js';

const LONGEST_PLATFORM_DELAY_MS = 2 ** 31 - 1;
const DAY_MS = 86_400_000;

describe('systemClock', () => {
  it('reads the wall clock', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('has a monotonic time that never goes back', () => {
    let last = systemClock.monotonic();
    for (let i = 0; i < 1_000; i++) {
      const next = systemClock.monotonic();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  it('clears a timer of the platform’s that a fake clearTimeout does not know', () => {
    const timer = systemClock.setTimer(() => {}, DAY_MS) as NodeJS.Timeout;
    const real = globalThis.clearTimeout;
    globalThis.clearTimeout = () => {};
    try {
      systemClock.clearTimer(timer);
    } finally {
      globalThis.clearTimeout = real;
    }
    expect((timer as unknown as { _destroyed: boolean })._destroyed).toBe(true);
  });
});

describe('systemClock on a platform whose timers are driven', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('calls a timer once, after its delay', async () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(callback).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it.each([LONGEST_PLATFORM_DELAY_MS, LONGEST_PLATFORM_DELAY_MS + 1, 90 * DAY_MS])(
    'waits out a delay of %d ms, longer than the platform keeps or as long',
    async (delayMs) => {
      const callback = vi.fn();
      systemClock.setTimer(callback, delayMs);
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(callback).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(callback).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('cancels a long timer in its first part and in a later one', async () => {
    const callback = vi.fn();
    systemClock.clearTimer(systemClock.setTimer(callback, 90 * DAY_MS));
    expect(vi.getTimerCount()).toBe(0);

    const later = systemClock.setTimer(callback, 90 * DAY_MS);
    await vi.advanceTimersByTimeAsync(60 * DAY_MS);
    systemClock.clearTimer(later);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(90 * DAY_MS);
    expect(callback).not.toHaveBeenCalled();
  });

  it('ignores the clearing of a timer that has fired or was cleared', async () => {
    const other = vi.fn();
    const timer = systemClock.setTimer(() => {}, 1);
    systemClock.setTimer(other, 2);
    await vi.advanceTimersByTimeAsync(1);
    systemClock.clearTimer(timer);
    systemClock.clearTimer(timer);
    await vi.advanceTimersByTimeAsync(1);
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('takes a delay that is no number for none, once', async () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, Number.NaN);
    await vi.advanceTimersByTimeAsync(5);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('sleep', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const spied = () => {
    const controller = new AbortController();
    return {
      controller,
      added: vi.spyOn(controller.signal, 'addEventListener'),
      removed: vi.spyOn(controller.signal, 'removeEventListener'),
    };
  };

  it('resolves after its delay and leaves no listener', async () => {
    const { controller, added, removed } = spied();
    const slept = systemClock.sleep(1_000, controller.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(slept).resolves.toBeUndefined();
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.slice(0, 2)).toEqual(added.mock.calls[0]?.slice(0, 2));
  });

  it('rejects at once with the reason when aborted, and leaves no timer and no listener', async () => {
    const { controller, added } = spied();
    const reason = new Error('enough');
    const slept = systemClock.sleep(1_000, controller.signal);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(reason);
    expect(vi.getTimerCount()).toBe(0);
    await expect(slept).rejects.toBe(reason);
    expect(added.mock.calls[0]?.[2]).toEqual({ once: true });
  });

  it('rejects without a timer and a listener when aborted before', async () => {
    const { controller, added } = spied();
    controller.abort('over');
    await expect(systemClock.sleep(1_000, controller.signal)).rejects.toBe('over');
    expect(added).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is what a clock of one’s own can be made with', async () => {
    const timers: (() => void)[] = [];
    const own = { setTimer: (callback: () => void) => timers.push(callback), clearTimer: () => {} };
    const slept = sleepOn(own, 5);
    timers[0]?.();
    await expect(slept).resolves.toBeUndefined();
  });
});
