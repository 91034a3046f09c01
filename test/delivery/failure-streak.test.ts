import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FailureStreak, isLong, readStreak, withFailure } from '../../src/delivery/failure-streak.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONG_MS = 5 * DAY_MS;

/** The streak after failures at these hours, and whether it is long at the last of them. */
function failingAt(...hours: number[]): { streak: FailureStreak; long: boolean } {
  let streak: FailureStreak | undefined;
  for (const hour of hours) streak = withFailure(streak, hour * HOUR_MS, LONG_MS);
  if (streak === undefined) throw new Error('no failure');
  return { streak, long: isLong(streak, (hours.at(-1) ?? 0) * HOUR_MS, LONG_MS) };
}

describe('a streak of failures', () => {
  it('is long after five days with failures half a day apart', () => {
    expect(failingAt(0, 24, 48, 72, 96, 119).long).toBe(false);
    expect(failingAt(0, 24, 48, 72, 96, 120).long).toBe(true);
  });

  it('is not long by two outages with silence between, however many attempts each has', () => {
    const outage = (hour: number): number[] => Array.from({ length: 100 }, (_, i) => hour + i / 100);
    expect(failingAt(...outage(0), ...outage(7 * 24)).long).toBe(false);
    expect(failingAt(...outage(0), ...outage(7 * 24)).streak.failures).toBe(200);
  });

  it('is not long by one callback on the schedule of Standard Webhooks alone, but by the second that fails after it', () => {
    const attempts = [0, 0.01, 0.1, 0.6, 2.6, 7.6, 17.6, 31.6, 51.6, 75.6];
    expect(failingAt(...attempts).long).toBe(false);
    expect(failingAt(...attempts, 5 * 24).long).toBe(true);
  });

  it('of one failure a week is long after the fifth', () => {
    expect(failingAt(0, 168, 336, 504).long).toBe(false);
    expect(failingAt(0, 168, 336, 504, 672).long).toBe(true);
  });

  it('takes a clock that is set back for no time at all', () => {
    expect(failingAt(100, 0, 1, 2).streak).toMatchObject({ failures: 4, spaced: 1 });
  });

  it('is what a count of the failures says, whenever they come', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { minLength: 1, maxLength: 40 }), (gapsInHours) => {
        let atMs = 0;
        let streak: FailureStreak | undefined;
        const times: number[] = [];
        for (const gap of gapsInHours) {
          atMs += gap * HOUR_MS;
          times.push(atMs);
          streak = withFailure(streak, atMs, LONG_MS);
        }
        // Greedily, from the first on: how many can be chosen that are half a day apart.
        const spaced: number[] = [];
        for (const time of times) if (time - (spaced.at(-1) ?? Number.NEGATIVE_INFINITY) >= 12 * HOUR_MS) spaced.push(time);
        const [firstMs = 0] = times;
        expect(streak).toEqual({
          sinceMs: firstMs,
          failures: times.length,
          spaced: spaced.length,
          lastSpacedMs: spaced.at(-1),
          told: false,
        });
        expect(isLong(streak as FailureStreak, atMs, LONG_MS)).toBe(atMs - firstMs >= LONG_MS && spaced.length >= 5);
      }),
    );
  });
});

describe('a streak that was saved', () => {
  const streak = { sinceMs: 1, failures: 2, spaced: 2, lastSpacedMs: 2, told: true };

  it('is read as it was', () => {
    expect(readStreak(JSON.parse(JSON.stringify(streak)), 10)).toEqual(streak);
  });

  it('begins now at the latest', () => {
    expect(readStreak({ ...streak, sinceMs: 20, lastSpacedMs: 30 }, 10)).toMatchObject({ sinceMs: 10, lastSpacedMs: 10 });
  });

  it.each([
    undefined,
    null,
    'failing',
    [],
    {},
    { ...streak, sinceMs: '1' },
    { ...streak, sinceMs: Number.NaN },
    { ...streak, lastSpacedMs: Number.POSITIVE_INFINITY },
    { ...streak, failures: 0 },
    { ...streak, spaced: 1.5 },
  ])('is ignored where it is no streak: %j', (saved) => {
    expect(readStreak(saved, 10)).toBeUndefined();
  });
});
