import type { Delivery, Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import { deadlineError } from '../policies/pipeline/refusal-error.js';
import type { Address, Addresses } from './addresses.js';
import { failureOf, receiptOf } from './delivery-end.js';
import type { Destinations } from './destinations.js';
import type { Disabling } from './disabling.js';
import type { EventBus } from './event-bus.js';
import { Journal } from './journal.js';
import type { SendEnd, Sender } from './sender.js';

/** What delivering takes from the instance. */
export interface Engine {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly disabling: Disabling;
  readonly destinations: Destinations;
  readonly sender: Sender;
  readonly addresses: Addresses;
}

/**
 * Delivers now, with retries, and answers with the receipt. `leftMs` is what is left of the deadline, where some of it is spent.
 *
 * @throws DeliveryError with every attempt in it.
 */
export async function deliverNow(
  engine: Engine,
  delivery: Delivery,
  address: Address,
  signal: CancelSignal,
  leftMs?: number,
): Promise<Receipt> {
  const { clock, events, sender } = engine;
  const { transport } = address;
  const pipeline = engine.destinations.pipelineAt(address);
  const deadlineMs = leftMs ?? delivery.deadlineMs ?? pipeline.deadlineMs;
  const journal = new Journal(delivery, engine);
  const options = { deadlineMs, priority: delivery.priority, retries: true, observer: journal };
  let end: SendEnd | undefined;
  let cause: unknown;
  try {
    if (deadlineMs <= 0) throw deadlineError(delivery.destination, 'nothing had begun', undefined);
    end = await pipeline.call(
      (context) => sender.send(delivery, transport, journal.sends(context.attempt, context)),
      signal,
      options,
    );
    cause = end?.cause;
  } catch (error) {
    cause = error;
  }
  if (journal.lastOutcome?.kind === 'delivered') return receiptOf(journal, end, clock, events);
  throw failureOf(journal, end, cause, signal, events);
}
