import type { Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import { isRingbackError } from '../errors.js';
import type { Outcome } from '../outcome.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import { DeliveryError, type DeliveryFailure } from './delivery-error.js';
import type { EventBus } from './event-bus.js';
import type { Journal } from './journal.js';
import type { SendEnd } from './sender.js';

const NO_ATTEMPT: Outcome = Object.freeze({ kind: 'failed', reason: 'no attempt was made' });

/** The outcomes that are themselves the reason why a delivery ended. */
const FINAL: Partial<Record<Outcome['kind'], DeliveryFailure>> = {
  rejected: 'rejected',
  gone: 'gone',
  forbidden: 'forbidden',
  shed: 'shed',
  cancelled: 'cancelled',
};

/** The receipt of what was just delivered, told to the listeners. */
export function receiptOf(journal: Journal, end: SendEnd | undefined, clock: Clock, events: EventBus): Receipt {
  const { delivery } = journal;
  const receipt: Receipt = Object.freeze({
    ...events.about(delivery),
    attempts: Object.freeze(journal.records),
    acceptedAtMs: delivery.acceptedAtMs,
    deliveredAtMs: clock.now(),
    ...(end?.response !== undefined && { response: end.response }),
    deduplicated: false,
  });
  if (events.hears('delivered')) events.emit('delivered', { ...events.about(delivery), receipt });
  return receipt;
}

/** The error of what was not delivered, told to the listeners. */
export function failureOf(
  journal: Journal,
  end: SendEnd | undefined,
  cause: unknown,
  signal: CancelSignal,
  events: EventBus,
): DeliveryError {
  const { delivery, refusal, lastOutcome, lastDecision } = journal;
  const refused: Outcome | undefined = refusal && { kind: 'shed', reason: refusal.reason, retryAfterMs: refusal.retryAfterMs };
  const error = new DeliveryError({
    ...events.about(delivery),
    why: whyOf(journal, cause, signal),
    outcome: lastOutcome ?? refused ?? NO_ATTEMPT,
    attempts: Object.freeze(journal.records),
    maxRetryAfterMs: lastDecision?.retry === false ? lastDecision.maxRetryAfterMs : undefined,
    response: end?.response,
    cause,
  });
  if (events.hears('failed')) events.emit('failed', { ...events.about(delivery), error });
  return error;
}

function whyOf({ refusal, lastOutcome, lastDecision }: Journal, cause: unknown, signal: CancelSignal): DeliveryFailure {
  if (isRingbackError(cause, 'cancelled')) return isRingbackError(signal.reason, 'closed') ? 'closed' : 'cancelled';
  if (isRingbackError(cause, 'deadline-exceeded')) return 'deadline';
  if (refusal !== undefined) return 'shed';
  const why = lastDecision === undefined || lastDecision.retry ? 'not-retryable' : lastDecision.why;
  return why === 'not-retryable' ? (FINAL[(lastOutcome ?? NO_ATTEMPT).kind] ?? why) : why;
}
