import type { OutboxStatus } from '../outbox/outbox.js';

/** What `enqueue` answers once the callback is in the outbox. */
export interface Enqueued {
  readonly id: string;
  /** True when an earlier callback with the same idempotency key is the one with this id. */
  readonly deduplicated: boolean;
}

/** Where an enqueued callback stands. */
export interface DeliveryStatus {
  /** `ready` to run, `running`, `waiting` for its next attempt, `dead`, `delivered` or `cancelled`. */
  readonly state: OutboxStatus | 'delivered' | 'cancelled';
}

const MAX_ENDED = 10_000;

/** The ends of the last callbacks, as the outbox forgets what is finished. Bounded: the oldest is forgotten first. */
export class EndedDeliveries {
  private readonly ends = new Map<string, DeliveryStatus>();

  add(id: string, state: 'delivered' | 'cancelled'): void {
    this.ends.set(id, { state });
    if (this.ends.size <= MAX_ENDED) return;
    const oldest = this.ends.keys().next();
    if (!oldest.done) this.ends.delete(oldest.value);
  }

  /** A callback with this id is on its way again. */
  forget(id: string): void {
    this.ends.delete(id);
  }

  get(id: string): DeliveryStatus | undefined {
    return this.ends.get(id);
  }
}
