import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { type TimeoutEntry, TimeoutLine } from '../../../src/policies/pipeline/timeout-line.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';

class Entry implements TimeoutEntry {
  previousInLine: TimeoutEntry | undefined = undefined;
  nextInLine: TimeoutEntry | undefined = undefined;
  readonly startedAtMs: number;
  expired = 0;
  readonly onExpire: () => void;
  constructor(startedAtMs: number, onExpire = () => {}) {
    this.startedAtMs = startedAtMs;
    this.onExpire = onExpire;
  }
  expire(): void {
    this.expired++;
    this.onExpire();
  }
}

describe('the line of timeouts', () => {
  it('expires each entry at its time, with one timer for all', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 100);
    const entries: Entry[] = [];
    for (let i = 0; i < 3; i++) {
      const entry = new Entry(clock.monotonic());
      entries.push(entry);
      line.add(entry);
      await clock.advance(30);
    }
    expect(clock.timers).toBe(1);
    await clock.advance(9);
    expect(entries.map(({ expired }) => expired)).toEqual([0, 0, 0]);
    await clock.advance(1);
    expect(entries.map(({ expired }) => expired)).toEqual([1, 0, 0]);
    await clock.advance(60);
    expect(entries.map(({ expired }) => expired)).toEqual([1, 1, 1]);
    expect(clock.timers).toBe(0);
  });

  it('an entry that left, first, last or in the middle, does not expire, and the last takes the timer along', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const clock = fakeClock();
      const line = new TimeoutLine(clock, 100);
      const entries = [0, 1, 2].map(() => new Entry(0));
      for (const entry of entries) line.add(entry);
      for (const i of order) line.remove(entries[i] as Entry);
      expect(clock.timers).toBe(0);
      line.remove(entries[0] as Entry);
      await clock.advance(1_000);
      expect(entries.map(({ expired }) => expired)).toEqual([0, 0, 0]);
    }
  });

  it('an entry that is added while others expire gets its own time', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 100);
    let second: Entry | undefined;
    line.add(
      new Entry(0, () => {
        second = new Entry(clock.monotonic());
        line.add(second);
      }),
    );
    await clock.advance(199);
    expect(second?.expired).toBe(0);
    await clock.advance(1);
    expect([second?.expired, clock.timers]).toEqual([1, 0]);
  });

  it('one timer is enough, also when an entry comes while others expire and some stay', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 100);
    line.add(new Entry(0, () => line.add(new Entry(clock.monotonic()))));
    await clock.advance(50);
    line.add(new Entry(50));
    await clock.advance(50);
    expect(clock.timers).toBe(1);
  });

  it('a timer that fires while the clock stands still, as under some fakes, has come due all the same', () => {
    const fired: (() => void)[] = [];
    const still = { ...fakeClock(), monotonic: () => 0, setTimer: (callback: () => void) => fired.push(callback) };
    const line = new TimeoutLine(still, 100);
    const entry = new Entry(0);
    line.add(entry);
    fired[0]?.();
    expect([entry.expired, fired.length]).toEqual([1, 1]);
  });

  it('one that leaves while another expires is not told', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 100);
    const other = new Entry(0);
    line.add(new Entry(0, () => line.remove(other)));
    line.add(other);
    await clock.advance(100);
    expect([other.expired, clock.timers]).toEqual([0, 0]);
  });

  it('its time runs from the start of the entry, also when it is added late', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 100);
    await clock.advance(60);
    const late = new Entry(0);
    line.add(late);
    await clock.advance(40);
    expect(late.expired).toBe(1);
  });

  it('takes a random history as a plain model does', async () => {
    const clock = fakeClock();
    const line = new TimeoutLine(clock, 50);
    const running = new Set<Entry>();
    let seed = 7;
    const draw = (n: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % n;
    };
    for (let step = 0; step < 500; step++) {
      if (draw(2) === 0) {
        const entry = new Entry(clock.monotonic());
        running.add(entry);
        line.add(entry);
      } else if (draw(3) === 0) {
        const [first] = running;
        if (first !== undefined) {
          running.delete(first);
          line.remove(first);
        }
      }
      await clock.advance(draw(20));
      for (const entry of running) {
        expect(entry.expired).toBe(clock.monotonic() - entry.startedAtMs >= 50 ? 1 : 0);
        if (entry.expired === 1) running.delete(entry);
      }
      expect(clock.timers).toBe(running.size > 0 ? 1 : 0);
    }
  });
});

describe('on the platform’s timers', () => {
  afterEach(() => vi.restoreAllMocks());

  it('calls that end within 20 ms cost one timer together', () => {
    const set = vi.spyOn(systemClock, 'setTimer').mockReturnValue(0);
    const line = new TimeoutLine(systemClock, 10_000);
    for (let i = 0; i < 100; i++) {
      const entry = new Entry(systemClock.monotonic());
      line.add(entry);
      line.remove(entry);
    }
    expect(set).toHaveBeenCalledTimes(1);
    expect(set.mock.calls[0]?.[1]).toBe(20);
  });

  it('after that first look it waits for what is really due', () => {
    const set = vi.spyOn(systemClock, 'setTimer').mockReturnValue(0);
    const line = new TimeoutLine(systemClock, 10_000);
    line.add(new Entry(systemClock.monotonic()));
    set.mock.calls[0]?.[0]();
    expect(set.mock.calls[1]?.[1]).toBeGreaterThan(9_900);
    expect(set.mock.calls[1]?.[1]).toBeLessThanOrEqual(10_000);
  });

  it('after the first look the last to leave takes the timer along', () => {
    const set = vi.spyOn(systemClock, 'setTimer').mockReturnValue(0);
    const clear = vi.spyOn(systemClock, 'clearTimer').mockReturnValue(undefined);
    const line = new TimeoutLine(systemClock, 10_000);
    const entry = new Entry(systemClock.monotonic());
    line.add(entry);
    set.mock.calls[0]?.[0]();
    line.remove(entry);
    expect(clear).toHaveBeenCalledTimes(1);
  });

  it('a timer that was given up does nothing when it fires all the same', () => {
    const set = vi.spyOn(systemClock, 'setTimer').mockReturnValue(0);
    const line = new TimeoutLine(systemClock, 10);
    const first = new Entry(systemClock.monotonic());
    line.add(first);
    line.remove(first);
    const second = new Entry(systemClock.monotonic());
    line.add(second);
    set.mock.calls[0]?.[0]();
    expect([first.expired, second.expired]).toEqual([0, 0]);
  });
});
