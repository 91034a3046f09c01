import type { Answer, Response } from '../../callback.js';
import { networkOutcome } from '../../classify/network-error.js';
import { parseRetryAfter } from '../../classify/retry-after.js';
import { statusOutcome } from '../../classify/status.js';
import type { Clock } from '../../clock.js';
import { RingbackError } from '../../errors.js';
import type { Outcome, OutcomeKind } from '../../outcome.js';
import { FORBIDDEN_REASON, ForbiddenAddressError } from './address-guard.js';

/** A reading of a response. `undefined` means no opinion: the default then applies. */
export type HttpClassify = (response: Response) => Outcome | OutcomeKind | undefined;

/** The answer that says that the address is not allowed. */
export const FORBIDDEN: Answer = { outcome: { kind: 'forbidden', reason: FORBIDDEN_REASON } };

/** What a response means. Throws `transport-failed` where the user's `classify` threw. */
export function answerOf(response: Response, to: string, clock: Clock, classify: HttpClassify | undefined): Answer {
  const own = classify === undefined ? undefined : askUser(classify, response);
  if (own === undefined) return { outcome: outcomeOf(response, to, clock), response };
  const { status } = response;
  const outcome = typeof own === 'string' ? { kind: own, status, reason: `answered ${status}, read as ${own}` } : own;
  return { outcome, response };
}

function askUser(classify: HttpClassify, response: Response): Outcome | OutcomeKind | undefined {
  try {
    return classify(response);
  } catch (cause) {
    throw new RingbackError('transport-failed', `classify of http threw at an answer with status ${response.status}`, { cause });
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

/** undici's names for a request that it does not send: the message is at fault, so trying again changes nothing. */
const REFUSED_BY_UNDICI: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** What a failed exchange means. Reasons are phrases of ours: the network's own messages name addresses. */
export function failureOf(error: unknown): Answer {
  if (error instanceof ForbiddenAddressError) return FORBIDDEN;
  const { code } = error as { readonly code?: unknown };
  if (REFUSED_BY_UNDICI.has(code)) return { outcome: { kind: 'rejected', reason: 'the request is no valid HTTP' } };
  const reason = typeof code === 'string' ? `network error ${code}` : 'network error';
  return { outcome: networkOutcome(error) ?? { kind: 'failed', reason } };
}
