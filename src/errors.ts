/**
 * Every error that ringback makes is a {@link RingbackError} with one of these codes. The union is closed: a new code is a
 * minor release, a removed one a major.
 *
 * - `invalid-option`: a setting is missing, unknown, out of range, or contradicts another. Thrown when something is built.
 * - `invalid-callback`: a callback, header or body can't be sent as it is, thrown before anything is stored or sent; or a
 *   received body is not the JSON that it was read as.
 * - `unsupported-destination`: no transport accepts the destination's scheme.
 * - `invalid-secret`: a signing secret is malformed or too short.
 * - `secrets-unavailable`: the function that looks secrets up threw, did not answer in time, or gave none to sign with; nothing
 *   was signed or verified.
 * - `signing-failed`: the signature scheme threw, so nothing was sent.
 * - `invalid-signature`, `stale-signature`: a received message is malformed or tampered with, or its timestamp is out of
 *   tolerance.
 * - `already-redeemed`: a single-use callback URL was redeemed before.
 * - `missing-dependency`: an optional peer dependency that this needs is not installed.
 * - `circuit-open`, `circuit-isolated`: the circuit breaker refused the call.
 * - `concurrency-full`: the concurrency limiter's slots and line are full.
 * - `rate-limited`: the rate limiter refused the call.
 * - `policy-refused`: a policy of the user's refused the call.
 * - `attempt-timeout`: one attempt ran longer than `attemptTimeoutMs`.
 * - `deadline-exceeded`: the whole call, with its retries and waits, can't end before its deadline.
 * - `cancelled`: the caller's signal was aborted, or the delivery was cancelled.
 * - `forbidden-destination`: the outbound guard refused the address. Never retried.
 * - `transport-failed`: the transport could not complete the attempt (network, protocol, an answer that is no success).
 * - `delivery-failed`: a delivery ended without success; see `DeliveryError`.
 * - `idempotency-mismatch`: the idempotency key was used before with another payload.
 * - `idempotency-in-flight`: the key is held by another process and did not complete in time.
 * - `idempotency-store-failed`: the store threw; the operation fails closed.
 * - `outbox-full`: the outbox is at its bound and was asked not to wait.
 * - `outbox-failed`: the outbox could not store, or was asked for something it does not hold.
 * - `closed`: the instance was closed.
 */
export type RingbackErrorCode =
  | 'invalid-option'
  | 'invalid-callback'
  | 'unsupported-destination'
  | 'invalid-secret'
  | 'secrets-unavailable'
  | 'signing-failed'
  | 'invalid-signature'
  | 'stale-signature'
  | 'already-redeemed'
  | 'missing-dependency'
  | 'circuit-open'
  | 'circuit-isolated'
  | 'concurrency-full'
  | 'rate-limited'
  | 'policy-refused'
  | 'attempt-timeout'
  | 'deadline-exceeded'
  | 'cancelled'
  | 'forbidden-destination'
  | 'transport-failed'
  | 'delivery-failed'
  | 'idempotency-mismatch'
  | 'idempotency-in-flight'
  | 'idempotency-store-failed'
  | 'outbox-full'
  | 'outbox-failed'
  | 'closed';

const brand: unique symbol = Symbol.for('ringback.error') as never;

/**
 * The base of every error ringback throws. Tell errors apart by `code`; use {@link isRingbackError} rather than
 * `instanceof`, as it also holds when two copies of the package are installed.
 *
 * The `name` follows the platform where it has one: `AbortError` for `cancelled`, `TimeoutError` for `attempt-timeout` and
 * `deadline-exceeded`, else `RingbackError`.
 *
 * @example
 * ```ts
 * import { isRingbackError, resiliencePipeline } from 'ringback';
 *
 * try {
 *   resiliencePipeline({ attemptTimeoutMs: -1 });
 * } catch (error) {
 *   if (isRingbackError(error)) console.log(error.code); // invalid-option
 * }
 * ```
 */
export class RingbackError extends Error {
  /** What went wrong, as one of a closed set. */
  readonly code: RingbackErrorCode;

  constructor(code: RingbackErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** `AbortError`, `TimeoutError` or `RingbackError`, by the code. */
  override get name(): string {
    if (this.code === 'cancelled') return 'AbortError';
    return this.code === 'attempt-timeout' || this.code === 'deadline-exceeded' ? 'TimeoutError' : 'RingbackError';
  }

  static {
    Object.defineProperty(RingbackError.prototype, brand, { value: true });
  }
}

/**
 * Makes an error without a stack. Refusals and timeouts come by the thousand in an outage, each with a message that says it
 * all; a stack would cost more than the refused call.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * True for every error that any copy of ringback in this process made; with a code, only for errors of this code.
 *
 * @param error anything that was caught
 * @param code the code to ask for; left out, any will do
 * @example
 * ```ts
 * import { isRingbackError, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ attemptTimeoutMs: 10, retry: false });
 * const error = await partner.execute(() => new Promise(() => {})).catch((thrown: unknown) => thrown);
 * console.log(isRingbackError(error, 'attempt-timeout'), isRingbackError(new Error('mine'))); // true false
 * ```
 */
export function isRingbackError<Code extends RingbackErrorCode = RingbackErrorCode>(
  error: unknown,
  code?: Code,
): error is RingbackError & { readonly code: Code } {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || (error as { readonly code?: unknown }).code === code;
}
