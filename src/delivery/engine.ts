import type { Callback, Delivery, Receipt } from '../callback.js';
import { isRingbackError, RingbackError } from '../errors.js';
import type { Cancellation } from '../outbox/cancellation.js';
import type { DeadLetters } from '../outbox/outbox.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import { randomId } from '../random.js';
import { TimeLimit } from '../time-limit.js';
import { type Address, Addresses } from './addresses.js';
import { BackgroundHost } from './background-host.js';
import { Destinations } from './destinations.js';
import { deliverNow, type Engine } from './direct.js';
import { Disabling } from './disabling.js';
import { checkOptions, type EngineSettings } from './engine-settings.js';
import { EventBus } from './event-bus.js';
import { FailingDestinations } from './failing-destinations.js';
import type { Holding } from './holding.js';
import { IdempotentDeliveries, inFlight } from './idempotent.js';
import { type Intake, type TakenIn, takeIn } from './intake.js';
import type { RingbackOptions } from './options.js';
import { waitFor } from './patience.js';
import { RunningCalls } from './running-calls.js';
import { Sender } from './sender.js';
import { type Closed, shutDown } from './shut-down.js';
import type { RingbackSnapshot } from './snapshot.js';
import type { DeliveryStatus, Enqueued } from './status.js';

/** What `enqueue` waits for before the outbox (a signature function, a store, a delivery that it joined) may take this long. */
const DOOR_MS = 30_000;

/** What is past its deadline need not be stored. */
const atTheDoorMs = ({ deadlineMs = DOOR_MS }: Delivery): number => Math.min(DOOR_MS, deadlineMs);

/** A call of `deliver` that waits for something before it begins. */
interface DirectCall {
  readonly delivery: Delivery;
  readonly address: Address;
  readonly deadlineAtMs: number;
  readonly cancellation: Cancellation;
}

/** One instance: takes callbacks in, delivers them now or through the outbox, and keeps the account of them. */
export class DeliveryEngine {
  readonly events: EventBus;
  readonly deadLetters: DeadLetters;
  readonly #settings: EngineSettings;
  readonly #intake: Intake;
  readonly #engine: Engine;
  readonly #failing: FailingDestinations;
  readonly #keys: IdempotentDeliveries;
  readonly #host: BackgroundHost;
  readonly #delivering = new RunningCalls();
  /** Calls of `enqueue` that wait for something before they come to the outbox. */
  readonly #atTheDoor = new RunningCalls();
  #closing: Promise<Closed> | undefined = undefined;

