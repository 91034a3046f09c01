import type { Answer, Response } from '../callback.js';
import { parseRetryAfter } from '../classify/retry-after.js';
import { statusOutcome } from '../classify/status.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { Outcome, OutcomeKind } from '../outcome.js';

/** A reading of a response. `undefined` means no opinion: the default then applies. */
export type HttpClassify = (response: Response) => Outcome | OutcomeKind | undefined;

/** How the transports that speak HTTP read what is answered. */
export interface AnswerReading {
  /** The transport's name, for its errors. */
  readonly transport: string;
  /** What a Retry-After date is read against where the answer has no `Date`. */
  readonly clock: Clock;
  /** The user's own reading, asked first. */
  readonly classify: HttpClassify | undefined;
}

/** What a response means. Throws `transport-failed` where the user's `classify` threw. */
export function answerOf(response: Response, to: string, reading: AnswerReading): Answer {
  const own = reading.classify === undefined ? undefined : askUser(reading.classify, response, reading.transport);
  if (own === undefined) return { outcome: outcomeOf(response, to, reading.clock), response };
  const { status } = response;
  const outcome = typeof own === 'string' ? { kind: own, status, reason: `answered ${status}, read as ${own}` } : own;
  return { outcome, response };
}

function askUser(classify: HttpClassify, response: Response, transport: string): Outcome | OutcomeKind | undefined {
  try {
    return classify(response);
  } catch (cause) {
    const message = `classify of ${transport} threw at an answer with status ${response.status}`;
    throw new RingbackError('transport-failed', message, { cause });
  }
}

function outcomeOf({ status, headers }: Response, to: string, clock: Clock): Outcome {
  const outcome = statusOutcome(status, headers);
  if (outcome.kind === 'delivered') return outcome;
  const retryAfter = headers['retry-after'];
  return {
    ...outcome,
    reason: (outcome.kind === 'failed' && redirectReason(status, headers.location, to)) || outcome.reason,
    // An answer without a `Date` of its own leaves a Retry-After date to our clock.
    retryAfterMs: outcome.retryAfterMs ?? (retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, clock.now())),
  };
}

/** Where a redirect leads: the origin alone, as the rest may carry a secret. `null` is what URLs without one call it. */
function redirectReason(status: number, location: string | undefined, to: string): string | undefined {
  if (location === undefined || status < 300 || status > 399) return undefined;
  const origin = URL.parse(location, to)?.origin;
  return origin === undefined || origin === 'null'
    ? undefined
    : `answered ${status}, a redirect to ${origin} that was not followed`;
}
