import type { AttemptRecord, Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { Logger } from '../logger.js';
import { isPromiseLike } from '../time-limit.js';
import type { EventBus } from './event-bus.js';
import type { DisableEvent } from './events.js';
import type { FailingDestinations } from './failing-destinations.js';
import type { FailureStreak } from './failure-streak.js';
import type { OnDisable } from './options.js';
import { waitFor } from './patience.js';

/** What {@link Disabling} takes from the instance. */
export interface DisablingSettings {
  readonly failing: FailingDestinations;
  readonly events: EventBus;
  readonly onDisable: OnDisable | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A hook that has not ended by then is not waited for. */
const HOOK_MS = 10_000;
/** A flood of 410s must not become as many hooks at once, each with its timer, when what they write to is slow. */
const MAX_HOOKS = 1_000;

/**
 * Says which destinations should be sent nothing any more. Whether that is so is the service's to decide: nothing is held back
 * here. Neither a listener nor the hook can harm a delivery.
 */
export class Disabling {
  private readonly settings: DisablingSettings;
  /** The hooks that run, by what they were told: while one runs it is not called for the same again. */
  private readonly running = new Map<string, Promise<void>>();

  constructor(settings: DisablingSettings) {
    this.settings = settings;
  }

  /** Told of every attempt that ended. */
  attemptEnded(delivery: Delivery, record: AttemptRecord): void {
    const { failing } = this.settings;
    const { outcome } = record;
    if (outcome === 'delivered') failing.succeeded(delivery.destination);
    // What we refused or cut off ourselves says nothing of the destination.
    if (outcome === 'delivered' || outcome === 'shed' || outcome === 'cancelled') return;
    const { streak, isDue } = failing.failed(delivery.destination);
    if (outcome === 'gone') this.tell('gone', streak, delivery, record);
    if (isDue) this.tell('failing', streak, delivery, record);
  }

  /** Resolves when no hook runs. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  private tell(why: DisableEvent['why'], { sinceMs, failures }: FailureStreak, delivery: Delivery, record: AttemptRecord): void {
    const { events, onDisable, logger } = this.settings;
    const { destination } = delivery;
    const event: DisableEvent = Object.freeze({ ...events.about(delivery), why, sinceMs, failures, record });
    // Of what is gone the callback itself tells: as an error, or as a dead letter.
    if (why === 'failing') logger.warn({ destination, sinceMs, failures }, 'a destination has been failing for long');
    events.emit('disable', event);
    if (onDisable !== undefined) this.call(onDisable, event, delivery);
  }

  private call(onDisable: OnDisable, event: DisableEvent, delivery: Delivery): void {
    const key = `${event.why} ${delivery.to}`;
    if (this.running.has(key)) return;
    if (this.running.size >= MAX_HOOKS) {
      this.complain(
        event,
        new RingbackError('invalid-option', `onDisable was not called: ${MAX_HOOKS} calls of it have not ended`),
      );
      return;
    }
    try {
      const work = onDisable(event, delivery);
      if (isPromiseLike(work)) this.running.set(key, this.ended(key, work, event));
    } catch (error) {
      this.complain(event, error);
    }
  }

  private async ended(key: string, work: PromiseLike<unknown>, event: DisableEvent): Promise<void> {
    const { clock } = this.settings;
    const late = (): RingbackError => new RingbackError('invalid-option', `onDisable did not end in ${HOOK_MS} ms`);
    try {
      await waitFor(work, { clock, timeoutMs: HOOK_MS, signal: undefined, late });
    } catch (error) {
      this.complain(event, error);
    } finally {
      this.running.delete(key);
    }
  }

  private complain({ id, destination, why }: DisableEvent, error: unknown): void {
    this.settings.logger.error({ id, destination, why, error }, 'onDisable failed');
  }
}
