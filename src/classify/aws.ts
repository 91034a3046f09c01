import type { Classify, Outcome } from '../outcome.js';
import { networkOutcome } from './network-error.js';
import { retryAfterOf } from './retry-after.js';
import { thrownStatusOutcome } from './status.js';

/** The names by which AWS services say "too much", mostly with status 400. The AWS SDKs' own list, and KMS behind SNS. */
const THROTTLING: ReadonlySet<unknown> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'KMSThrottlingException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

const TIMEOUTS: ReadonlySet<unknown> = new Set(['RequestTimeout', 'RequestTimeoutException']);

/** What is looked at of an error of the AWS SDK for JavaScript, version 3. */
interface AwsError {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly $response?: { readonly headers?: unknown };
}

/**
 * What a call of an AWS SDK v3 client came to, told by the shape of its result or error; throttling counts as `overloaded`
 * whatever its status. Give it to a pipeline as `classify`, and switch the client's own retries off (`maxAttempts: 1`), or they
 * multiply with the pipeline's.
 *
 * @example
 * ```ts
 * import { awsOutcome } from 'ringback';
 *
 * const error = Object.assign(new Error('Rate exceeded'), { name: 'Throttling', $metadata: { httpStatusCode: 400 } });
 * console.log(awsOutcome({ error })); // prints { kind: 'overloaded', status: 400, … reason: 'throttled (Throttling)' }
 * ```
 */
export const awsOutcome: Classify = (end) => {
  if ('error' in end) return errorOutcome(end.error);
  const result = end.value as AwsError | null | undefined;
  const status = result?.$metadata?.httpStatusCode;
  return typeof status === 'number' ? { kind: 'delivered', status } : undefined;
};

function errorOutcome(error: unknown): Outcome | undefined {
  const { name, $metadata, $response } = (error ?? {}) as AwsError;
  const status = $metadata?.httpStatusCode;
  if (typeof status !== 'number') return networkOutcome(error);
  if (THROTTLING.has(name)) {
    return { kind: 'overloaded', status, retryAfterMs: retryAfterOf($response?.headers), reason: `throttled (${name})` };
  }
  if (TIMEOUTS.has(name)) return { kind: 'timed-out', status, reason: `timed out (${name})` };
  return thrownStatusOutcome(status, $response?.headers);
}
