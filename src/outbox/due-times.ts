import { type Clock, type TimerHandle, timerSource } from '../clock.js';
import { Heap, type HeapItem } from '../heap.js';

/** What {@link DueTimes} holds. */
export interface DueItem extends HeapItem {
  /** Monotonic ms. */
  dueAtMs: number;
}

/**
 * What waits for a time, on ONE timer for the earliest. There is a timer only while something waits, so an idle outbox lets
 * the process exit, and a waiting retry keeps it alive.
 */
export class DueTimes<Item extends DueItem> {
  readonly #clock: Clock;
  readonly #onDue: (items: readonly Item[]) => void;
  readonly #items: Heap<Item> = new Heap((a, b) => a.dueAtMs < b.dueAtMs);
  #timer: TimerHandle | undefined = undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #timerSource: unknown = undefined;
  #stopped = false;

  constructor(clock: Clock, onDue: (items: readonly Item[]) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** `onDue` is told of the item `delayMs` from now, unless it is removed before. */
  add(item: Item, delayMs: number): void {
    item.dueAtMs = this.#clock.monotonic() + delayMs;
    this.#items.push(item);
    // A test that fakes the platform's timers may have come between: a timer of before would never fire.
    if (item.dueAtMs < this.#timerAtMs || this.#timerSource !== timerSource(this.#clock)) this.#arm();
  }

  remove(item: Item): void {
    // A timer for an item that is gone may fire for nothing; only the last item's is cleared.
    if (this.#items.remove(item) && this.#items.size === 0) this.#disarm();
  }

  /** Nothing comes due any more. */
  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    const earliest = this.#items.peek();
    if (earliest === undefined || this.#stopped) return;
    this.#timerAtMs = earliest.dueAtMs;
    this.#timerSource = timerSource(this.#clock);
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(0, earliest.dueAtMs - this.#clock.monotonic()));
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonic();
    const due: Item[] = [];
    for (let item = this.#items.peek(); item !== undefined && item.dueAtMs <= nowMs; item = this.#items.peek()) {
      this.#items.remove(item);
      due.push(item);
    }
    if (due.length > 0) this.#onDue(due);
    // A platform's timer may fire a moment early, and what just came due may have put something in: look what is first now.
    this.#arm();
  }
}
