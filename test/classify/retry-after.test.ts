import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../src/classify/http-date.js';
import { parseRetryAfter, retryAfterOf } from '../../src/classify/retry-after.js';

const NOW_MS = Date.UTC(1994, 10, 6, 8, 49, 37);
const YEAR_MS = 366 * 24 * 3_600_000;

describe('parseRetryAfter', () => {
  it.each<[string, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['1.5', 1_500],
    ['-5', 0],
    ['999999999999999999999999', YEAR_MS],
    ['Sun, 06 Nov 1994 08:49:47 GMT', 10_000],
    ['Sunday, 06-Nov-94 08:49:47 GMT', 10_000],
    ['Sun Nov  6 08:49:47 1994', 10_000],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', YEAR_MS],
    ['', undefined],
    ['soon', undefined],
    ['3 seconds', undefined],
    ['0x10', undefined],
    ['1e3', undefined],
    ['Infinity', undefined],
    ['NaN', undefined],
    ['1994-11-06T08:49:47Z', undefined],
    ['Sun, 06 Nov 1994 08:49:47 CET', undefined],
    ['Thu, 31 Feb 1994 00:00:00 GMT', undefined],
    ['Sun, 06 Foo 1994 08:49:47 GMT', undefined],
    ['Sun, 06 Nov 1994 24:00:00 GMT', undefined],
    ['Sun, 06 Nov 1994 08:60:00 GMT', undefined],
  ])('reads %j as %j ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(ms);
  });

  it('has no opinion of a date where it does not know what time it is', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:47 GMT', undefined)).toBeUndefined();
    expect(parseRetryAfter('5', undefined)).toBe(5_000);
  });

  it('never throws, and gives undefined or a wait from 0 to a year', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (value, nowMs) => {
        const ms = parseRetryAfter(value, nowMs);
        return ms === undefined || (ms >= 0 && ms <= YEAR_MS);
      }),
    );
  });
});

describe('parseHttpDate', () => {
  it('reads every second of the preferred form that toUTCString writes', () => {
    const seconds = fc.integer({ min: Date.UTC(1970, 0, 1) / 1_000, max: Date.UTC(9999, 11, 31) / 1_000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const ms = second * 1_000;
        return parseHttpDate(new Date(ms).toUTCString(), 2_000) === ms;
      }),
    );
  });

  it('reads a year of two digits that is more than 50 years ahead as the century before', () => {
    expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', 2_026)).toBe(Date.UTC(2_076, 10, 6, 8, 49, 37));
    expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', 2_026)).toBe(Date.UTC(1_977, 10, 6, 8, 49, 37));
  });

  it("takes a leap second for the next minute's first", () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', 2_016)).toBe(Date.UTC(2017, 0, 1));
  });
});

describe('retryAfterOf', () => {
  it.each([
    ['Headers', new Headers({ 'retry-after': '3' }), 3_000],
    ['a plain object', { 'retry-after': '3' }, 3_000],
    ['a repeated header', { 'retry-after': ['3', '9'] }, 3_000],
    ['no such header', {}, undefined],
    ['no headers', undefined, undefined],
    ['a header that is no text', { 'retry-after': 3 }, undefined],
  ])('reads %s', (_name, headers, ms) => {
    expect(retryAfterOf(headers)).toBe(ms);
  });

  it("reads a date against the answer's own Date, whatever the clock here says, and ignores it without one", () => {
    const headers = { 'retry-after': 'Sun, 06 Nov 1994 08:50:37 GMT' };
    expect(retryAfterOf({ ...headers, date: 'Sun, 06 Nov 1994 08:49:37 GMT' })).toBe(60_000);
    expect(retryAfterOf({ ...headers, date: 'today' })).toBeUndefined();
    expect(retryAfterOf(headers)).toBeUndefined();
  });
});
