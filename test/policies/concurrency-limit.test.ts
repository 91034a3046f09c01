import { describe, expect, it } from 'vitest';
import { Heap, type HeapItem } from '../../src/heap.js';
import type { OutcomeKind } from '../../src/outcome.js';
import { aimd, fixed, type Limit } from '../../src/policies/concurrency-limit.js';
import { seededRandom } from '../../src/random.js';

/** Feeds `times` samples of calls that took 100 ms each, one after the other, under full use. */
function feed(limit: Limit, kind: OutcomeKind, times: number, fromMs = 0): number {
  for (let i = 0; i < times; i++) limit.sample(kind, fromMs + 101 * i, fromMs + 101 * i + 100, limit.slots);
  return limit.slots;
}

/** The limit after each of so many timeouts of 10 s in a row. */
function lateInARow(limit: Limit, times: number, fromMs: number, inFlightAtStart: number): number[] {
  return Array.from({ length: times }, (_, i) => limit.sample('timed-out', fromMs + i, fromMs + i + 10_000, inFlightAtStart));
}

describe('a fixed limit', () => {
  it('stands still whatever happens', () => {
    const limit = fixed('bulkhead', 7);
    feed(limit, 'delivered', 100);
    feed(limit, 'overloaded', 100);
    expect(limit.slots).toBe(7);
    expect(limit.restore({ limit: 3 })).toBe(7);
    expect(limit.snapshot()).toEqual({ limit: 7 });
  });

  it.each([undefined, 0, 1.5, -1, Number.NaN, 1_000_001, '5', null])('refuses %s as its limit', (value) => {
    expect(() => fixed('bulkhead', value as number)).toThrow(/^bulkhead\.limit must be an integer from 1 to 1000000, got/);
  });
});

