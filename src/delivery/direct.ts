import type { Delivery, Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import { isRingbackError } from '../errors.js';
import type { Outcome } from '../outcome.js';
import type { CancelSignal } from '../policies/cancel-signal.js';
import type { Addresses } from './addresses.js';
import { DeliveryError, type DeliveryFailure } from './delivery-error.js';
import type { Destinations } from './destinations.js';
import type { EventBus } from './event-bus.js';
import { Journal } from './journal.js';
import type { SendEnd, Sender } from './sender.js';

/** What delivering takes from the instance. */
export interface Engine {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly destinations: Destinations;
  readonly sender: Sender;
  readonly addresses: Addresses;
}

const UNKNOWN: Outcome = Object.freeze({ kind: 'failed', reason: 'no attempt was made' });

/** The outcomes that are themselves the reason why a delivery ended. */
const FINAL: Partial<Record<Outcome['kind'], DeliveryFailure>> = {
  rejected: 'rejected',
  gone: 'gone',
  forbidden: 'forbidden',
  shed: 'shed',
  cancelled: 'cancelled',
};

/**
 * Delivers now, with retries, and answers with the receipt.
 *
 * @throws DeliveryError with every attempt in it.
 */
export async function deliverNow(engine: Engine, delivery: Delivery, signal: CancelSignal): Promise<Receipt> {
  const { clock, events, sender } = engine;
  const { transport } = engine.addresses.of(delivery.to);
  const pipeline = engine.destinations.pipeline(delivery.destination);
  const journal = new Journal(delivery, clock, events);
  const options = {
    deadlineMs: delivery.deadlineMs ?? pipeline.deadlineMs,
    priority: delivery.priority,
    retries: true,
    observer: journal,
  };
  let end: SendEnd | undefined;
  let cause: unknown;
  try {
    end = await pipeline.call(
      ({ signal: attemptSignal, attempt }) => sender.send(delivery, transport, { number: attempt, signal: attemptSignal }),
      signal,
      options,
    );
    cause = end.cause;
  } catch (error) {
    cause = error;
  }
  if (end?.outcome.kind === 'delivered') return receiptOf(journal, end, clock, events);
  throw failureOf(journal, end, cause, events);
}

/** The receipt of what was just delivered, told to the listeners. */
export function receiptOf(journal: Journal, end: SendEnd, clock: Clock, events: EventBus): Receipt {
  const { delivery } = journal;
  const receipt: Receipt = {
    ...events.about(delivery),
    attempts: journal.records,
    acceptedAtMs: delivery.acceptedAtMs,
    deliveredAtMs: clock.now(),
    ...(end.response !== undefined && { response: end.response }),
    deduplicated: false,
  };
  if (events.hears('delivered')) events.emit('delivered', { ...events.about(delivery), receipt });
  return receipt;
}

function failureOf(journal: Journal, end: SendEnd | undefined, cause: unknown, events: EventBus): DeliveryError {
  const { delivery, lastDecision } = journal;
  const outcome =
    journal.refusal === undefined ? (end?.outcome ?? journal.lastOutcome ?? UNKNOWN) : (journal.lastOutcome ?? UNKNOWN);
  const gaveUp = lastDecision !== undefined && !lastDecision.retry ? lastDecision.why : 'not-retryable';
  const interrupted = isRingbackError(cause, 'cancelled')
    ? 'cancelled'
    : isRingbackError(cause, 'deadline-exceeded') && 'deadline';
  const why = interrupted || (FINAL[outcome.kind] ?? gaveUp);
  const error = new DeliveryError({ ...events.about(delivery), why, outcome, attempts: journal.records, cause });
  if (events.hears('failed')) events.emit('failed', { ...events.about(delivery), error });
  return error;
}
