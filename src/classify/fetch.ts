import type { Classify } from '../outcome.js';
import { networkOutcome } from './network-error.js';
import { statusOutcome } from './status.js';

/**
 * What a `fetch` came to: a fetch that resolves with 503 is no success. Give it to a pipeline as `classify` where the wrapped
 * call returns the `Response`. Any fetch will do (the platform's, undici's, a polyfill's), as it goes by shape; of any other
 * value or error it has no opinion.
 *
 * A Retry-After that is a date is read against the answer's own `Date`.
 *
 * @example
 * ```ts
 * import { fetchOutcome } from 'ringback';
 *
 * const answer = new Response('', { status: 503, headers: { 'retry-after': '2' } });
 * console.log(fetchOutcome({ value: answer })); // prints { kind: 'overloaded', status: 503, retryAfterMs: 2000, reason: 'answered 503' }
 * ```
 */
export const fetchOutcome: Classify = (end) => {
  if ('error' in end) return networkOutcome(end.error);
  const response = end.value as { readonly status?: unknown; readonly headers?: { readonly get?: unknown } } | null | undefined;
  if (typeof response?.status !== 'number' || typeof response.headers?.get !== 'function') return undefined;
  return statusOutcome(response.status, response.headers);
};
