import { expect, it } from 'vitest';
import type { ConcurrencyLimiter } from '../../../src/policies/concurrency-limiter.js';
import { ReclaimWatch } from '../../../src/policies/pipeline/reclaim-watch.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';

/** A limiter that says what the test wants, and remembers when it was asked to take back. */
function scripted() {
  const limiter = {
    waiting: 0,
    reclaimDueAtMs: Number.POSITIVE_INFINITY,
    reclaimedAt: [] as number[],
    nextDueAtMs: Number.POSITIVE_INFINITY,
    reclaim(nowMs: number): void {
      this.reclaimedAt.push(nowMs);
      this.reclaimDueAtMs = this.nextDueAtMs;
    },
  };
  const clock = fakeClock();
  return { limiter, clock, watch: new ReclaimWatch(limiter as unknown as ConcurrencyLimiter, clock) };
}

it('has a timer only while somebody waits and something is due', () => {
  const { limiter, clock, watch } = scripted();
  const timersAfter = (waiting: number, dueAtMs: number): number => {
    limiter.waiting = waiting;
    limiter.reclaimDueAtMs = dueAtMs;
    watch.look();
    return clock.timers;
  };
  expect(timersAfter(0, Number.POSITIVE_INFINITY)).toBe(0);
  expect(timersAfter(1, Number.POSITIVE_INFINITY)).toBe(0);
  expect(timersAfter(1, 100)).toBe(1);
  expect(timersAfter(2, 100)).toBe(1);
  expect(timersAfter(2, 150)).toBe(1);
  expect(timersAfter(0, 150)).toBe(0);
});

it('takes back at the due time, and goes on with the next while anybody waits', async () => {
  const { limiter, clock, watch } = scripted();
  Object.assign(limiter, { waiting: 1, reclaimDueAtMs: 100, nextDueAtMs: 250 });
  watch.look();
  await clock.advance(99);
  expect(limiter.reclaimedAt).toEqual([]);
  await clock.advance(1);
  limiter.nextDueAtMs = Number.POSITIVE_INFINITY;
  await clock.advance(150);
  expect(limiter.reclaimedAt).toEqual([100, 250]);
  expect(clock.timers).toBe(0);
});

it('a timer that fires early has come due all the same', () => {
  const { limiter, clock } = scripted();
  let fire = (): void => {};
  const setTimer = (callback: () => void): number => {
    fire = callback;
    return 0;
  };
  Object.assign(limiter, { waiting: 1, reclaimDueAtMs: 100 });
  new ReclaimWatch(limiter as unknown as ConcurrencyLimiter, { ...clock, setTimer }).look();
  fire();
  expect(limiter.reclaimedAt).toEqual([100]);
});
