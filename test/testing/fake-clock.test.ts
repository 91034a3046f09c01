import { describe, expect, it, vi } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { fakeClock } from '../../src/testing/fake-clock.js';

const HOUR_MS = 3_600_000;

describe('fakeClock', () => {
  it('starts at a stated day, so that tests don’t depend on the day', () => {
    expect(new Date(fakeClock().now()).toISOString()).toBe('2025-01-01T00:00:00.000Z');
    expect(fakeClock({ startAtMs: 42 }).now()).toBe(42);
  });

  it('drives hours of waiting, timers in order', async () => {
    const clock = fakeClock();
    const story: string[] = [];
    clock.setTimer(() => story.push('late'), 2 * HOUR_MS);
    void clock.sleep(HOUR_MS).then(() => story.push('early'));
    await clock.advance(3 * HOUR_MS);
    expect(story).toEqual(['early', 'late']);
    expect(clock.monotonic()).toBe(3 * HOUR_MS);
  });

  it('goes to the next timer, however far off', async () => {
    const clock = fakeClock();
    const callback = vi.fn();
    clock.setTimer(callback, 24 * HOUR_MS);
    await expect(clock.advanceToNextTimer()).resolves.toBe(true);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(clock.monotonic()).toBe(24 * HOUR_MS);
    await expect(clock.advanceToNextTimer()).resolves.toBe(false);
  });

  it('never comes to a timer at Infinity, which waits until it is cleared', async () => {
    const clock = fakeClock({ startAtMs: 0 });
    const timer = clock.setTimer(() => expect.unreachable(), Number.POSITIVE_INFINITY);
    const callback = vi.fn();
    clock.setTimer(callback, HOUR_MS);
    await expect(clock.advanceToNextTimer()).resolves.toBe(true);
    expect(callback).toHaveBeenCalledTimes(1);
    await expect(clock.advanceToNextTimer()).resolves.toBe(false);
    expect([clock.now(), clock.timers]).toEqual([HOUR_MS, 1]);
    clock.clearTimer(timer);
    expect(clock.timers).toBe(0);
  });

  it('counts the timers that wait', async () => {
    const clock = fakeClock();
    const timer = clock.setTimer(() => {}, 10);
    clock.setTimer(() => {}, 20);
    expect(clock.timers).toBe(2);
    clock.clearTimer(timer);
    expect(clock.timers).toBe(1);
    await clock.advance(20);
    expect(clock.timers).toBe(0);
  });

  it('works taken apart, as its methods are handed around', async () => {
    const { now, monotonic, setTimer, clearTimer, sleep, advance } = fakeClock({ startAtMs: 0 });
    clearTimer(setTimer(() => expect.unreachable(), 5));
    const slept = sleep(5);
    await advance(5);
    await slept;
    expect([now(), monotonic()]).toEqual([5, 5]);
  });

  it.each([
    [-1, '-1 (number)'],
    [Number.NaN, 'NaN (number)'],
    [Number.POSITIVE_INFINITY, 'Infinity (number)'],
    ['5', '"5" (string)'],
    [undefined, 'undefined (undefined)'],
  ])('refuses to advance by %s', async (durationMs, shown) => {
    const clock = fakeClock();
    const error = await clock.advance(durationMs as number).catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect(String(error)).toContain(shown);
    expect(clock.monotonic()).toBe(0);
  });

  it.each([[{ startsAtMs: 5 }], [{ startAtMs: Number.NaN }], [{ startAtMs: '2025' }], [null]])(
    'refuses the options %o',
    (options) => {
      let thrown: unknown;
      try {
        fakeClock(options as never);
      } catch (error) {
        thrown = error;
      }
      expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    },
  );
});
