import { isRingbackError, type RingbackErrorCode } from '../errors.js';
import type { AttemptEnd, Outcome, OutcomeKind } from '../outcome.js';
import { networkOutcome } from './network-error.js';

/** Shared, as a success should cost no object. */
const DELIVERED: Outcome = Object.freeze({ kind: 'delivered' });

/**
 * Errors of the program itself: trying again changes nothing. SyntaxError is not among them, as at run time it comes from
 * `JSON.parse` of what the other end sent.
 */
const OWN_ERRORS: ReadonlySet<unknown> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'URIError', 'EvalError']);

/** What the errors of a pipeline inside the wrapped call mean. */
const RINGBACK_CODES: Partial<Record<RingbackErrorCode, OutcomeKind>> = {
  'circuit-open': 'shed',
  'circuit-isolated': 'shed',
  'concurrency-full': 'shed',
  'rate-limited': 'shed',
  'policy-refused': 'shed',
  'attempt-timeout': 'timed-out',
  'deadline-exceeded': 'timed-out',
  cancelled: 'cancelled',
  'forbidden-destination': 'forbidden',
  'invalid-option': 'rejected',
  'invalid-callback': 'rejected',
  'invalid-secret': 'rejected',
  'unsupported-destination': 'rejected',
  'missing-dependency': 'rejected',
  // As any other throw, but its message says what was closed: a transport that another instance closed, for one.
  closed: 'failed',
};

/** A name as classes have it: what else stands there may be long, or break a log's lines. */
const PLAIN_NAME = /^[\w.$]{1,80}$/;

/** The brands of cockatiel's own errors, for its policies inside the wrapped call. Its timeout throws a cancelled task. */
const COCKATIEL_BRANDS: readonly (readonly [string, OutcomeKind])[] = [
  ['isBrokenCircuitError', 'shed'],
  ['isBulkheadRejectedError', 'shed'],
  ['isTaskCancelledError', 'timed-out'],
];

/**
 * What an end means when nobody says otherwise: a value is `delivered`; a throw is `failed`, except the program's own errors
 * (TypeError, RangeError, … without a network cause), which are `rejected`. An AbortError is `cancelled`, a TimeoutError
 * `timed-out`, and a refusal by a policy inside the call `shed`.
 */
export function classifyByDefault(end: AttemptEnd): Outcome {
  if (!('error' in end)) return DELIVERED;
  const { error } = end;
  const policyKind = policyOutcome(error);
  if (policyKind !== undefined) return { kind: policyKind, reason: (error as Error).message };
  const network = networkOutcome(error);
  if (network !== undefined) return network;
  if (typeof error !== 'object' || error === null) return { kind: 'failed', reason: `threw a ${typeof error}` };
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  if (OWN_ERRORS.has(name) || code === 'ERR_INVALID_URL')
    return { kind: 'rejected', reason: code === 'ERR_INVALID_URL' ? 'invalid URL' : `threw ${name}` };
  return { kind: 'failed', reason: typeof name === 'string' && PLAIN_NAME.test(name) ? `threw ${name}` : 'threw an object' };
}

function policyOutcome(error: unknown): OutcomeKind | undefined {
  if (isRingbackError(error)) return RINGBACK_CODES[error.code];
  if (typeof error !== 'object' || error === null) return undefined;
  const branded = error as Record<string, unknown>;
  return COCKATIEL_BRANDS.find(([brand]) => branded[brand] === true)?.[1];
}
