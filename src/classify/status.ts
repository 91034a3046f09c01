import type { Outcome, OutcomeKind } from '../outcome.js';
import { retryAfterOf } from './retry-after.js';

/**
 * What an HTTP status means: 2xx `delivered`; 429, 502, 503, 504 `overloaded`; 408, 425 and other 5xx `failed`; a redirect
 * `failed`, as redirects are not followed; 410 `gone`; other 4xx `rejected`, and 304 too, which is an answer and no redirect.
 */
export function statusKind(status: number): OutcomeKind {
  switch (status) {
    case 304:
      return 'rejected';
    case 408:
    case 425:
      return 'failed';
    case 410:
      return 'gone';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'overloaded';
  }
  if (status >= 200 && status < 300) return 'delivered';
  return status >= 400 && status < 500 ? 'rejected' : 'failed';
}

/**
 * What an answer means that a client returned, or threw for its status alone. Its headers are looked through for Retry-After. A 409
 * with one is `overloaded`: the receiver is at work on this very message, and says when to ask again.
 */
export function statusOutcome(status: number, headers: unknown): Outcome {
  const meant = statusKind(status);
  if (meant === 'delivered') return { kind: meant, status };
  const retryAfterMs = retryAfterOf(headers);
  const kind = status === 409 && retryAfterMs !== undefined ? 'overloaded' : meant;
  const redirects = kind === 'failed' && status >= 300 && status < 400;
  const reason = redirects ? `answered ${status}, a redirect that was not followed` : `answered ${status}`;
  return { kind, status, retryAfterMs, reason };
}

/**
 * What an error means that a client threw although an answer came: its status says, unless that is a success, whose body then
 * could not be read or understood.
 */
export function thrownStatusOutcome(status: number, headers: unknown): Outcome {
  const outcome = statusOutcome(status, headers);
  return outcome.kind === 'delivered'
    ? { kind: 'failed', status, reason: `answered ${status}, but not to be understood` }
    : outcome;
}
