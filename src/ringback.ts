import type { Callback, CallbackTypes, Receipt } from './callback.js';
import { DeliveryEngine } from './delivery/engine.js';
import type { RingbackEvents } from './delivery/events.js';
import type { RingbackOptions } from './delivery/options.js';
import type { RingbackSnapshot } from './delivery/snapshot.js';
import type { DeliveryStatus, Enqueued } from './delivery/status.js';
import type { Undelivered } from './delivery/undelivered.js';
import { RingbackError } from './errors.js';
import { checkNames, contractOption, durationOption, invalidOption } from './options.js';
import type { DeadLetters } from './outbox/outbox.js';
import { answerUnlessAborted } from './time-limit.js';

/** What one call of `deliver`, `enqueue` or `drain` may set for itself. */
export interface CallSettings {
  /** Ends the waiting: a `deliver` is cancelled, an `enqueue` that waits for room or a `drain` gives up. What is in the outbox stays there. */
  readonly signal?: AbortSignal | undefined;
}

/** An instance of ringback. Make one per service, and close it at the end. */
export interface Ringback<Types extends CallbackTypes = CallbackTypes> {
  /**
   * Delivers now, with retries, and resolves with the receipt. Use it where somebody waits for the answer. It ends within the
   * callback's `deadlineMs` (default 30,000), in which an idempotency store and a signature function have their share.
   *
   * With an `idempotencyKey`, a second call with the same payload gets the same receipt, or the same error if it joined a
   * delivery that fails. It does not share that its first caller aborted: then it delivers itself.
   *
   * @throws RingbackError `invalid-callback`, `unsupported-destination`, `invalid-option` (a function of yours among the
   *   options threw), `signing-failed`, `closed`, `cancelled`, `idempotency-mismatch`, `idempotency-in-flight`,
   *   `idempotency-store-failed`: before anything is sent.
   * @throws DeliveryError (`delivery-failed`) when it was not delivered, with every attempt in it.
   */
  deliver(callback: Callback<Types>, settings?: CallSettings): Promise<Receipt>;
  /**
   * Takes the callback into the outbox, and resolves once it is there; it is delivered in the background, by the schedule. Use it
   * where nobody waits. What it took ends as delivered, cancelled, dead letter, or handed back by `close`.
   *
   * With an `idempotencyKey`, a second call with the same payload gets the first one's id. It joins what is accepted, and a
   * `deliver` that succeeds; it takes its own turn when that fails.
   *
   * @throws RingbackError as `deliver`, and `outbox-full`; `outbox-failed` for an `id` that is unfinished in the outbox.
   */
  enqueue(callback: Callback<Types>, settings?: CallSettings): Promise<Enqueued>;
  /** Where an enqueued callback stands; undefined when it is unknown, or ended too long ago (at least the last 10,000 ends are kept). */
  status(id: string): Promise<DeliveryStatus | undefined>;
  /**
   * Takes an enqueued callback back; aborts it where it runs. False when it is unknown or finished. An attempt that was just
   * being answered may have delivered it all the same: `status` then says `delivered`.
   */
  cancel(id: string): Promise<boolean>;
  /**
   * Resolves once all that was accepted has ended, and the idempotency store knows: what a Lambda handler awaits before it
   * returns. It waits for retries too, which by the default schedule may be days away: give such callbacks a `deadlineMs`, or the
   * call a `signal`, such as `AbortSignal.timeout(10_000)`.
   *
   * @throws RingbackError `cancelled` when the signal is aborted first. What is left goes on.
   */
  drain(settings?: CallSettings): Promise<void>;
  /**
   * The end: takes no more, gives what runs `timeoutMs` (default 10,000) to finish, aborts the rest, and hands back what was
   * not delivered. What an outbox in memory hands back is lost with the process unless you keep it. A `deliver` that was
   * aborted throws a DeliveryError whose `why` is `closed`. The transports are closed too, so don't share them between
   * instances that end at different times. A second call gets the first one's answer.
   *
   * @throws RingbackError `outbox-failed` when an outbox of your own failed to stop; all else has ended then.
   */
  close(settings?: { readonly timeoutMs?: number }): Promise<{ readonly undelivered: readonly Undelivered[] }>;
  /** What was given up in the background: list, replay, purge. */
  readonly deadLetters: DeadLetters;
  /** Everything an operator asks, as plain JSON without a secret in it. */
  snapshot(): RingbackSnapshot;
  /**
   * Listens to an event. A listener that throws or rejects harms nothing: the logger is told.
   *
   * @throws RingbackError `invalid-option` for an event that does not exist, or a listener that is no function.
   */
  on<Event extends keyof RingbackEvents>(event: Event, listener: RingbackEvents[Event]): void;
  /** Listens no more. */
  off<Event extends keyof RingbackEvents>(event: Event, listener: RingbackEvents[Event]): void;
}

