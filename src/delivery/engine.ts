import type { Callback, Delivery, Receipt } from '../callback.js';
import { RingbackError } from '../errors.js';
import { fingerprintOf } from '../idempotency/fingerprint.js';
import { durationOption } from '../options.js';
import type { DeadLetter, DeadLetters } from '../outbox/outbox.js';
import { randomId } from '../random.js';
import { Addresses } from './addresses.js';
import { attemptInBackground, type BackgroundEngine } from './background.js';
import { Cancellation } from './cancellation.js';
import { DeliveryError } from './delivery-error.js';
import { Destinations } from './destinations.js';
import { deliverNow, type Engine } from './direct.js';
import { checkOptions, type EngineSettings } from './engine-settings.js';
import { EventBus } from './event-bus.js';
import { IdempotentDeliveries } from './idempotent.js';
import { type Intake, takeIn } from './intake.js';
import type { RingbackOptions } from './options.js';
import { Sender } from './sender.js';
import type { RingbackSnapshot } from './snapshot.js';
import { type DeliveryStatus, EndedDeliveries, type Enqueued } from './status.js';
import { type Undelivered, undeliveredOf } from './undelivered.js';

type EndKey = (receipt: Receipt | undefined, error?: unknown) => Promise<void>;

const DEFAULT_CLOSE_MS = 10_000;

/** One instance: takes callbacks in, delivers them now or through the outbox, and keeps the account of them. */
export class DeliveryEngine {
  readonly events: EventBus;
  readonly deadLetters: DeadLetters;
  readonly #settings: EngineSettings;
  readonly #intake: Intake;
  readonly #destinations: Destinations;
  readonly #engine: Engine;
  readonly #keys: IdempotentDeliveries;
  readonly #ended = new EndedDeliveries();
  /** What ends the idempotency key of a delivery in the outbox. */
  readonly #keyEnds = new Map<string, EndKey>();
  /** Calls of `deliver` that run: each with its own way to be aborted, as one shared signal would cost its listeners' square. */
  readonly #delivering = new Map<Cancellation, Promise<unknown>>();
  #closing: Promise<{ readonly undelivered: readonly Undelivered[] }> | undefined = undefined;
  #warnedOfDeadLetters = false;

