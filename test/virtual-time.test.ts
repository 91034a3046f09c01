import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isRingbackError } from '../src/errors.js';
import { VirtualTime } from '../src/virtual-time.js';

describe('VirtualTime', () => {
  afterEach(() => void vi.useRealTimers());

  it('starts where it is told to, and its monotonic time at 0', () => {
    const time = new VirtualTime(1_700_000_000_000);
    expect([time.now(), time.monotonic(), time.timers]).toEqual([1_700_000_000_000, 0, 0]);
  });

  it('stands still until it is moved', async () => {
    const time = new VirtualTime(5);
    await time.advance(0);
    expect(time.now()).toBe(5);
    await time.advance(2.5);
    expect([time.now(), time.monotonic()]).toEqual([7.5, 2.5]);
  });

  it('fires timers in order of time, ties in the order they were set', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }), async (delaysMs) => {
        const time = new VirtualTime(0);
        const fired: { delayMs: number; order: number; atMs: number }[] = [];
        for (const [order, delayMs] of delaysMs.entries()) {
          time.setTimer(() => fired.push({ delayMs, order, atMs: time.monotonic() }), delayMs);
        }
        await time.advance(30);
        expect(fired).toEqual(
          delaysMs
            .map((delayMs, order) => ({ delayMs, order, atMs: delayMs }))
            .sort((a, b) => a.delayMs - b.delayMs || a.order - b.order),
        );
        expect(time.timers).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('settles the chain of promises that hangs on a timer before the next one fires', async () => {
    const time = new VirtualTime(0);
    const story: string[] = [];
    const chain = async (): Promise<void> => {
      await time.sleep(10);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      await new Promise<void>((resolve) => process.nextTick(resolve));
      story.push('chain');
    };
    void chain();
    time.setTimer(() => story.push('next'), 10);
    await time.advance(10);
    expect(story).toEqual(['chain', 'next']);
  });

  it('settles what was begun before it moves, so that its timers count', async () => {
    const time = new VirtualTime(0);
    const begin = async (): Promise<number> => {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      await time.sleep(5);
      return time.monotonic();
    };
    const moved = begin();
    await time.advance(5);
    await expect(moved).resolves.toBe(5);
    const fired = begin();
    await expect(time.fireNext()).resolves.toBe(true);
    await expect(fired).resolves.toBe(10);
  });

  it('fires within one move what timers set on their way', async () => {
    const time = new VirtualTime(0);
    const atMs: number[] = [];
    const again = (): void => {
      atMs.push(time.monotonic());
      if (atMs.length < 5) time.setTimer(again, 10);
    };
    time.setTimer(again, 10);
    await time.advance(45);
    expect(atMs).toEqual([10, 20, 30, 40]);
    expect([time.monotonic(), time.timers]).toEqual([45, 1]);
  });

  it('queues one move behind another', async () => {
    const time = new VirtualTime(0);
    const seen: number[] = [];
    time.setTimer(() => seen.push(time.monotonic()), 15);
    await Promise.all([
      time.advance(10).then(() => seen.push(time.monotonic())),
      time.fireNext().then(() => seen.push(time.monotonic())),
      time.advance(10).then(() => seen.push(time.monotonic())),
    ]);
    expect(seen).toEqual([10, 15, 15, 25]);
  });

  it('fires no timer that was cleared, and takes any handle', async () => {
    const time = new VirtualTime(0);
    const callback = vi.fn();
    const timer = time.setTimer(callback, 10);
    time.setTimer(() => time.clearTimer(later), 5);
    const later = time.setTimer(callback, 20);
    time.clearTimer(timer);
    time.clearTimer(timer);
    time.clearTimer({});
    expect(time.timers).toBe(2);
    await time.advance(100);
    expect(callback).not.toHaveBeenCalled();
    expect(time.timers).toBe(0);
  });

  it('takes a negative delay, or one that is no number, for none', async () => {
    const time = new VirtualTime(0);
    const callback = vi.fn();
    time.setTimer(callback, -5);
    time.setTimer(callback, Number.NaN);
    await time.advance(0);
    expect(callback).toHaveBeenCalledTimes(2);
    expect(time.monotonic()).toBe(0);
  });

  it('knows delays of any length, and one without end never fires', async () => {
    const time = new VirtualTime(0);
    const callback = vi.fn();
    time.setTimer(callback, 2 ** 40);
    time.setTimer(callback, Number.POSITIVE_INFINITY);
    await time.advance(2 ** 40 - 1);
    expect(callback).not.toHaveBeenCalled();
    await expect(time.fireNext()).resolves.toBe(true);
    expect(time.monotonic()).toBe(2 ** 40);
    await expect(time.fireNext()).resolves.toBe(false);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('throws from the move what a timer threw, stands at its time, and can be moved on', async () => {
    const time = new VirtualTime(0);
    const fault = new Error('in a timer');
    const callback = vi.fn();
    time.setTimer(() => {
      throw fault;
    }, 10);
    time.setTimer(callback, 20);
    await expect(time.advance(30)).rejects.toBe(fault);
    expect([time.monotonic(), callback.mock.calls.length]).toEqual([10, 0]);
    await time.advance(10);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('ends a sleep at once on abort, and leaves no timer', async () => {
    const time = new VirtualTime(0);
    const controller = new AbortController();
    const slept = time.sleep(1_000, controller.signal);
    controller.abort('enough');
    await expect(slept).rejects.toBe('enough');
    expect(time.timers).toBe(0);
  });

  it('settles promises while the platform’s timers are faked', async () => {
    vi.useFakeTimers();
    const time = new VirtualTime(0);
    const slept = time.sleep(1_000);
    await time.advance(1_000);
    await expect(slept).resolves.toBeUndefined();
  });

  it('drives 20,000 timers, each set by the one before', async () => {
    const time = new VirtualTime(0);
    let left = 20_000;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left--;
        await time.sleep(1_000);
      }
    };
    const done = worker();
    await time.advance(20_000_000);
    await done;
    expect(time.monotonic()).toBe(20_000_000);
  });

  it('says so when timers without delay keep time standing still', async () => {
    const time = new VirtualTime(0);
    const again = (): void => void time.setTimer(again, 0);
    time.setTimer(again, 5);
    const error = await time.advance(10).catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'deadline-exceeded')).toBe(true);
    expect(String(error)).toContain('more than 1,000,000 timers fired at one instant');
    expect(time.monotonic()).toBe(5);
  });

  describe('run', () => {
    it('settles the promise chains that hang on a timer before the next one fires, however long they are', async () => {
      const time = new VirtualTime(0);
      const log: string[] = [];
      const hops = async (name: string): Promise<void> => {
        for (let i = 0; i < 50; i++) await undefined;
        log.push(`${name} settled at ${time.monotonic()}`);
      };
      for (let i = 1; i <= 200; i++) time.setTimer(() => void hops(`timer ${i}`), i);
      await time.run(200);
      expect(log).toEqual(Array.from({ length: 200 }, (_, i) => `timer ${i + 1} settled at ${i + 1}`));
    });

    it('settles what was begun before, and fires what chains set within its time, and nothing after it', async () => {
      const time = new VirtualTime(0);
      const woken: number[] = [];
      const sleeper = async (): Promise<never> => {
        for (;;) {
          await time.sleep(10);
          woken.push(time.monotonic());
        }
      };
      void sleeper();
      await time.run(35);
      expect([woken, time.monotonic(), time.timers]).toEqual([[10, 20, 30], 35, 1]);
    });

    it('ends where a timer throws, and can be moved on', async () => {
      const time = new VirtualTime(0);
      time.setTimer(() => {
        throw new Error('mine');
      }, 5);
      const later = vi.fn();
      time.setTimer(later, 6);
      await expect(time.run(10)).rejects.toThrow('mine');
      expect([time.monotonic(), later.mock.calls.length]).toEqual([5, 0]);
      await time.run(5);
      expect([time.monotonic(), later.mock.calls.length]).toEqual([10, 1]);
    });

    it('takes its turn among other moves', async () => {
      const time = new VirtualTime(0);
      const fired: number[] = [];
      for (const atMs of [1, 11, 21]) time.setTimer(() => fired.push(atMs), atMs);
      await Promise.all([time.advance(10), time.run(10), time.advance(10)]);
      expect([fired, time.monotonic()]).toEqual([[1, 11, 21], 30]);
    });
  });
});
