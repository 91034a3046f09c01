import type { Classify, Outcome } from '../outcome.js';
import { networkOutcome } from './network-error.js';
import { statusOutcome, thrownStatusOutcome } from './status.js';

/** What is looked at of a got response. */
interface GotResponse {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
}

/**
 * What a got call came to, told by the shape of its response or error. Give it to a pipeline as `classify` where the wrapped
 * call is a got call, and switch got's own retries off (`retry: { limit: 0 }`), or they multiply with the pipeline's. A call that
 * resolves with a parsed body (`.json()`) is a success by itself.
 *
 * @example
 * ```ts
 * import got from 'got';
 * import { gotOutcome, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ classify: gotOutcome, retry: { maxAttempts: 1 } });
 * const call = partner.execute(() => got('http://127.0.0.1:9', { retry: { limit: 0 } })); // nobody listens there
 * await call.catch((error) => console.log(gotOutcome({ error }))); // prints { kind: 'failed', reason: 'connection refused' }
 * ```
 */
export const gotOutcome: Classify = (end) => {
  if ('error' in end) return errorOutcome(end.error);
  const response = end.value as GotResponse | null | undefined;
  if (typeof response?.statusCode !== 'number' || typeof response.headers !== 'object') return undefined;
  return statusOutcome(response.statusCode, response.headers);
};

function errorOutcome(error: unknown): Outcome | undefined {
  // The network first: got keeps the response in errors that came while its body was read.
  const network = networkOutcome(error);
  if (network !== undefined) return network;
  const response = (error as { readonly response?: GotResponse } | null | undefined)?.response;
  return typeof response?.statusCode === 'number' ? thrownStatusOutcome(response.statusCode, response.headers) : undefined;
}
