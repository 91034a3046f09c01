import type { Outcome, OutcomeKind } from '../outcome.js';

/** Causes nest: fetch's TypeError holds undici's error, which may hold the socket's. Deeper than this is a circle. */
const MAX_DEPTH = 8;

/** The codes of Node, undici and the clients on top of them, with the words that a person understands. */
const CODES: ReadonlyMap<string, readonly [OutcomeKind, string]> = new Map([
  ['ECONNREFUSED', ['failed', 'connection refused']],
  ['ECONNRESET', ['failed', 'connection reset']],
  ['ECONNABORTED', ['failed', 'connection aborted']],
  ['EPIPE', ['failed', 'connection closed while sending']],
  ['ENOTFOUND', ['failed', 'host not found']],
  ['EAI_AGAIN', ['failed', 'name resolution failed for now']],
  ['EHOSTUNREACH', ['failed', 'host unreachable']],
  ['EHOSTDOWN', ['failed', 'host down']],
  ['ENETUNREACH', ['failed', 'network unreachable']],
  ['ENETDOWN', ['failed', 'network down']],
  ['EADDRNOTAVAIL', ['failed', 'no local address or port free']],
  ['EPROTO', ['failed', 'TLS handshake failed']],
  ['CERT_HAS_EXPIRED', ['failed', 'certificate expired']],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', ['failed', 'certificate self-signed']],
  ['SELF_SIGNED_CERT_IN_CHAIN', ['failed', 'certificate self-signed']],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', ['failed', 'certificate not verifiable']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['failed', 'certificate of another host']],
  ['UND_ERR_SOCKET', ['failed', 'connection closed']],
  ['UND_ERR_CLOSED', ['failed', 'client closed']],
  ['UND_ERR_DESTROYED', ['failed', 'client destroyed']],
  ['UND_ERR_RESPONSE_EXCEEDED_SIZE', ['failed', 'answer too large']],
  ['UND_ERR_HEADERS_OVERFLOW', ['failed', 'answer headers too large']],
  ['ETIMEDOUT', ['timed-out', 'timed out']],
  ['ESOCKETTIMEDOUT', ['timed-out', 'timed out']],
  ['UND_ERR_CONNECT_TIMEOUT', ['timed-out', 'timed out while connecting']],
  ['UND_ERR_HEADERS_TIMEOUT', ['timed-out', 'timed out waiting for an answer']],
  ['UND_ERR_BODY_TIMEOUT', ['timed-out', 'timed out reading the answer']],
  ['UND_ERR_ABORTED', ['cancelled', 'aborted']],
  ['ABORT_ERR', ['cancelled', 'aborted']],
  ['ERR_ABORTED', ['cancelled', 'aborted']],
  ['ERR_CANCELED', ['cancelled', 'aborted']],
]);

const NAMES: ReadonlyMap<string, readonly [OutcomeKind, string]> = new Map([
  ['TimeoutError', ['timed-out', 'timed out']],
  ['AbortError', ['cancelled', 'aborted']],
  ['HTTPParserError', ['failed', 'malformed HTTP answer']],
]);

/**
 * Codes told by how they begin: the HTTP parser's and the decompressors'. Node writes brotli's as `ERR__ERROR_…`. A parameter that a
 * decompressor refuses is the program's own fault.
 */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^HPE_/, 'malformed HTTP answer'],
  [/^(Z_|ZSTD_error_|ERR__ERROR_|ERR_(BROTLI|ZSTD)(?!_INVALID_PARAM))/, 'corrupt compressed answer'],
];

/**
 * The messages of fetch's TypeError in runtimes that give it no cause: browsers, Deno, React Native. undici's `terminated`, for a
 * body that breaks off, has one that may be of any kind.
 */
const FETCH_FAILED =
  /^(fetch failed|terminated$|failed to fetch|load failed|networkerror|network request failed|error sending request|error reading a body)/i;

/** The message of workerd's fetch, which throws plain errors. */
const CONNECTION_LOST = 'Network connection lost.';

/**
 * What an error of the network means, told by its code or name, or by those of its causes. Undefined for errors of other kinds.
 */
export function networkOutcome(error: unknown): Outcome | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_DEPTH && typeof current === 'object' && current !== null; depth++) {
    const outcome = ownOutcome(current);
    if (outcome !== undefined) return outcome;
    current = (current as { readonly cause?: unknown }).cause;
  }
  return isFailedFetch(error) ? { kind: 'failed', reason: 'network error' } : undefined;
}

function ownOutcome(error: { readonly code?: unknown; readonly name?: unknown }): Outcome | undefined {
  const { code, name } = error;
  const known =
    (typeof code === 'string' ? CODES.get(code) : undefined) ?? (typeof name === 'string' ? NAMES.get(name) : undefined);
  if (known !== undefined) return { kind: known[0], reason: known[1] };
  const reason = typeof code === 'string' ? BEGINNINGS.find(([beginning]) => beginning.test(code))?.[1] : undefined;
  return reason === undefined ? undefined : { kind: 'failed', reason };
}

function isFailedFetch(error: unknown): boolean {
  if (error instanceof TypeError) return FETCH_FAILED.test(error.message);
  return error instanceof Error && error.message === CONNECTION_LOST;
}
