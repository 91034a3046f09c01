import { headerOf } from './header.js';
import { parseHttpDate } from './http-date.js';

/** No answer asks for more in earnest; it keeps the number one that a clock can work with. */
const MAX_RETRY_AFTER_MS = 366 * 24 * 3_600_000;

/**
 * `Retry-After` as ms to wait: seconds, or an HTTP date (RFC 9110 §10.2.3). A time that has passed is 0, more than a year is a
 * year, and what is neither form is undefined.
 *
 * @param nowMs wall-clock ms that a date is read against; without it a date is undefined
 */
export function parseRetryAfter(value: string, nowMs: number | undefined): number | undefined {
  const text = value.trim();
  if (/^-?\d+(\.\d+)?$/.test(text)) return bounded(Number(text) * 1_000);
  if (nowMs === undefined) return undefined;
  const atMs = parseHttpDate(text, new Date(nowMs).getUTCFullYear());
  return atMs === undefined ? undefined : bounded(atMs - nowMs);
}

const bounded = (ms: number): number => Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));

/**
 * The wait that an answer's headers ask for. A date is read against the answer's own `Date`, so that a clock that is off, here
 * or there, does not matter; without one it is ignored.
 */
export function retryAfterOf(headers: unknown): number | undefined {
  const value = headerOf(headers, 'retry-after');
  if (value === undefined) return undefined;
  const date = headerOf(headers, 'date');
  // Servers send the `Date` header in the form that has the century.
  return parseRetryAfter(value, date === undefined ? undefined : parseHttpDate(date.trim(), 2_000));
}
