import { Heap, type HeapItem } from '../heap.js';
import type { Attempt } from './policy.js';

/** An attempt's place in the line. */
export class Waiter implements HeapItem {
  heapIndex: number = -1;
  readonly attempt: Attempt;
  /** Lower goes first. It never changes, so the line needs no sorting anew as time passes. */
  readonly rank: number;
  /** Who came first goes first among equal ranks. */
  readonly order: number;
  /** Resolves when the attempt is let in. One that leaves the line is never told: its promise stays pending for ever. */
  readonly admitted: Promise<void>;
  private resolve: () => void = () => {};

  constructor(attempt: Attempt, rank: number, order: number) {
    this.attempt = attempt;
    this.rank = rank;
    this.order = order;
    this.admitted = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** Tells the attempt that it is in. What hangs on it runs in a later microtask, so the caller is never re-entered. */
  admit(): void {
    this.resolve();
  }
}

const isBefore = (a: Waiter, b: Waiter): boolean => a.rank < b.rank || (a.rank === b.rank && a.order < b.order);

/**
 * Where attempts wait for a slot: by priority, with ageing. The rank is the time the call came to the pipeline, moved back by
 * `priorityAgeMs` for each step of priority. So an attempt can be overtaken only by calls that came within that time after
 * it: nothing starves. Joining and leaving cost O(log n).
 */
export class WaitingLine {
  private readonly heap: Heap<Waiter> = new Heap(isBefore);
  private readonly priorityAgeMs: number;
  private order = 0;

  constructor(priorityAgeMs: number) {
    this.priorityAgeMs = priorityAgeMs;
  }

  get size(): number {
    return this.heap.size;
  }

  join(attempt: Attempt): Waiter {
    const waiter = new Waiter(attempt, attempt.enqueuedAtMs - attempt.priority * this.priorityAgeMs, this.order++);
    this.heap.push(waiter);
    return waiter;
  }

  /** Takes out who is next. */
  next(): Waiter | undefined {
    return this.heap.pop();
  }

  /** Takes one out of the middle. */
  leave(waiter: Waiter): void {
    this.heap.remove(waiter);
  }
}
