import type { Classify, Outcome } from '../outcome.js';
import { networkOutcome } from './network-error.js';
import { statusOutcome, thrownStatusOutcome } from './status.js';

/** What is looked at of an axios response. */
interface AxiosResponse {
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly config?: unknown;
}

/** What is looked at of an axios error. */
interface AxiosError {
  readonly isAxiosError?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly response?: AxiosResponse;
  readonly config?: { readonly signal?: { readonly reason?: { readonly name?: unknown } | null } };
}

/**
 * What an axios call came to, told by the shape of its response or error. Give it to a pipeline as `classify` where the wrapped
 * call is an axios call. Of what is not axios's it has no opinion, but for errors of the network.
 *
 * @example
 * ```ts
 * import axios from 'axios';
 * import { axiosOutcome, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ classify: axiosOutcome, retry: { maxAttempts: 1 } });
 * const call = partner.execute(() => axios.get('http://127.0.0.1:9')); // nobody listens there
 * await call.catch((error) => console.log(axiosOutcome({ error }))); // prints { kind: 'failed', reason: 'connection refused' }
 * ```
 */
export const axiosOutcome: Classify = (end) => {
  if ('error' in end) return errorOutcome(end.error);
  const response = end.value as AxiosResponse | null | undefined;
  if (typeof response?.status !== 'number' || typeof response.config !== 'object') return undefined;
  return statusOutcome(response.status, response.headers);
};

function errorOutcome(error: unknown): Outcome | undefined {
  const axiosError = error as AxiosError | null | undefined;
  const status = axiosError?.response?.status;
  if (typeof status === 'number') return thrownStatusOutcome(status, axiosError?.response?.headers);
  return timedOut(axiosError) ? { kind: 'timed-out', reason: 'timed out' } : networkOutcome(error);
}

/** axios tells its timeout by a code that it also has for an abort, and calls a signal's timeout cancelled. */
function timedOut(error: AxiosError | null | undefined): boolean {
  if (error?.isAxiosError !== true && error?.code !== 'ERR_CANCELED') return false;
  if (error.code === 'ECONNABORTED') return error.message !== 'Request aborted';
  return error.code === 'ERR_CANCELED' && error.config?.signal?.reason?.name === 'TimeoutError';
}
