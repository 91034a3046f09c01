import { type Clock, sleepOn, type TimerHandle } from './clock.js';
import { RingbackError } from './errors.js';
import { Heap, type HeapItem } from './heap.js';

/** Captured at load, so that a fake installed later does not stop virtual time from settling promises. */
const nextMacrotask: (callback: () => void) => unknown = globalThis.setImmediate ?? globalThis.setTimeout;

const settle = (): Promise<void> => new Promise((resolve) => nextMacrotask(resolve));

/** A macrotask among 64 ordered at once costs a twentieth of one that needs a turn of the event loop for itself. */
const MACROTASKS_A_TURN = 64;

/** Calls `step` until it says false, each time in a macrotask of its own: the platform settles all promises between two. */
function eachMacrotask(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const once = (): void => {
      if (isOver) return;
      try {
        if (step()) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      isOver = true;
    };
    const turn = (): void => {
      once();
      if (isOver) return;
      for (let i = 2; i < MACROTASKS_A_TURN; i++) nextMacrotask(once);
      nextMacrotask(turn);
    };
    nextMacrotask(turn);
  });
}

/** A timer that sets itself anew without delay would keep time standing still for ever: this many at one instant is a fault. */
const MAX_TIMERS_AT_ONE_INSTANT = 1_000_000;

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
  #firedAtThisInstant = 0;
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
   * next fires. Calls queue up behind one another. What a timer's callback throws ends the move there, and is thrown from here.
   */
  advance(durationMs: number): Promise<void> {
    return this.#afterMoves(() => this.#advanceTo(this.#elapsedMs + durationMs));
  }

  /**
   * As {@link advance}, at a fraction of the cost: timers fire many to a turn of the event loop. For a world in which nothing but
   * promises hangs on them; a socket or a thread would have to wait for the end of each turn.
   */
  run(durationMs: number): Promise<void> {
    return this.#afterMoves(async () => {
      const targetMs = this.#elapsedMs + durationMs;
      await eachMacrotask(() => this.#fireNextBy(targetMs));
      this.#moveTo(targetMs);
    });
  }

  /** Fires the next timer, however far off it is. False when there is none. */
  fireNext(): Promise<boolean> {
    return this.#afterMoves(async () => {
      await settle();
      const fired = this.#fireNextBy(Number.MAX_VALUE);
      if (fired) await settle();
      return fired;
    });
  }

  #afterMoves<T>(move: () => Promise<T>): Promise<T> {
    const moved = this.#moving.then(move);
    this.#moving = moved.then(ignore, ignore);
    return moved;
  }

  async #advanceTo(targetMs: number): Promise<void> {
    await settle();
    while (this.#fireNextBy(targetMs)) await settle();
    this.#moveTo(targetMs);
  }

  #fireNextBy(limitMs: number): boolean {
    const timer = this.#timers.peek();
    if (timer === undefined || timer.dueMs > limitMs) return false;
    this.#timers.pop();
    this.#moveTo(timer.dueMs);
    if (++this.#firedAtThisInstant > MAX_TIMERS_AT_ONE_INSTANT) {
      const limit = MAX_TIMERS_AT_ONE_INSTANT.toLocaleString('en');
      throw new RingbackError('deadline-exceeded', `time can't go on: more than ${limit} timers fired at one instant`);
    }
    timer.callback();
    return true;
  }

  #moveTo(atMs: number): void {
    if (atMs <= this.#elapsedMs) return;
    this.#elapsedMs = atMs;
    this.#firedAtThisInstant = 0;
  }
}

const ignore = (): void => {};
