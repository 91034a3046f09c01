import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { type DueItem, DueTimes } from '../../src/outbox/due-times.js';
import { fakeClock } from '../../src/testing/fake-clock.js';

interface Named extends DueItem {
  readonly name: string;
}

const item = (name: string): Named => ({ name, dueAtMs: 0, heapIndex: -1 });

afterEach(() => {
  vi.useRealTimers();
});

test('what comes due is told in the order of its times, in one go for one time', async () => {
  const clock = fakeClock();
  const told: string[][] = [];
  const times = new DueTimes<Named>(clock, (items) => told.push(items.map(({ name }) => name)));
  times.add(item('late'), 30);
  times.add(item('early'), 10);
  times.add(item('late too'), 30);
  expect(clock.timers).toBe(1);
  await clock.advance(10);
  expect(told).toEqual([['early']]);
  await clock.advance(20);
  expect(told[1]?.sort()).toEqual(['late', 'late too']);
  expect(clock.timers).toBe(0);
});

test('a timer that fires early tells nothing, and waits for the rest', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const hasty = {
    ...clock,
    setTimer: (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs > 1 ? delayMs - 1 : delayMs),
  };
  const times = new DueTimes<Named>(hasty, (items) => told.push(...items.map(({ name }) => name)));
  times.add(item('a'), 10);
  await clock.advance(9);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual(['a']);
});

test('an item that is removed is not told, and the last one takes the timer with it', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const times = new DueTimes<Named>(clock, (items) => told.push(...items.map(({ name }) => name)));
  const [a, b] = [item('a'), item('b')];
  times.add(a, 10);
  times.add(b, 20);
  times.remove(a);
  await clock.advance(15);
  times.remove(b);
  times.remove(b);
  expect(clock.timers).toBe(0);
  await clock.advance(100);
  expect(told).toEqual([]);
});

test('one that is removed leaves the others their times', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const times = new DueTimes<Named>(clock, (items) => told.push(...items.map(({ name }) => name)));
  const first = item('a');
  times.add(first, 10);
  times.add(item('b'), 20);
  times.remove(first);
  await clock.advance(20);
  expect(told).toEqual(['b']);
});

test('the timer is set anew only for what comes earlier', async () => {
  const clock = fakeClock();
  const set: number[] = [];
  const counting = {
    ...clock,
    setTimer: (callback: () => void, delayMs: number) => {
      set.push(delayMs);
      return clock.setTimer(callback, delayMs);
    },
  };
  const times = new DueTimes<Named>(counting, () => {});
  for (const delayMs of [30, 40, 30, 10, 50]) times.add(item(`${delayMs}`), delayMs);
  expect(set).toEqual([30, 10]);
  times.stop();
});

test('what is added while others come due is waited for', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const times = new DueTimes<Named>(clock, (items) => {
    for (const { name } of items) {
      told.push(name);
      if (name === 'a') times.add(item('again'), 0);
    }
  });
  times.add(item('a'), 10);
  await clock.advance(10);
  expect(told).toEqual(['a', 'again']);
});

test('after stop nothing comes due, and no timer is left', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const times = new DueTimes<Named>(clock, (items) => told.push(...items.map(({ name }) => name)));
  times.add(item('a'), 10);
  times.stop();
  times.add(item('b'), 10);
  expect(clock.timers).toBe(0);
  await clock.advance(100);
  expect(told).toEqual([]);
});

test('a shared timer armed before a test fakes time is armed anew at the next wait', () => {
  const told: string[] = [];
  const times = new DueTimes<Named>(systemClock, (items) => told.push(...items.map(({ name }) => name)));
  times.add(item('a'), 1_000);
  vi.useFakeTimers();
  times.add(item('b'), 2_000);
  vi.advanceTimersByTime(2_001);
  expect(told).toEqual(['a', 'b']);
});