describe('an AIMD limit', () => {
  it('AIMD: additive increase only while the limit is in use', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 20 });
    for (let i = 0; i < 1_000; i++) limit.sample('delivered', i, i + 1, 9);
    expect(limit.slots).toBe(20);
    expect(limit.slots).toBe(20);
    limit.sample('delivered', 1_000, 1_001, 10);
    expect(limit.slots).toBe(21);
  });

  it('never climbs beyond twice of what runs at once', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 1 });
    for (let i = 0; i < 100; i++) limit.sample('delivered', i, i + 1, 5);
    expect(limit.slots).toBe(11);
    limit.restore({ limit: 1 });
    for (let i = 0; i < 100_000; i++) limit.sample('delivered', i, i + 1, 5);
    expect(limit.slots).toBe(10);
  });

  it('adds one slot a round trip, not one a sample, once it was lowered', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 56 });
    expect(limit.sample('overloaded', 0, 1, 56)).toBe(50);
    feed(limit, 'delivered', 51, 2);
    expect(limit.slots).toBe(51);
  });

  it('doubles in a round trip until it is first lowered, so that a busy client soon finds its measure', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 20 });
    feed(limit, 'delivered', 20);
    expect(limit.slots).toBe(40);
    feed(limit, 'delivered', 40, 10_000);
    expect(limit.slots).toBe(80);
    expect(limit.sample('overloaded', 20_000, 20_001, 80)).toBe(72);
    feed(limit, 'delivered', 72, 30_000);
    expect(limit.slots).toBe(72);
  });

  it('looks no further in big steps once it was told what it had found before', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 20 });
    limit.restore({ limit: 50 });
    feed(limit, 'delivered', 51);
    expect(limit.slots).toBe(51);
  });

  it('goes on looking when what is restored had found nothing yet', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 20 });
    limit.restore(aimd('aimdLimiter', { initialLimit: 20 }).snapshot());
    feed(limit, 'delivered', 20);
    expect(limit.slots).toBe(40);
  });

  it('AIMD: multiplicative decrease on overloaded', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100 });
    expect(limit.sample('overloaded', 0, 10, 100)).toBe(90);
    expect(limit.sample('overloaded', 11, 12, 90)).toBe(81);
  });

  it('AIMD: multiplicative decrease on timed-out, which is heard of late: to a half', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100 });
    expect(lateInARow(limit, 3, 0, 100)).toEqual([100, 100, 50]);
    expect(lateInARow(limit, 3, 20_000, 50)).toEqual([50, 50, 25]);
    expect(lateInARow(aimd('aimdLimiter', { initialLimit: 100, lateDecrease: 0.8 }), 3, 0, 100)).toEqual([100, 100, 80]);
  });

  it('one late answer among many does not lower it: one call in twenty is slow, and the limit serves the others', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 40 });
    for (let i = 0; i < 1_000; i++) limit.sample(i % 20 === 0 ? 'timed-out' : 'delivered', i, i + 1, 10);
    expect(limit.slots).toBe(40);
    expect(lateInARow(limit, 2, 2_000, 40)).toEqual([40, 40]);
    limit.sample('delivered', 3_000, 3_001, 10);
    expect(lateInARow(limit, 2, 4_000, 40)).toEqual([40, 40]);
  });

  it('at a small limit as many late answers as may run at once will do', () => {
    expect(lateInARow(aimd('aimdLimiter', { initialLimit: 2 }), 2, 0, 2)).toEqual([2, 1]);
    const least = aimd('aimdLimiter', { initialLimit: 1 });
    expect(lateInARow(least, 5, 0, 1)).toEqual([1, 1, 1, 1, 1]);
  });

  it('is lowered from what ran, not from a limit that nobody filled', () => {
    expect(lateInARow(aimd('aimdLimiter', { initialLimit: 100 }), 3, 0, 8)).toEqual([100, 100, 4]);
    expect(lateInARow(aimd('aimdLimiter', { initialLimit: 100, minLimit: 20 }), 3, 0, 8)).toEqual([100, 100, 20]);
  });

  it('AIMD: multiplicative decrease on latency over the threshold', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100, latencyThresholdMs: 500 });
    expect(limit.sample('delivered', 0, 500, 10)).toBe(100);
    expect([1, 2, 3].map(() => limit.sample('delivered', 0, 501, 100))).toEqual([100, 100, 50]);
  });

  it('what is slow by nature is not late: answers of six seconds do not lower it', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 20 });
    for (let i = 0; i < 1_000; i++) limit.sample('delivered', i * 1_000, i * 1_000 + 6_000 + (i % 3) * 2_000, 100);
    expect(limit.slots).toBe(200);
  });

  it('what has become slow is late, for as long as it is remembered to have been fast', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100 });
    limit.sample('delivered', 0, 100, 10);
    expect([1, 2, 3].map(() => limit.sample('delivered', 60_000, 66_000, 100))).toEqual([100, 100, 50]);
    // It was last fast four minutes ago: this is how it is now.
    for (let atMs = 300_000; atMs < 1_000_000; atMs += 1_000) limit.sample('delivered', atMs - 6_000, atMs, 50);
    expect(limit.slots).toBeGreaterThan(50);
  });

  it('a threshold that is named holds, whatever is learned', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100, latencyThresholdMs: 1_000 });
    expect([1, 2, 3].map(() => limit.sample('delivered', 0, 1_500, 100))).toEqual([100, 100, 50]);
  });

  it('AIMD: decreases at most once per round trip', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 100 });
    for (let i = 0; i < 100; i++) limit.sample('overloaded', i, 100 + i, 100);
    expect(limit.slots).toBe(90);
    limit.sample('overloaded', 100, 300, 90); // began as the first one ended
    expect(limit.slots).toBe(90);
    limit.sample('overloaded', 100.5, 301, 90);
    expect(limit.slots).toBe(81);
  });

  it('takes no increase from calls that began before the last decrease', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 10 });
    limit.sample('overloaded', 0, 50, 10);
    for (let i = 0; i < 100; i++) limit.sample('delivered', 10, 60, 10);
    expect(limit.snapshot()).toEqual({ limit: 9, searching: false });
  });

  it.each(['shed', 'cancelled', 'forbidden'] as const)('Whose fault: %s is no sample', (kind) => {
    const limit = aimd('aimdLimiter', { initialLimit: 10 });
    feed(limit, kind, 100);
    expect(limit.snapshot()).toEqual({ limit: 10, searching: true });
  });

  it.each(['failed', 'rejected', 'gone'] as const)('%s says nothing about capacity: neither up nor down', (kind) => {
    const limit = aimd('aimdLimiter', { initialLimit: 10 });
    feed(limit, kind, 100);
    expect(limit.snapshot()).toEqual({ limit: 10, searching: true });
  });

  it('a decrease takes at least one slot, and stops at the minimum', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 5, minLimit: 3 });
    expect(limit.sample('overloaded', 0, 1, 5)).toBe(4);
    expect(limit.sample('overloaded', 2, 3, 4)).toBe(3);
    expect(limit.sample('overloaded', 4, 5, 3)).toBe(3);
  });

  it('an increase stops at the maximum', () => {
    const limit = aimd('aimdLimiter', { initialLimit: 3, maxLimit: 4 });
    expect(feed(limit, 'delivered', 1_000)).toBe(4);
    expect(limit.slots).toBe(4);
  });

  it('starts at 20, or at what of its bounds is nearest', () => {
    expect(aimd('a', {}).slots).toBe(20);
    expect(aimd('a', { maxLimit: 8 }).slots).toBe(8);
    expect(aimd('a', { minLimit: 30 }).slots).toBe(30);
  });

  it('takes up a snapshot within its bounds, and ignores garbage', () => {
    const limit = aimd('a', { minLimit: 2, maxLimit: 50 });
    expect(limit.restore({ limit: 33.5 })).toBe(33);
    expect(limit.snapshot()).toEqual({ limit: 33.5, searching: false });
    expect(limit.restore({ limit: 1_000 })).toBe(50);
    expect(limit.restore({ limit: 1 })).toBe(2);
    expect(limit.restore({ limit: 7 })).toBe(7);
    for (const garbage of ['9', null, Number.NaN, Number.POSITIVE_INFINITY, 0, -3]) {
      expect(limit.restore({ limit: garbage })).toBe(7);
    }
    expect(limit.restore({})).toBe(7);
  });

  it.each([
    [{ minLimit: 0 }, 'a.minLimit must be an integer from 1 to 1000000, got 0 (number)'],
    [{ maxLimit: 2.5 }, 'a.maxLimit must be an integer from 1 to 1000000, got 2.5 (number)'],
    [{ minLimit: 300 }, 'a.minLimit must be at most maxLimit, which is 200, got 300 (number)'],
    [{ initialLimit: 300 }, 'a.initialLimit must be an integer from 1 to 200, got 300 (number)'],
    [{ minLimit: 5, initialLimit: 4 }, 'a.initialLimit must be an integer from 5 to 200, got 4 (number)'],
    [{ decrease: 1 }, 'a.decrease must be a finite number above 0 and below 1, got 1 (number)'],
    [{ decrease: 0 }, 'a.decrease must be a finite number above 0, at most 1, got 0 (number)'],
    [{ lateDecrease: 1 }, 'a.lateDecrease must be a finite number above 0 and below 1, got 1 (number)'],
    [{ latencyThresholdMs: 0 }, 'a.latencyThresholdMs must be a finite number above 0, got 0 (number)'],
  ])('refuses %j', (settings, message) => {
    expect(() => aimd('a', settings)).toThrow(message);
  });
});

