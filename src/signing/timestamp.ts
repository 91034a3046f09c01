import { RingbackError } from '../errors.js';
import { invalidSignature } from './received.js';

/** Five minutes, as the reference libraries of Standard Webhooks, Svix and Stripe have it. */
export const DEFAULT_TOLERANCE_MS = 300_000;

/** Canonical decimal: no sign, no leading zero, nothing behind it. Eleven digits reach the year 5138. */
const UNIX_SECONDS = /^(?:0|[1-9][0-9]{0,10})$/;

/** A timestamp's text, which is what was signed, and the wall-clock ms it means. */
export interface Timestamp {
  readonly text: string;
  readonly ms: number;
}

/** Unix seconds in the one spelling they have. Throws `invalid-signature`. */
export function unixSeconds(name: string, text: string): Timestamp {
  if (!UNIX_SECONDS.test(text)) throw invalidSignature(`${name} must be unix seconds in plain decimal`);
  return { text, ms: Number(text) * 1000 };
}

/** The unix seconds of an attempt, as they are sent and signed. */
export const unixSecondsText = (timestampMs: number): string => String(Math.floor(timestampMs / 1000));

/** Throws `stale-signature` when a timestamp lies further away than the tolerance, in the past or in the future. */
export function checkAge(name: string, timestampMs: number, nowMs: number, toleranceMs: number): void {
  // Asked for what must hold, so that a `nowMs` that is NaN or no number at all is out of tolerance rather than in it.
  const isInTime = typeof nowMs === 'number' && Math.abs(nowMs - timestampMs) <= toleranceMs;
  if (!isInTime) {
    throw new RingbackError('stale-signature', `${name} is more than ${toleranceMs} ms away from now`);
  }
}
