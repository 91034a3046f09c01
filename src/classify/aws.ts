import type { Classify, Outcome } from '../outcome.js';
import { networkOutcome } from './network-error.js';
import { retryAfterOf } from './retry-after.js';
import { thrownStatusOutcome } from './status.js';

/**
 * The names by which AWS services say "too much", mostly with status 400. The AWS SDKs' own list, KMS behind SNS and SQS, and what SNS
 * and KMS call it in the entries of a batch, where the SDK names no class.
 */
const THROTTLING: ReadonlySet<unknown> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'KMS.ThrottlingException',
  'KMSThrottling',
  'KMSThrottlingException',
  'KmsThrottled',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttled',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

const TIMEOUTS: ReadonlySet<unknown> = new Set(['RequestTimeout', 'RequestTimeoutException']);

/** A 4xx that the next attempt may not meet: the SDK takes new credentials, and sets its clock by the answer's date. */
const OUT_OF_DATE: ReadonlySet<unknown> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
]);

/** What is looked at of an error of the AWS SDK for JavaScript, version 3. */
interface AwsError {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly clockSkewCorrected?: unknown };
  readonly $response?: { readonly headers?: unknown };
  /** What the service's own model says of this error. */
  readonly $retryable?: { readonly throttling?: unknown };
}

/**
 * What a call of an AWS SDK v3 client came to, told by the shape of its result or error; throttling counts as `overloaded`,
 * and credentials that expired or a clock that is off as `failed`, whatever the status. Give it to a pipeline as `classify`, and
 * switch the client's own retries off (`maxAttempts: 1`), or they multiply with the pipeline's.
 *
 * @example
 * ```ts
 * import { awsOutcome } from 'ringback';
 *
 * const error = Object.assign(new Error('Rate exceeded'), { name: 'Throttling', $metadata: { httpStatusCode: 400 } });
 * console.log(awsOutcome({ error })); // prints { kind: 'overloaded', status: 400, reason: 'throttled (Throttling)' }
 * ```
 */
export const awsOutcome: Classify = (end) => {
  if ('error' in end) return errorOutcome(end.error);
  const result = end.value as AwsError | null | undefined;
  const status = result?.$metadata?.httpStatusCode;
  return typeof status === 'number' ? { kind: 'delivered', status } : undefined;
};

function errorOutcome(error: unknown): Outcome | undefined {
  const { name, $metadata, $response, $retryable } = (error ?? {}) as AwsError;
  const status = $metadata?.httpStatusCode;
  if (typeof status !== 'number') return networkOutcome(error);
  const outcome = awsCodeOutcome(name, status) ?? modelledOutcome($retryable, status);
  if (outcome !== undefined) {
    const retryAfterMs = outcome.kind === 'overloaded' ? retryAfterOf($response?.headers) : undefined;
    return retryAfterMs === undefined ? outcome : { ...outcome, retryAfterMs };
  }
  const answered = thrownStatusOutcome(status, $response?.headers);
  return answered.kind === 'rejected' && $metadata?.clockSkewCorrected === true ? outOfDate(name, status) : answered;
}

function modelledOutcome(retryable: AwsError['$retryable'], status: number): Outcome | undefined {
  return retryable?.throttling === true ? { kind: 'overloaded', status, reason: 'throttled' } : undefined;
}

/** What an error's code means whatever its status; undefined where the status says it all. */
export function awsCodeOutcome(code: unknown, status: number): Outcome | undefined {
  if (THROTTLING.has(code)) return { kind: 'overloaded', status, reason: `throttled (${code})` };
  if (TIMEOUTS.has(code)) return { kind: 'timed-out', status, reason: `timed out (${code})` };
  return OUT_OF_DATE.has(code) ? outOfDate(code, status) : undefined;
}

const outOfDate = (code: unknown, status: number): Outcome => ({
  kind: 'failed',
  status,
  reason: `credentials or clock out of date (${code})`,
});
