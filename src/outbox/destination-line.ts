import { Chain, type Link } from '../chain.js';
import { Heap, type HeapItem } from '../heap.js';
import type { HeldEntry } from './held-entry.js';

const goesFirst = (a: HeldEntry, b: HeldEntry): boolean =>
  a.delivery.priority > b.delivery.priority || (a.delivery.priority === b.delivery.priority && a.order < b.order);

/** The unfinished ones of one ordering key: the head may run, the others wait behind it. */
interface OrderedKey {
  head: HeldEntry;
  readonly behind: Chain<HeldEntry>;
}

/**
 * The line of one destination: what is ready, higher priority first, then first in first out. Of each ordering key only the
 * head stands in it.
 *
 * A line is `in-turn` when it takes part in the round, `parked` when its policies refused, `crowded-out` when slots are scarce and
 * nothing of what it began lately is delivered, `idle` when it has nothing ready or no slot left. Parked lines may wait for a
 * time, so a line is also an item of a heap.
 */
export class DestinationLine implements HeapItem, Link<DestinationLine> {
  readonly destination: string;
  readonly ready: Heap<HeldEntry> = new Heap(goesFirst);
  state: 'idle' | 'in-turn' | 'parked' | 'crowded-out' = 'idle';
  running = 0;
  /** What may begin while slots are scarce, until the next delivery. */
  startsLeft = 0;
  /** All unfinished ones of the destination: a line without any is forgotten. */
  held = 0;
  dueAtMs = 0;
  heapIndex = -1;
  before: DestinationLine | undefined = undefined;
  after: DestinationLine | undefined = undefined;
  #keys: Map<string, OrderedKey> | undefined = undefined;

  constructor(destination: string) {
    this.destination = destination;
  }

  /** Takes a new entry in. Its place tells whether it may go, or waits behind its ordering key. */
  join(entry: HeldEntry): void {
    this.held++;
    const key = entry.delivery.orderingKey;
    if (key === undefined) {
      this.makeReady(entry);
      return;
    }
    this.#keys ??= new Map();
    const ordered = this.#keys.get(key);
    if (ordered === undefined) {
      this.#keys.set(key, { head: entry, behind: new Chain() });
      this.makeReady(entry);
    } else {
      entry.place = 'behind';
      ordered.behind.push(entry);
    }
  }

  makeReady(entry: HeldEntry): void {
    entry.place = 'ready';
    this.ready.push(entry);
  }

  /** Lets a finished entry go, from wherever it is, and the next of its ordering key come forward. */
  leave(entry: HeldEntry): void {
    this.held--;
    this.ready.remove(entry);
    const key = entry.delivery.orderingKey;
    const ordered = key === undefined ? undefined : this.#keys?.get(key);
    if (key === undefined || ordered === undefined) return;
    if (ordered.head !== entry) {
      ordered.behind.remove(entry);
      return;
    }
    const next = ordered.behind.shift();
    if (next === undefined) {
      this.#keys?.delete(key);
    } else {
      ordered.head = next;
      this.makeReady(next);
    }
  }
}
