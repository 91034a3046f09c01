import { EventEmitter } from 'eventemitter3';
import type { Logger } from '../logger.js';
import type { CallbackEvent, RingbackEvents } from './events.js';

type Name = keyof RingbackEvents;
type Payload<Event extends Name> = Parameters<RingbackEvents[Event]>[0];

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

  on<Event extends Name>(event: Event, listener: RingbackEvents[Event]): void {
    this.#emitter.on(event, listener as never);
  }

  off<Event extends Name>(event: Event, listener: RingbackEvents[Event]): void {
    this.#emitter.off(event, listener as never);
  }

  /** Whether an event is worth making. */
  hears(event: Name): boolean {
    return this.#emitter.listenerCount(event) > 0;
  }

  emit<Event extends Name>(event: Event, payload: Payload<Event>): void {
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
    try {
      this.#logger.error({ event, error }, 'a ringback listener threw');
    } catch {
      // A logger that throws has nobody left to tell.
    }
  }
}