  constructor(options: RingbackOptions) {
    const settings = checkOptions(options);
    const { clock, random, logger, outbox, retry } = settings;
    this.#settings = settings;
    this.events = new EventBus(logger);
    const addresses = new Addresses(settings.transports, settings.destinationOf, settings.maxDestinations);
    const sender = new Sender(settings.signature, clock);
    this.#failing = new FailingDestinations(settings);
    const disabling = new Disabling({ ...settings, failing: this.#failing, events: this.events });
    this.#engine = { clock, events: this.events, disabling, destinations: this.#destinationsOf(settings), sender, addresses };
    this.#keys = new IdempotentDeliveries(settings);
    this.#intake = { addresses, newId: () => randomId('msg_', random), wallMs: () => clock.now() };
    const warnOnce = settings.hasLogger ? undefined : warnOnConsole;
    this.#host = new BackgroundHost({ engine: this.#engine, retry, random, keys: this.#keys, logger, warnOnce });
    this.deadLetters = outbox.deadLetters;
    outbox.start(this.#host);
  }

  deliver(callback: Callback, signal?: AbortSignal): Promise<Receipt> {
    const takenIn = this.#takeIn(callback);
    return this.#delivering.run(signal, (cancellation) => this.#deliver(takenIn, cancellation));
  }

  enqueue(callback: Callback, signal?: AbortSignal): Promise<Enqueued> {
    const { delivery, address, fingerprint } = this.#takeIn(callback);
    // A settings function that throws must do so here, not after the callback was accepted.
    this.#engine.destinations.pipelineAt(address);
    const checking = this.#engine.sender.check(delivery);
    if (checking === undefined && fingerprint === undefined) return this.#store(delivery, undefined, signal);
    return this.#storeAfter(checking, delivery, fingerprint, signal);
  }

  async #storeAfter(
    checking: Promise<void> | undefined,
    delivery: Delivery,
    fingerprint: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Enqueued> {
    const turn = await this.#atTheDoor.run(signal, async (cancellation) => {
      if (checking !== undefined) await this.#checked(checking, atTheDoorMs(delivery), cancellation);
      return fingerprint === undefined ? undefined : this.#turnToStore(delivery, fingerprint, cancellation);
    });
    if (typeof turn === 'string') return this.#alreadyAccepted(delivery, turn);
    return this.#store(delivery, turn, signal);
  }

  async status(id: string): Promise<DeliveryStatus | undefined> {
    const state = await this.#settings.outbox.status(id);
    return state === undefined ? this.#host.endOf(id) : { state };
  }

  cancel(id: string): Promise<boolean> {
    return this.#host.cancel(id, (found) => this.#settings.outbox.cancel(found));
  }

  async drain(): Promise<void> {
    const { outbox, clock } = this.#settings;
    do {
      await this.#delivering.settled();
      await outbox.drain();
      // A store that has not heard yet that a key is done would have it delivered again by another process.
      await Promise.all([this.#keys.settled(), this.#engine.disabling.settled()]);
    } while (this.#delivering.size > 0 || (this.#closing === undefined && outbox.snapshot(clock.monotonic()).depth > 0));
  }

  close(timeoutMs: number): Promise<Closed> {
    this.#closing ??= shutDown(timeoutMs, {
      ...this.#settings,
      delivering: this.#delivering,
      atTheDoor: this.#atTheDoor,
      host: this.#host,
      keys: this.#keys,
      disabling: this.#engine.disabling,
    });
    return this.#closing;
  }

  snapshot(): RingbackSnapshot {
    const { clock, outbox } = this.#settings;
    const { destinations } = this.#engine;
    const budgetBalance = destinations.clientBudgetBalance;
    return {
      takenAtMs: clock.now(),
      delivering: this.#delivering.size,
      outbox: outbox.snapshot(clock.monotonic()),
      ...(budgetBalance !== undefined && { budgetBalance }),
      destinations: destinations.snapshot(),
      failing: this.#failing.snapshot(),
    };
  }

  /** Everything that can be wrong with a callback in itself is found here. */
  #takeIn(callback: Callback): TakenIn {
    this.#checkOpen();
    return takeIn(callback, this.#intake);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new RingbackError('closed', 'this ringback instance was closed and takes no more');
  }

  /** Not async: most callbacks have nothing to wait for here. */
  #deliver({ delivery, address, fingerprint }: TakenIn, cancellation: Cancellation): Promise<Receipt> {
    const { clock, destinations, sender } = this.#engine;
    // Before the check, whose promise must not be left alone when a settings function throws.
    const pipeline = destinations.pipelineAt(address);
    const checking = sender.check(delivery);
    if (checking === undefined && fingerprint === undefined) {
      return deliverNow(this.#engine, delivery, address, cancellation);
    }
    const deadlineMs = delivery.deadlineMs ?? pipeline.deadlineMs;
    const deadlineAtMs = clock.monotonic() + deadlineMs;
    const checked = checking === undefined ? undefined : this.#checked(checking, deadlineMs, cancellation);
    return this.#deliverAfter(checked, { delivery, address, deadlineAtMs, cancellation }, fingerprint);
  }

  /** What the signature function and the key's store take counts against the deadline. */
  async #deliverAfter(checked: Promise<void> | undefined, call: DirectCall, fingerprint: string | undefined): Promise<Receipt> {
    if (checked !== undefined) await checked;
    return fingerprint === undefined ? this.#deliverLeft(call) : this.#deliverOnce(call, fingerprint);
  }

  #deliverLeft({ delivery, address, deadlineAtMs, cancellation }: DirectCall): Promise<Receipt> {
    const leftMs = Math.max(0, deadlineAtMs - this.#engine.clock.monotonic());
    return deliverNow(this.#engine, delivery, address, cancellation, leftMs);
  }

  /** Delivers under the callback's idempotency key, unless somebody did, or does: then this shares the end. */
  async #deliverOnce(call: DirectCall, fingerprint: string): Promise<Receipt> {
    const { clock } = this.#engine;
    const { delivery, deadlineAtMs, cancellation: signal } = call;
    const { id, idempotencyKey: key = '' } = delivery;
    for (;;) {
      const leftMs = deadlineAtMs - clock.monotonic();
      const turn = await this.#keys.take({ key, id, fingerprint, answerMs: leftMs, waitMs: leftMs, signal });
      if (turn.state === 'done') return this.#deduplicated(delivery, turn.receipt);
      if (turn.state === 'ours') return this.#deliverHolding(call, turn.holding);
      const late = (): RingbackError => inFlight(`${turn.holding.id} is still on its way at the deadline`);
      const timeoutMs = deadlineAtMs - clock.monotonic();
      const receipt = await waitFor(turn.holding.ended, { clock, timeoutMs, signal, late });
      if (receipt !== undefined) return this.#deduplicated(delivery, receipt);
    }
  }

  async #deliverHolding(call: DirectCall, holding: Holding): Promise<Receipt> {
    const { lost } = holding;
    // Another process may hold the key from then on: what is tried again here would be delivered twice.
    lost?.addEventListener('abort', () => call.cancellation.abort(lost.reason), { once: true });
    try {
      const receipt = await this.#deliverLeft(call);
      await this.#inTime(call, this.#keys.end(holding, receipt));
      return receipt;
    } catch (error) {
      await this.#inTime(call, this.#keys.end(holding, undefined, error));
      throw error;
    }
  }

