import { EventEmitter } from 'eventemitter3';
import type { Logger } from '../logger.js';
import { functionOption, invalidOption } from '../options.js';
import type { CallbackEvent, RingbackEvents } from './events.js';

type Name = keyof RingbackEvents;
type Payload<Event extends Name> = Parameters<RingbackEvents[Event]>[0];

const NAMES: Readonly<Record<Name, true>> = {
  enqueued: true,
  attempt: true,
  retry: true,
  delivered: true,
  failed: true,
  'dead-letter': true,
  shed: true,
  deduplicated: true,
  disable: true,
  circuit: true,
  limit: true,
};

/**
 * The event surface. A listener that throws harms nothing: neither the delivery nor the listeners after it; it is logged, and
 * so is one whose promise rejects.
 */
export class EventBus {
  readonly #emitter = new EventEmitter<RingbackEvents>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws RingbackError `invalid-option` for an event that does not exist: its listener would wait for ever. */
  on<Event extends Name>(event: Event, listener: RingbackEvents[Event]): void {
    this.#emitter.on(checkedName(event), checkedListener(listener) as never);
  }

  off<Event extends Name>(event: Event, listener: RingbackEvents[Event]): void {
    this.#emitter.off(checkedName(event), checkedListener(listener) as never);
  }

  /** Whether an event is worth making. */
  hears(event: Name): boolean {
    return this.#emitter.listenerCount(event) > 0;
  }

  emit<Event extends Name>(event: Event, payload: Payload<Event>): void {
    // All listeners get the one object: what one of them writes into it, the next would read.
    Object.freeze(payload);
    // One by one, as eventemitter3's own emit stops at the first that throws.
    for (const listener of this.#emitter.listeners(event) as readonly ((payload: Payload<Event>) => unknown)[]) {
      try {
        const result = listener(payload);
        if (result instanceof Promise) result.catch((error: unknown) => this.#complain(event, error));
      } catch (error) {
        this.#complain(event, error);
      }
    }
  }

  /** What every event about a callback carries. */
  about({ id, destination, type, correlationId, metadata }: CallbackEvent): CallbackEvent {
    const about: { -readonly [Key in keyof CallbackEvent]: CallbackEvent[Key] } = { id, destination };
    if (type !== undefined) about.type = type;
    if (correlationId !== undefined) about.correlationId = correlationId;
    if (metadata !== undefined) about.metadata = metadata;
    return about;
  }

  #complain(event: Name, error: unknown): void {
    this.#logger.error({ event, error }, 'a ringback listener threw');
  }
}

function checkedName<Event extends Name>(event: Event): Event {
  if (Object.hasOwn(NAMES, event)) return event;
  throw invalidOption('event', `one of ${Object.keys(NAMES).join(', ')}`, event);
}

function checkedListener<Listener>(listener: Listener): Listener {
  // A missing listener is as wrong as one of another type: `null` is not taken for a default.
  return functionOption<Listener>('listener', listener ?? (null as Listener), listener);
}
