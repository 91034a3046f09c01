import { describe, expect, it } from 'vitest';
import { aimd } from '../../src/policies/concurrency-limit.js';
import { FastestOfLate } from '../../src/policies/fastest-of-late.js';

const WINDOW_MS = 120_000;

describe('the fastest answer of late', () => {
  it('is the one of the window, whichever came first', () => {
    const fastest = new FastestOfLate();
    expect([fastest.of(300, 0), fastest.of(100, 1), fastest.of(200, 2)]).toEqual([300, 100, 100]);
  });

  it('is remembered through the next window, and forgotten after it', () => {
    const fastest = new FastestOfLate();
    fastest.of(100, 0);
    expect(fastest.of(500, WINDOW_MS)).toBe(100);
    expect(fastest.of(500, 2 * WINDOW_MS - 1)).toBe(100);
    expect(fastest.of(600, 2 * WINDOW_MS)).toBe(500);
  });

  it('is forgotten over a silence of a whole window', () => {
    const fastest = new FastestOfLate();
    fastest.of(100, 0);
    expect(fastest.of(500, 2 * WINDOW_MS)).toBe(500);
    const remembered = new FastestOfLate();
    remembered.of(100, 0);
    expect(remembered.of(500, 2 * WINDOW_MS - 1)).toBe(100);
  });
});

describe('an AIMD limit without a threshold of its own', () => {
  /** The limit after three answers of so many ms in a row, where the fastest took so many. */
  const slotsAfter = (fastestMs: number, durationMs: number): number => {
    const limit = aimd('a', { initialLimit: 100 });
    limit.sample('delivered', 0, fastestMs, 10);
    for (let i = 1; i <= 3; i++) limit.sample('delivered', 20_000 + i, 20_000 + i + durationMs, 10);
    return limit.slots;
  };

  it('takes 5 s for late, or twice the fastest answer where that is more', () => {
    expect([slotsAfter(100, 5_000), slotsAfter(100, 5_001)]).toEqual([100, 5]);
    expect([slotsAfter(4_000, 8_000), slotsAfter(4_000, 8_001)]).toEqual([100, 5]);
  });

  it('may stand still between equal bounds', () => {
    expect(aimd('a', { minLimit: 5, maxLimit: 5 }).slots).toBe(5);
  });
});
