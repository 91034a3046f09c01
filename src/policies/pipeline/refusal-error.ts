import { RingbackError, withoutStack } from '../../errors.js';
import type { Refusal } from '../policy.js';

/**
 * One of our own policies refused the call: nothing was sent. `retryAfterMs` says when to come back, where the policy knows.
 * cockatiel's guards hold for it: `isBrokenCircuitError`, `isIsolatedCircuitError`, `isBulkheadRejectedError`.
 *
 * @example
 * ```ts
 * import { bulkhead, RefusalError, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ concurrency: bulkhead({ limit: 1, maxWaiting: 0 }), name: 'partner' });
 * const first = partner.execute(async () => 'first');
 * const second = await partner.execute(async () => 'second').catch((error: unknown) => error);
 * if (second instanceof RefusalError) console.log(second.code, second.policy); // concurrency-full concurrency-limiter
 * await first;
 * ```
 */
export class RefusalError extends RingbackError {
  /** The policy that refused. */
  readonly policy: string;
  /** When to come back, in ms, where the policy knows. */
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal, callee: string | undefined) {
    super(refusal.code, `${refusal.policy} refused a call${callee === undefined ? '' : ` to ${callee}`}: ${refusal.reason}`);
    this.policy = refusal.policy;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

// cockatiel's guards ask `'isBrokenCircuitError' in error`, so the brands stand on prototypes: they cost nothing to make.
class CircuitOpenError extends RefusalError {}
class CircuitIsolatedError extends CircuitOpenError {}
class ConcurrencyFullError extends RefusalError {}
Object.defineProperty(CircuitOpenError.prototype, 'isBrokenCircuitError', { value: true });
Object.defineProperty(CircuitIsolatedError.prototype, 'isIsolatedCircuitError', { value: true });
Object.defineProperty(ConcurrencyFullError.prototype, 'isBulkheadRejectedError', { value: true });

const classes = {
  'circuit-open': CircuitOpenError,
  'circuit-isolated': CircuitIsolatedError,
  'concurrency-full': ConcurrencyFullError,
  'rate-limited': RefusalError,
  'policy-refused': RefusalError,
} as const;

/** A fresh, stackless error for a refusal. */
export function refusalError(refusal: Refusal, callee: string | undefined): RefusalError {
  const RefusalClass = classes[refusal.code] ?? RefusalError;
  return withoutStack(() => new RefusalClass(refusal, callee));
}

/** The call was given up in the middle: by time or by the caller. cockatiel's `isTaskCancelledError` holds for it. */
class InterruptedError extends RingbackError {}
Object.defineProperty(InterruptedError.prototype, 'isTaskCancelledError', { value: true });

const ofCallee = (callee: string | undefined): string => (callee === undefined ? '' : ` of ${callee}`);

export function attemptTimeoutError(callee: string | undefined, timeoutMs: number): RingbackError {
  const message = `the attempt${ofCallee(callee)} did not end within ${timeoutMs} ms`;
  return withoutStack(() => new InterruptedError('attempt-timeout', message));
}

export function deadlineError(callee: string | undefined, doing: string, cause: unknown): RingbackError {
  return outOfTime(`the deadline${ofCallee(callee)} passed: ${doing}`, cause);
}

/** The deadline is yet to come, but what could be begun now would not end before it. */
export function tooLateError(callee: string | undefined, doing: string, cause: unknown): RingbackError {
  return outOfTime(`no slot${ofCallee(callee)} came free in time: ${doing}`, cause);
}

function outOfTime(message: string, cause: unknown): RingbackError {
  return withoutStack(() => new InterruptedError('deadline-exceeded', message, cause === undefined ? undefined : { cause }));
}

export function cancelledError(callee: string | undefined, reason: unknown): RingbackError {
  return withoutStack(() => new InterruptedError('cancelled', `the call${ofCallee(callee)} was cancelled`, { cause: reason }));
}
