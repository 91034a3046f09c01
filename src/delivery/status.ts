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

/** As many are remembered for certain, and at most twice as many. */
const REMEMBERED = 10_000;

const DELIVERED: DeliveryStatus = Object.freeze({ state: 'delivered' });
const CANCELLED: DeliveryStatus = Object.freeze({ state: 'cancelled' });

/**
 * The ends of the last callbacks, as the outbox forgets what is finished. In two generations, of which the older is forgotten as a
 * whole: letting go of one for each that comes, out of a map of this size, costs a delivery more than its policies do.
 */
export class EndedDeliveries {
  private young = new Map<string, DeliveryStatus>();
  private old = new Map<string, DeliveryStatus>();

  add(id: string, state: 'delivered' | 'cancelled'): void {
    if (this.young.size >= REMEMBERED) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(id, state === 'delivered' ? DELIVERED : CANCELLED);
  }

  /** A callback with this id came again, and ended in another way. */
  forget(id: string): void {
    this.young.delete(id);
    this.old.delete(id);
  }

  get(id: string): DeliveryStatus | undefined {
    return this.young.get(id) ?? this.old.get(id);
  }
}
