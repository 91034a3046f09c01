import type { Delivery, Receipt } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { DeadLetter, Disposition, OutboxEntry, OutboxHost } from '../outbox/outbox.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import type { Refusal } from '../policies/policy.js';
import type { Retry } from '../policies/retry.js';
import type { Random } from '../random.js';
import { attemptInBackground, type BackgroundEngine } from './background.js';
import { Cancels } from './cancels.js';
import { receiptOf } from './delivery-end.js';
import { DeliveryError } from './delivery-error.js';
import type { Engine } from './direct.js';
import type { Holding } from './holding.js';
import type { IdempotentDeliveries } from './idempotent.js';
import type { Journal } from './journal.js';
import type { SendEnd } from './sender.js';
import { type DeliveryStatus, EndedDeliveries } from './status.js';

/** What the host of an outbox takes from the instance. */
export interface HostSettings {
  readonly engine: Engine;
  readonly retry: Retry;
  readonly random: Random;
  readonly keys: IdempotentDeliveries;
  readonly logger: Logger;
  /** Says the one warning of an instance without a logger. */
  readonly warnOnce: ((message: string) => void) | undefined;
}

/** What ringback lends an outbox, and what it knows of the callbacks in it: their ends, their idempotency keys, who was told. */
export class BackgroundHost implements OutboxHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly #settings: HostSettings;
  readonly #engine: BackgroundEngine;
  readonly #ended = new EndedDeliveries();
  /** The idempotency keys that callbacks in the outbox hold, by the callback's id. */
  readonly #holdings = new Map<string, Holding>();
  /** Stored, or about to be, and the listeners of `enqueued` don't know yet. */
  readonly #untold = new Map<string, Delivery>();
  readonly #cancels = new Cancels((id) => this.#cancelled(id));
  #hasWarned = false;

  constructor(settings: HostSettings) {
    const { engine, retry, random } = settings;
    this.clock = engine.clock;
    this.random = random;
    this.#settings = settings;
    this.#engine = {
      ...engine,
      retry,
      random,
      onDelivered: (journal, end) => this.#delivered(journal, end),
      onEnded: (id, disposition) => this.#cancels.attemptEnded(id, disposition),
    };
  }

  peek(destination: string): Refusal | undefined {
    return this.#engine.destinations.find(destination)?.peek(this.clock.monotonic());
  }

  handle(entry: OutboxEntry, signal: CancelSignal): Promise<Disposition> {
    const { id } = entry.delivery;
    // It runs, so it is stored, though `add` may not have said so yet: listeners hear of it before they hear of its attempts.
    this.tellEnqueued(entry.delivery);
    this.#cancels.attemptBegan(id);
    return attemptInBackground(this.#engine, entry, signal);
  }

  deadLettered(letter: DeadLetter, dropped: DeadLetter | undefined): void {
    const { events } = this.#engine;
    const { id, destination, reason, attempts, correlationId, metadata } = letter;
    this.#ended.forget(id);
    const outcome = { kind: attempts.findLast(isAttempt)?.outcome ?? 'failed', reason } as const;
    this.#endKey(
      id,
      undefined,
      () => new DeliveryError({ id, destination, why: 'dead-letter', outcome, attempts, correlationId, metadata }),
    );
    const fields = { id, destination, reason, ...(dropped !== undefined && { dropped: dropped.id }) };
    this.#settings.logger.warn(fields, 'a callback was given up and is a dead letter now');
    if (events.hears('dead-letter')) {
      events.emit('dead-letter', { ...events.about(letter), letter, ...(dropped !== undefined && { dropped }) });
    } else this.#warn(letter);
  }

  /** Before a callback is handed to the outbox, which may run it before it says that it has it. */
  storing(delivery: Delivery, holding: Holding | undefined): void {
    const { id } = delivery;
    // The id of one that is in the outbox already will be refused there: what is known under it is not this one's to replace.
    if (this.#engine.events.hears('enqueued') && !this.#untold.has(id)) this.#untold.set(id, delivery);
    if (holding !== undefined && !this.#holdings.has(id)) this.#holdings.set(id, holding);
  }

  notStored(delivery: Delivery, holding: Holding | undefined): void {
    const { id } = delivery;
    if (this.#untold.get(id) === delivery) this.#untold.delete(id);
    if (this.#holdings.get(id) === holding) this.#holdings.delete(id);
  }

  tellEnqueued(delivery: Delivery): void {
    const untold = this.#untold.get(delivery.id);
    if (untold === undefined || !isSame(untold, delivery)) return;
    this.#untold.delete(delivery.id);
    this.#engine.events.emit('enqueued', this.#engine.events.about(delivery));
  }

  /** Cancels by `cancel`, which tells whether there was something to cancel. */
  cancel(id: string, cancel: (id: string) => Promise<boolean>): Promise<boolean> {
    return this.#cancels.ask(id, cancel);
  }

  /** `close` hands it back: its key is free for whoever enqueues it again. */
  handedBack(id: string, error: RingbackError): void {
    this.#ended.forget(id);
    this.#endKey(id, undefined, () => error);
  }

  endOf(id: string): DeliveryStatus | undefined {
    return this.#ended.get(id);
  }

  /** The receipt is made where somebody gets it. */
  #delivered(journal: Journal, end: SendEnd | undefined): void {
    const { clock, events } = this.#engine;
    const { id, idempotencyKey } = journal.delivery;
    // One with another key is that of a callback whose id is about to be refused, as it is this one's.
    const holdsKey = idempotencyKey !== undefined && this.#holdings.get(id)?.key === idempotencyKey;
    const isWanted = holdsKey || events.hears('delivered');
    const receipt = isWanted ? receiptOf(journal, end, clock, events) : undefined;
    this.#ended.add(id, 'delivered');
    if (holdsKey) this.#endKey(id, receipt, undefined);
  }

  #cancelled(id: string): void {
    this.#ended.add(id, 'cancelled');
    this.#endKey(id, undefined, () => new RingbackError('cancelled', `${id} was cancelled`));
  }

  #endKey(id: string, receipt: Receipt | undefined, errorOf: (() => unknown) | undefined): void {
    const holding = this.#holdings.get(id);
    if (holding === undefined) return;
    this.#holdings.delete(id);
    void this.#settings.keys.end(holding, receipt, errorOf?.());
  }

  #warn({ id, destination, reason }: DeadLetter): void {
    const { warnOnce } = this.#settings;
    if (this.#hasWarned || warnOnce === undefined) return;
    this.#hasWarned = true;
    warnOnce(`ringback: ${id} to ${destination} was given up (${reason}) and nobody listens to 'dead-letter'; this is said once`);
  }
}

/** An outbox may hand over a copy of what it was given. */
const isSame = (a: Delivery, b: Delivery): boolean =>
  a === b || (a.acceptedAtMs === b.acceptedAtMs && a.idempotencyKey === b.idempotencyKey && a.to === b.to);

const isAttempt = ({ refusedBy }: DeadLetter['attempts'][number]): boolean => refusedBy === undefined;
