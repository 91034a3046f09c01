import type { Answer } from '../../callback.js';
import { networkOutcome } from '../../classify/network-error.js';
import { FORBIDDEN_REASON, ForbiddenAddressError } from './address-guard.js';

/** The answer that says that the address is not allowed. */
export const FORBIDDEN: Answer = { outcome: { kind: 'forbidden', reason: FORBIDDEN_REASON } };

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