interface Answer extends HeapItem {
  readonly atMs: number;
  readonly kind: OutcomeKind;
  readonly startedAtMs: number;
  readonly inFlightAtStart: number;
}

/**
 * A receiver that carries `capacityAt(ms)` calls at once and answers `overloaded` beyond that, under a client that always has
 * another call to make. Gives the limit at each 100 ms.
 */
function underFullDemand(limit: Limit, capacityAt: (ms: number) => number, seconds: number): number[] {
  const random = seededRandom('receiver');
  const answers = new Heap<Answer>((a, b) => a.atMs < b.atMs);
  const trace: number[] = [];
  let nowMs = 0;
  let carried = 0;
  while (nowMs < seconds * 1_000) {
    while (answers.size < limit.slots) {
      const kind = carried < capacityAt(nowMs) ? 'delivered' : 'overloaded';
      if (kind === 'delivered') carried++;
      const atMs = nowMs + 50 - 50 * Math.log(1 - random());
      answers.push({ atMs, kind, startedAtMs: nowMs, inFlightAtStart: answers.size + 1, heapIndex: -1 });
    }
    const { atMs, kind, startedAtMs, inFlightAtStart } = answers.pop() as Answer;
    nowMs = atMs;
    if (kind === 'delivered') carried--;
    limit.sample(kind, startedAtMs, nowMs, inFlightAtStart);
    while (trace.length * 100 <= nowMs) trace.push(limit.slots);
  }
  return trace;
}

describe('an AIMD limit under full demand', () => {
  it.each([20, 60, 100, 170])('settles within 15 percent of a capacity of %i and stays there', (capacity) => {
    const trace = underFullDemand(aimd('a', {}), () => capacity, 90);
    const settled = trace.slice(450);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(capacity * 0.85);
    expect(Math.max(...settled)).toBeLessThanOrEqual(capacity * 1.15);
  });

  it('is never more than two slots over a capacity of 3', () => {
    const settled = underFullDemand(aimd('a', {}), () => 3, 60).slice(300);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...settled)).toBeLessThanOrEqual(5);
  });

  it('follows a capacity that falls to a fifth within five seconds', () => {
    const trace = underFullDemand(aimd('a', {}), (ms) => (ms < 60_000 ? 100 : 20), 90);
    expect(trace[599]).toBeGreaterThan(85);
    expect(Math.max(...trace.slice(650))).toBeLessThanOrEqual(23);
  });
});