  constructor(options: RingbackOptions) {
    const settings = checkOptions(options);
    const { clock, random, logger, outbox } = settings;
    this.#settings = settings;
    this.events = new EventBus(logger);
    this.#destinations = new Destinations({
      ...settings,
      hooks: {
        circuitChanged: (destination, state, reason) => {
          logger.info({ destination, state, reason }, 'a circuit breaker changed state');
          this.events.emit('circuit', { destination, state, reason });
        },
        limitChanged: (destination, limit) => this.events.emit('limit', { destination, limit }),
        released: (destination) => outbox.wake(destination),
      },
    });
    const addresses = new Addresses(settings.transports, settings.destinationOf);
    const sender = new Sender(settings.signature, clock);
    this.#engine = { clock, events: this.events, destinations: this.#destinations, sender, addresses };
    this.#keys = new IdempotentDeliveries(settings.store, settings.leaseMs, settings.ttlMs, clock, logger);
    this.#intake = {
      addresses,
      newId: () => randomId('msg_', random),
      wallMs: () => clock.now(),
    };
    this.deadLetters = outbox.deadLetters;
    this.#startOutbox();
  }

  async deliver(callback: Callback, signal?: AbortSignal): Promise<Receipt> {
    const delivery = this.#accept(callback);
    const checked = this.#engine.sender.check(delivery);
    if (checked !== undefined) await checked;
    const key = delivery.idempotencyKey;
    if (key === undefined) return this.#deliverTracked(delivery, signal);
    const fingerprint = this.#fingerprint(callback, delivery);
    const waitMs = delivery.deadlineMs ?? this.#destinations.pipeline(delivery.destination).deadlineMs;
    const turn = await this.#keys.take(key, delivery, fingerprint, waitMs, signal);
    if (turn.state === 'done') return this.#deduplicated(delivery, turn.receipt);
    if (turn.state === 'joined') return this.#deduplicated(delivery, { ...(await turn.holder.receipt), deduplicated: true });
    try {
      const receipt = await this.#deliverTracked(delivery, signal);
      await turn.end(receipt);
      return receipt;
    } catch (error) {
      await turn.end(undefined, error);
      throw error;
    }
  }

  async enqueue(callback: Callback, signal?: AbortSignal): Promise<Enqueued> {
    const delivery = this.#accept(callback);
    await this.#engine.sender.check(delivery);
    // A settings function that throws must do so here, not after the callback was accepted.
    this.#destinations.pipeline(delivery.destination);
    const key = delivery.idempotencyKey;
    if (key === undefined) return this.#store(delivery, signal);
    const turn = await this.#keys.take(key, delivery, this.#fingerprint(callback, delivery), 0, signal);
    if (turn.state !== 'ours') {
      this.events.emit('deduplicated', this.events.about(delivery));
      return { id: turn.state === 'done' ? turn.receipt.id : turn.holder.id, deduplicated: true };
    }
    this.#keyEnds.set(delivery.id, turn.end);
    try {
      return await this.#store(delivery, signal);
    } catch (error) {
      this.#keyEnds.delete(delivery.id);
      await turn.end(undefined, error);
      throw error;
    }
  }

  async status(id: string): Promise<DeliveryStatus | undefined> {
    const state = await this.#settings.outbox.status(id);
    return state === undefined ? this.#ended.get(id) : { state };
  }

  async cancel(id: string): Promise<boolean> {
    const cancelled = await this.#settings.outbox.cancel(id);
    if (!cancelled) return false;
    this.#ended.add(id, 'cancelled');
    this.#endKey(id, undefined, new RingbackError('cancelled', `${id} was cancelled`));
    return true;
  }

  async drain(): Promise<void> {
    await Promise.all([this.#settings.outbox.drain(), Promise.allSettled(this.#delivering.values())]);
  }

  async close(timeoutMs?: number): Promise<{ readonly undelivered: readonly Undelivered[] }> {
    const boundMs = durationOption('close.timeoutMs', timeoutMs, DEFAULT_CLOSE_MS);
    this.#closing ??= this.#close(boundMs);
    return this.#closing;
  }

  snapshot(): RingbackSnapshot {
    const { clock, outbox } = this.#settings;
    return {
      takenAtMs: clock.now(),
      delivering: this.#delivering.size,
      outbox: outbox.snapshot(clock.monotonic()),
      budgetBalance: this.#destinations.clientBudgetBalance,
      destinations: this.#destinations.snapshot(),
    };
  }

  /** Everything that can be wrong with a callback in itself is found here. */
  #accept(callback: Callback): Delivery {
    this.#checkOpen();
    return takeIn(callback, this.#intake);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new RingbackError('closed', 'this ringback instance was closed and takes no more');
  }

  #fingerprint({ data }: Callback, { to, type, body }: Delivery): string {
    return fingerprintOf({ to, type, ...(data === undefined ? { body } : { data }) });
  }

  #deduplicated(delivery: Delivery, receipt: Receipt): Receipt {
    this.events.emit('deduplicated', this.events.about(delivery));
    return receipt;
  }

  async #deliverTracked(delivery: Delivery, signal: AbortSignal | undefined): Promise<Receipt> {
    this.#checkOpen();
    const cancellation = new Cancellation();
    const abort = (): void => cancellation.abort(signal?.reason);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    const running = deliverNow(this.#engine, delivery, cancellation);
    this.#delivering.set(cancellation, running);
    try {
      return await running;
    } finally {
      this.#delivering.delete(cancellation);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #store(delivery: Delivery, signal: AbortSignal | undefined): Promise<Enqueued> {
    await this.#settings.outbox.add(delivery, signal);
    this.events.emit('enqueued', this.events.about(delivery));
    return { id: delivery.id, deduplicated: false };
  }

  #startOutbox(): void {
    const { clock, random, retry, outbox } = this.#settings;
    const onDelivered = (delivery: Delivery, receipt: Receipt): void => {
      this.#ended.add(delivery.id, 'delivered');
      this.#endKey(delivery.id, receipt);
    };
    const background: BackgroundEngine = { ...this.#engine, retry, random, onDelivered };
    outbox.start({
      clock,
      random,
      peek: (destination) => this.#destinations.find(destination)?.peek(clock.monotonic()),
      handle: (entry, signal) => attemptInBackground(background, entry, signal),
      deadLettered: (letter, dropped) => this.#deadLettered(letter, dropped),
    });
  }

  #deadLettered(letter: DeadLetter, dropped: DeadLetter | undefined): void {
    const { id, destination, attempts, correlationId, metadata } = letter;
    const { logger } = this.#settings;
    const outcome = { kind: attempts.at(-1)?.outcome ?? 'failed', reason: letter.reason } as const;
    this.#endKey(
      id,
      undefined,
      new DeliveryError({ id, destination, why: 'dead-letter', outcome, attempts, correlationId, metadata }),
    );
    logger.warn(
      { id, destination, reason: letter.reason, dropped: dropped?.id },
      'a callback was given up and is a dead letter now',
    );
    if (this.events.hears('dead-letter')) this.events.emit('dead-letter', { ...this.events.about(letter), letter });
    else this.#warnOnce(letter);
  }

  #warnOnce({ id, destination, reason }: DeadLetter): void {
    if (this.#warnedOfDeadLetters || this.#settings.hasLogger) return;
    this.#warnedOfDeadLetters = true;
    globalThis.console.warn(
      `ringback: ${id} to ${destination} was given up (${reason}) and nobody listens to 'dead-letter'; this is said once`,
    );
  }

  #endKey(id: string, receipt: Receipt | undefined, error?: unknown): void {
    const end = this.#keyEnds.get(id);
    this.#keyEnds.delete(id);
    void end?.(receipt, error);
  }

  async #close(timeoutMs: number): Promise<{ readonly undelivered: readonly Undelivered[] }> {
    const { clock, outbox, transports } = this.#settings;
    const stopped = outbox.stop(timeoutMs);
    if (this.#delivering.size > 0) {
      const patience = new AbortController();
      const settled = Promise.allSettled(this.#delivering.values()).finally(() => patience.abort());
      await Promise.race([settled, clock.sleep(timeoutMs, patience.signal).catch(() => {})]);
      const closed = new RingbackError('closed', 'this ringback instance was closed');
      for (const cancellation of this.#delivering.keys()) cancellation.abort(closed);
      await settled;
    }
    const left = await stopped;
    for (const { id } of left) this.#endKey(id, undefined, new RingbackError('closed', 'this ringback instance was closed'));
    await Promise.allSettled(transports.map((transport) => transport.close?.()));
    return { undelivered: left.map(undeliveredOf) };
  }
}
