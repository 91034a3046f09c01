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
 * Ends in the order in which they came. They are put into the index when somebody asks for one: a map's entry for each would cost a
 * delivery as much as several policies, and of most ends nobody ever asks.
 */
class Generation {
  private readonly ids: string[] = [];
  private readonly ends: DeliveryStatus[] = [];
  private readonly index = new Map<string, DeliveryStatus>();
  private indexed = 0;

  get size(): number {
    return this.ids.length;
  }

  add(id: string, end: DeliveryStatus): void {
    this.ids.push(id);
    this.ends.push(end);
  }

  upToDate(): Map<string, DeliveryStatus> {
    for (; this.indexed < this.ids.length; this.indexed++) {
      this.index.set(this.ids[this.indexed] as string, this.ends[this.indexed] as DeliveryStatus);
    }
    return this.index;
  }
}

/** The ends of the last callbacks, as the outbox forgets what is finished. In two generations, of which the older goes as a whole. */
export class EndedDeliveries {
  private young = new Generation();
  private old = new Generation();

  add(id: string, state: 'delivered' | 'cancelled'): void {
    if (this.young.size >= REMEMBERED) {
      this.old = this.young;
      this.young = new Generation();
    }
    this.young.add(id, state === 'delivered' ? DELIVERED : CANCELLED);
  }

  /** A callback with this id came again, and ended in another way. */
  forget(id: string): void {
    this.young.upToDate().delete(id);
    this.old.upToDate().delete(id);
  }

  get(id: string): DeliveryStatus | undefined {
    return this.young.upToDate().get(id) ?? this.old.upToDate().get(id);
  }
}
