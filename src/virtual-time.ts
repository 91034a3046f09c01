import { type Clock, sleepOn, type TimerHandle } from './clock.js';
import { Heap, type HeapItem } from './heap.js';

/** Captured at load, so that a fake installed later does not stop virtual time from settling promises. */
const nextMacrotask: (callback: () => void) => void =
  globalThis.setImmediate ?? ((callback) => void globalThis.setTimeout(callback, 0));

const settle = (): Promise<void> => new Promise((resolve) => nextMacrotask(resolve));

interface VirtualTimer extends HeapItem {
  readonly dueMs: number;
  /** Ties on `dueMs` fire in the order they were set. */
  readonly order: number;
  readonly callback: () => void;
}

const isBefore = (a: VirtualTimer, b: VirtualTimer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/**
 * A clock whose time moves only when it is told to: a heap of timers and a number. The fake clock of `ringback/testing` and
 * the simulation stand on it.
 */
export class VirtualTime implements Clock {
  readonly #startedAtMs: number;
  readonly #timers = new Heap(isBefore);
  #elapsedMs = 0;
  #order = 0;
  #moving: Promise<void> = Promise.resolve();

  constructor(startAtMs: number) {
    this.#startedAtMs = startAtMs;
  }

  now(): number {
    return this.#startedAtMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Timers that wait to fire. */
  get timers(): number {
    return this.#timers.size;
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    const dueMs = this.#elapsedMs + Math.max(0, delayMs || 0);
    const timer: VirtualTimer = { dueMs, order: this.#order++, callback, heapIndex: -1 };
    this.#timers.push(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.remove(handle as VirtualTimer);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /**
   * Moves time forward, firing what comes due in order; after each timer the promise chains that hang on it settle before the
   * next fires. Calls queue up behind one another.
   */
  advance(durationMs: number): Promise<void> {
    const moved = this.#moving.then(() => this.#advanceTo(this.#elapsedMs + durationMs));
    this.#moving = moved.catch(() => {});
    return moved;
  }

  /** Fires the next timer, however far off it is. False when there is none. */
  async fireNext(): Promise<boolean> {
    const fired = this.#fireNextBy(Number.POSITIVE_INFINITY);
    await settle();
    return fired;
  }

  async #advanceTo(targetMs: number): Promise<void> {
    await settle();
    while (this.#fireNextBy(targetMs)) await settle();
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }

  #fireNextBy(limitMs: number): boolean {
    const timer = this.#timers.peek();
    if (timer === undefined || timer.dueMs > limitMs) return false;
    this.#timers.pop();
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
    timer.callback();
    return true;
  }
}
