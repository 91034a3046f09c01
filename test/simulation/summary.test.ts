import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/simulation/histogram.js';
import { jainIndex, timeToRecoverMs } from '../../src/simulation/summary.js';

describe('jainIndex', () => {
  it('is 1 when all got the same, 1/n when one got all', () => {
    expect(jainIndex([5, 5, 5, 5])).toBe(1);
    expect(jainIndex([0, 0, 8, 0])).toBe(0.25);
    expect(jainIndex([4, 2])).toBeCloseTo(0.9);
    expect(jainIndex([0, 0])).toBe(1);
  });
});

describe('timeToRecoverMs', () => {
  const series = (goodputPerSecond: number[]) => ({
    atMs: goodputPerSecond.map((_, i) => i * 1_000),
    offeredPerSecond: goodputPerSecond.map(() => 100),
    goodputPerSecond,
  });

  it('is the wait for the first five buckets that together deliver 95 % of what arrives', () => {
    expect(timeToRecoverMs(series([100, 0, 0, 50, 90, 95, 95, 95, 100, 100, 100]), 3_000)).toBe(1_000);
    expect(timeToRecoverMs(series([100, 0, 0, 100, 100, 100, 100, 100]), 2_500)).toBe(500);
  });

  it('is null when that never came, or the run ended too soon to tell', () => {
    expect(timeToRecoverMs(series([100, 0, 0, 0, 0, 0, 0, 0, 0]), 2_000)).toBeNull();
    expect(timeToRecoverMs(series([100, 0, 0, 100, 100, 100, 100]), 3_000)).toBeNull();
    expect(timeToRecoverMs({ ...series([0, 0, 0, 0, 0]), offeredPerSecond: [0, 0, 0, 0, 0] }, 0)).toBeNull();
  });
});

describe('Histogram', () => {
  it('gives quantiles within 2 % of what sorting gives, and the mean and the longest exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 200 }), (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const sorted = [...values].sort((a, b) => a - b);
        for (const q of [0.01, 0.5, 0.99, 1]) {
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
          expect(histogram.quantileMs(q) / exact).toBeGreaterThan(0.98);
          expect(histogram.quantileMs(q) / exact).toBeLessThan(1.02);
        }
        expect(histogram.maxMs).toBe(sorted.at(-1));
        expect(histogram.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
      }),
    );
  });

  it('is empty at first, and again when cleared', () => {
    const histogram = new Histogram();
    expect([histogram.quantileMs(0.5), histogram.meanMs, histogram.maxMs]).toEqual([0, 0, 0]);
    histogram.add(5);
    histogram.clear();
    expect([histogram.quantileMs(0.5), histogram.meanMs, histogram.count]).toEqual([0, 0, 0]);
  });
});