/**
 * Wires transports, signature, policies, idempotency and outbox into one instance that delivers callbacks.
 *
 * @throws RingbackError `invalid-option` for an option that is missing, unknown, out of range or contradicts another.
 * @example
 * ```ts
 * import { createRingback } from 'ringback';
 * import { scriptedTransport } from 'ringback/testing';
 *
 * const ringback = createRingback({ transports: [scriptedTransport()] });
 * const receipt = await ringback.deliver({ to: 'https://customer.example/hooks', type: 'invoice.paid', data: { id: 'in_42' } });
 * console.log(receipt.attempts.length); // 1
 * await ringback.close();
 * ```
 */
export function createRingback<Types extends CallbackTypes = CallbackTypes>(options: RingbackOptions): Ringback<Types> {
  const engine = new DeliveryEngine(options);
  return {
    // Whatever is wrong comes as a rejection; by hand, as an async function adopts the engine's promise by one of its own.
    deliver: (callback, settings) => {
      try {
        return engine.deliver(callback as Callback, signalOf('deliver', settings));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    enqueue: (callback, settings) => {
      try {
        return engine.enqueue(callback as Callback, signalOf('enqueue', settings));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    status: (id) => engine.status(id),
    cancel: (id) => engine.cancel(id),
    drain: async (settings) => drainUntil(engine, signalOf('drain', settings)),
    close: async (settings) => engine.close(closeMs(settings)),
    deadLetters: checkedLetters(engine.deadLetters),
    snapshot: () => engine.snapshot(),
    on: (event, listener) => engine.events.on(event, presentListener(listener)),
    off: (event, listener) => engine.events.off(event, presentListener(listener)),
  };
}

const DEFAULT_CLOSE_MS = 10_000;

function closeMs(settings: { readonly timeoutMs?: number } = {}): number {
  const { timeoutMs } = settings ?? {};
  checkNames('close', settings, ['timeoutMs']);
  return durationOption('close.timeoutMs', timeoutMs, DEFAULT_CLOSE_MS);
}

function signalOf(owner: string, settings: CallSettings | undefined): AbortSignal | undefined {
  if (settings === undefined) return undefined;
  const { signal } = settings ?? {};
  if (signal === undefined) refuseBareSignal(owner, settings);
  checkNames(owner, settings, ['signal']);
  if (signal === undefined) return undefined;
  return contractOption(`${owner}.signal`, signal, ['addEventListener', 'removeEventListener']);
}

async function drainUntil(engine: DeliveryEngine, signal: AbortSignal | undefined): Promise<void> {
  try {
    await answerUnlessAborted(engine.drain(), signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw new RingbackError('cancelled', 'the caller aborted before all was drained; what is left goes on', {
      cause: signal.reason,
    });
  }
}

/** A signal has no names of its own, so it would pass for settings that set nothing, and its abort would end nothing. */
function refuseBareSignal(owner: string, settings: unknown): void {
  if (typeof settings !== 'object' || settings === null || !('aborted' in settings)) return;
  throw invalidOption(owner, 'given its signal by name, as { signal }', settings);
}

/** The event bus takes a missing listener for null; who left it out is told so. */
function presentListener<Listener>(listener: Listener): Listener {
  if (listener === undefined) throw invalidOption('listener', 'a function', listener);
  return listener;
}

/** The dead letters of any outbox: what is asked of them wrongly is refused here, so that a misspelt filter does not list all. */
function checkedLetters(letters: DeadLetters): DeadLetters {
  return {
    list: async (options = {}) => {
      checkNames('deadLetters.list', options, ['destination', 'limit']);
      const { destination } = options;
      if (destination !== undefined && typeof destination !== 'string') {
        throw invalidOption('deadLetters.list.destination', 'a string', destination);
      }
      return letters.list(options);
    },
    replay: (id) => letters.replay(id),
    purge: (id) => letters.purge(id),
  };
}