  /** The store is told on its own time: the caller has a deadline, and `drain` and `close` wait for it too. */
  async #inTime({ deadlineAtMs }: DirectCall, told: Promise<void>): Promise<void> {
    const { clock } = this.#engine;
    using limit = new TimeLimit(clock, Math.max(0, deadlineAtMs - clock.monotonic()));
    await Promise.race([told, limit.over]);
  }

  #deduplicated(delivery: Delivery, receipt: Receipt): Receipt {
    this.events.emit('deduplicated', this.events.about(delivery));
    return receipt.deduplicated ? receipt : Object.freeze({ ...receipt, deduplicated: true });
  }

  /** Waits for the user's signature function, which answered with a promise. */
  #checked(checking: Promise<void>, timeoutMs: number, signal: CancelSignal): Promise<void> {
    const late = (): RingbackError => new RingbackError('signing-failed', `signature() did not answer in ${timeoutMs} ms`);
    return waitFor(checking, { clock: this.#engine.clock, timeoutMs, signal, late });
  }

  /** The key, held for what is to be stored; or the id under which the same callback was accepted before. */
  async #turnToStore(delivery: Delivery, fingerprint: string, signal: Cancellation): Promise<Holding | string> {
    const { clock } = this.#engine;
    const { id, idempotencyKey: key = '' } = delivery;
    for (;;) {
      const turn = await this.#keys.take({ key, id, fingerprint, answerMs: atTheDoorMs(delivery), waitMs: 0, signal });
      if (turn.state === 'ours') return turn.holding;
      if (turn.state === 'done') return turn.receipt.id;
      const late = (): RingbackError => inFlight(`${turn.holding.id} is being delivered`);
      const accepted = await waitFor(turn.holding.accepted, { clock, timeoutMs: atTheDoorMs(delivery), signal, late });
      if (accepted !== undefined) return accepted;
    }
  }

  #alreadyAccepted(delivery: Delivery, id: string): Enqueued {
    this.events.emit('deduplicated', this.events.about(delivery));
    return { id, deduplicated: true };
  }

  async #store(delivery: Delivery, holding: Holding | undefined, signal: AbortSignal | undefined): Promise<Enqueued> {
    this.#host.storing(delivery, holding);
    try {
      await this.#settings.outbox.add(delivery, signal);
    } catch (cause) {
      const error = isRingbackError(cause)
        ? cause
        : new RingbackError('outbox-failed', 'the outbox could not store the callback', { cause });
      this.#host.notStored(delivery, holding);
      if (holding !== undefined) await this.#keys.end(holding, undefined, error);
      throw error;
    }
    holding?.stored();
    this.#host.tellEnqueued(delivery);
    return { id: delivery.id, deduplicated: false };
  }

  #destinationsOf(settings: EngineSettings): Destinations {
    const { logger, outbox } = settings;
    return new Destinations({
      ...settings,
      hooks: {
        circuitChanged: (destination, state, reason) => {
          logger.info({ destination, state, reason }, 'a circuit breaker changed state');
          this.events.emit('circuit', { destination, state, reason });
        },
        limitChanged: (destination, limit) => this.events.emit('limit', { destination, limit }),
        released: (destination) => {
          try {
            outbox.wake(destination);
          } catch (error) {
            // What was delivered must not fail for it.
            logger.error({ destination, error }, 'the outbox failed to wake');
          }
        },
      },
    });
  }
}

function warnOnConsole(message: string): void {
  globalThis.console.warn(message);
}
