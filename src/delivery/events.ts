import type { AttemptRecord, Receipt } from '../callback.js';
import type { DeadLetter } from '../outbox/outbox.js';
import type { CircuitState } from '../policies/circuit-breaker.js';
import type { DeliveryError } from './delivery-error.js';

/** What every event about one callback carries. No body, no header, no secret. */
export interface CallbackEvent {
  readonly id: string;
  readonly destination: string;
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Why a destination should be disabled. */
export interface DisableEvent extends CallbackEvent {
  /** `gone`: it answered that it is gone for good (HTTP 410). `failing`: it had no success for `disableAfterMs`. */
  readonly why: 'gone' | 'failing';
  /** Wall-clock ms of the first failure since its last success. */
  readonly sinceMs: number;
  /** How many attempts failed since then. */
  readonly failures: number;
  /** The attempt that showed it. */
  readonly record: AttemptRecord;
}

/** The events of a ringback instance. A listener that throws harms nothing: it is logged. */
export interface RingbackEvents {
  /** It is in the outbox. */
  enqueued: (event: CallbackEvent) => void;
  /** An attempt ended, whatever its outcome. */
  attempt: (event: CallbackEvent & { readonly record: AttemptRecord }) => void;
  /** It will be tried again after a wait. */
  retry: (event: CallbackEvent & { readonly record: AttemptRecord; readonly waitMs: number }) => void;
  delivered: (event: CallbackEvent & { readonly receipt: Receipt }) => void;
  /** A `deliver` ended without success. */
  failed: (event: CallbackEvent & { readonly error: DeliveryError }) => void;
  /** An enqueued callback was given up. `dropped` is what had to go to make room for its letter, and is lost now. */
  'dead-letter': (event: CallbackEvent & { readonly letter: DeadLetter; readonly dropped?: DeadLetter }) => void;
  /** One of our own policies refused it: it is not sent now. In the outbox it comes again, and has burnt no attempt. */
  shed: (event: CallbackEvent & { readonly refusedBy: string; readonly reason: string }) => void;
  /** It was answered from an earlier delivery with the same idempotency key. */
  deduplicated: (event: CallbackEvent) => void;
  /**
   * A destination should be sent nothing any more: it answered that it is gone for good, each time that it says so; or it had no
   * success for `disableAfterMs`, once until it has one.
   */
  disable: (event: DisableEvent) => void;
  /** A destination's circuit breaker changed state. */
  circuit: (event: { readonly destination: string; readonly state: CircuitState; readonly reason: string }) => void;
  /** A destination's concurrency limit moved. */
  limit: (event: { readonly destination: string; readonly limit: number }) => void;
}
