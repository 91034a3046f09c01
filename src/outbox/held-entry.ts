import type { AttemptRecord, Delivery } from '../callback.js';
import type { Link } from '../chain.js';
import type { HeapItem } from '../heap.js';
import type { Cancellation } from './cancellation.js';

/**
 * Where an entry is. `behind`: an earlier one of its ordering key is not finished. `left`: finished, or handed back by `stop`, so
 * whatever its handle or a time of it still says comes too late.
 */
export type Place = 'ready' | 'running' | 'waiting' | 'behind' | 'left';

const NO_ATTEMPTS: readonly AttemptRecord[] = Object.freeze([]);

/** The deadline of an entry, on the heap of times: the entry itself may stand there too, for its retry. */
export class EntryDeadline implements HeapItem {
  readonly entry: HeldEntry;
  dueAtMs = 0;
  heapIndex = -1;
  hasPassed = false;

  constructor(entry: HeldEntry) {
    this.entry = entry;
  }
}

/**
 * One accepted, unfinished delivery. It is in one heap at most (ready in its line, or waiting for its time) and in one chain at
 * most (behind its ordering key), so one `heapIndex` and one pair of neighbours do.
 */
export class HeldEntry implements HeapItem, Link<HeldEntry> {
  readonly delivery: Delivery;
  /** Wall-clock ms; `Infinity` where it has none. */
  readonly deadlineAtMs: number;
  /** On the heap of times, while there is one to wait for. */
  deadline: EntryDeadline | undefined = undefined;
  /** Ties on priority go by it: a retry keeps its place in front of what was accepted later. */
  readonly order: number;
  /** Monotonic ms; `undefined` while the outbox has not been started, as it has no clock before. */
  addedAtMs: number | undefined;
  place: Place = 'ready';
  attempts: readonly AttemptRecord[] = NO_ATTEMPTS;
  attemptCount = 0;
  cancelled = false;
  /** While it runs. */
  cancellation: Cancellation | undefined = undefined;
  dueAtMs = 0;
  heapIndex = -1;
  before: HeldEntry | undefined = undefined;
  after: HeldEntry | undefined = undefined;

  constructor(delivery: Delivery, deadlineAtMs: number, order: number, addedAtMs: number | undefined) {
    this.delivery = delivery;
    this.deadlineAtMs = deadlineAtMs;
    this.order = order;
    this.addedAtMs = addedAtMs;
  }
}
