import { type Clock, runsOnPlatformTimers, type TimerHandle, timerSource } from '../../clock.js';

/** What a {@link TimeoutLine} links together. The line owns these fields. */
export interface TimeoutEntry {
  /** Monotonic ms from which its time runs. */
  readonly startedAtMs: number;
  /** Its neighbours; undefined while it is in no line. */
  previousInLine: TimeoutEntry | undefined;
  nextInLine: TimeoutEntry | undefined;
  /** Called once when its time is over; it is out of the line then. */
  expire(afterMs: number): void;
}

/**
 * How long a timer that was armed on the platform's own timers runs at first. Most calls end before, and then cost no timer
 * at all: a setTimeout with its clearTimeout per call would cost as much as all the policies together.
 */
const FIRST_LOOK_MS = 20;

/**
 * Timeouts of one duration: what comes in last expires last, so a linked list and one shared timer do. It keeps the process
 * alive while it holds anything, and at most {@link FIRST_LOOK_MS} longer.
 */
export class TimeoutLine {
  readonly timeoutMs: number;
  private readonly clock: Clock;
  /** Both ends of the line: a ring has no first and last to treat apart. */
  private readonly ends = new Ends();
  private timer: TimerHandle | undefined;
  /** Where the timer was armed: a fake installed since then would never fire it. */
  private source: unknown;
  /** Monotonic ms that the timer stands for. */
  private wakesAtMs = 0;
  private isFirstLook = false;
  /** Tells the timer that stands from those that were given up. */
  private generation = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.clock = clock;
    this.timeoutMs = timeoutMs;
  }

  add(entry: TimeoutEntry): void {
    const { ends } = this;
    const last = ends.previousInLine;
    entry.previousInLine = last;
    entry.nextInLine = ends;
    last.nextInLine = entry;
    ends.previousInLine = entry;
    if (this.timer === undefined || this.source !== timerSource(this.clock)) this.arm();
  }

  remove(entry: TimeoutEntry): void {
    const { previousInLine, nextInLine } = entry;
    if (previousInLine === undefined || nextInLine === undefined) return;
    previousInLine.nextInLine = nextInLine;
    nextInLine.previousInLine = previousInLine;
    entry.previousInLine = undefined;
    entry.nextInLine = undefined;
    if (nextInLine === previousInLine && !this.isFirstLook) this.disarm();
  }

  private arm(): void {
    this.disarm();
    const nowMs = this.clock.monotonic();
    const head = this.ends.nextInLine;
    const waitMs = Math.max(0, head.startedAtMs + this.timeoutMs - nowMs);
    this.isFirstLook = waitMs > FIRST_LOOK_MS && runsOnPlatformTimers(this.clock);
    this.armFor(this.isFirstLook ? FIRST_LOOK_MS : waitMs, nowMs);
  }

  private armFor(waitMs: number, nowMs: number): void {
    this.wakesAtMs = nowMs + waitMs;
    this.source = timerSource(this.clock);
    const generation = ++this.generation;
    this.timer = this.clock.setTimer(() => {
      if (generation === this.generation) this.look();
    }, waitMs);
  }

  private disarm(): void {
    // A timer of another source is only forgotten: fakes complain of handles that are not theirs.
    if (this.timer !== undefined && this.source === timerSource(this.clock)) this.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.generation++;
    this.isFirstLook = false;
  }

  /** The timer fired. Fake timers may fire without moving the monotonic clock: what the timer stood for has passed all the same. */
  private look(): void {
    this.timer = undefined;
    this.isFirstLook = false;
    const nowMs = Math.max(this.clock.monotonic(), this.wakesAtMs);
    const { ends } = this;
    let head = ends.nextInLine;
    for (; head !== ends && head.startedAtMs + this.timeoutMs <= nowMs; head = ends.nextInLine) {
      this.remove(head);
      head.expire(this.timeoutMs);
    }
    if (head !== ends && this.timer === undefined) this.armFor(head.startedAtMs + this.timeoutMs - nowMs, nowMs);
  }
}

/** Stands before the first and after the last entry of a line. */
class Ends implements TimeoutEntry {
  readonly startedAtMs = Number.POSITIVE_INFINITY;
  previousInLine: TimeoutEntry = this;
  nextInLine: TimeoutEntry = this;

  expire(): void {}
}
