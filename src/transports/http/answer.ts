import type { Answer } from '../../callback.js';
import { networkOutcome } from '../../classify/network-error.js';
import { ForbiddenAddressError, ResolverError } from './guarded-lookup.js';
import { Http2Error } from './http2-error.js';
import { UnprocessedError } from './protocol.js';
import { PinMismatchError } from './tls.js';
import { ProxyError } from './tunnel.js';

/** The answer of a destination that the guard refuses. */
export function forbidden(reason: string): Answer {
  return { outcome: { kind: 'forbidden', reason } };
}

/** undici's names for a request that it does not send: the message is at fault, so trying again changes nothing. */
const REFUSED_BY_UNDICI: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** What a failed exchange means. Reasons are phrases of ours: the network's own messages name addresses. */
export function failureOf(error: unknown): Answer {
  if (error instanceof ForbiddenAddressError) return forbidden(error.message);
  if (error instanceof PinMismatchError || error instanceof UnprocessedError)
    return { outcome: { kind: 'failed', reason: error.message } };
  if (error instanceof ProxyError || error instanceof Http2Error) return { outcome: { kind: error.kind, reason: error.message } };
  const { code } = error as { readonly code?: unknown };
  if (REFUSED_BY_UNDICI.has(code)) return { outcome: { kind: 'rejected', reason: 'the request is no valid HTTP' } };
  const unnamed = error instanceof ResolverError ? 'resolveHost failed' : 'network error';
  const reason = typeof code === 'string' ? `network error ${code}` : unnamed;
  return { outcome: networkOutcome(error) ?? { kind: 'failed', reason } };
}
