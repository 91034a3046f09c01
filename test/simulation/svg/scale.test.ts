import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale, tickText, timeUnit } from '../../../src/simulation/svg/scale.js';

describe('linearScale', () => {
  it.each([
    [0, [0, 0.5, 1]],
    [1, [0, 0.5, 1]],
    [97, [0, 50, 100]],
    [100, [0, 50, 100]],
    [101, [0, 50, 100, 150]],
    [0.03, [0, 0.01, 0.02, 0.03]],
    [423, [0, 200, 400, 600]],
  ])('of %d has the ticks %j', (max, ticks) => expect(linearScale(max).ticks).toEqual(ticks));

  it('has at most six ticks, and every value between its ends', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (max) => {
        const { ticks, at } = linearScale(max);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(at(0)).toBe(0);
        expect(at(max)).toBeLessThanOrEqual(1 + 1e-9);
        expect(at(ticks.at(-1) as number)).toBeCloseTo(1);
      }),
    );
  });
});

describe('logScale', () => {
  it('labels powers of ten, and lays what is below the least on it', () => {
    const { ticks, at } = logScale(12, 900);
    expect(ticks).toEqual([10, 100, 1_000]);
    expect([at(10), at(100), at(1_000), at(3)]).toEqual([0, 0.5, 1, 0]);
  });

  it('has at most six ticks over any span', () => {
    expect(logScale(1e-3, 1e9).ticks).toEqual([1e-3, 1, 1_000, 1e6, 1e9]);
    expect(logScale(50, 50).ticks).toEqual([10, 100]);
  });
});

it('tickText groups thousands, and shortens', () => {
  expect([0, 0.25, 1_500, 20_000, 12_500, 30_000_000].map(tickText)).toEqual(['0', '0.25', '1,500', '20k', '12.5k', '30M']);
});

it('timeUnit gives an axis numbers of two or three digits', () => {
  expect([500, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000].map((ms) => timeUnit(ms).name)).toEqual([
    'ms',
    's',
    'min',
    'h',
    'days',
  ]);
});
