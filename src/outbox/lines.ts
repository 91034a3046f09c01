import { Chain } from '../chain.js';
import type { Refusal } from '../policies/policy.js';
import { DestinationLine } from './destination-line.js';
import type { HeldEntry } from './held-entry.js';

/**
 * How long a refused destination is left alone when the refusal names no time and nothing of it is running here, whose end
 * would call for a look. A release elsewhere wakes it earlier; this bound is for the wake that never comes.
 */
const FALLBACK_LOOK_MS = 1_000;

/** The share of the slots that is there for whoever comes first. */
const SHARED = 0.75;

/** Times for the parked lines; {@link Lines} keeps no time of its own. */
export interface ParkingTimes {
  add(line: DestinationLine, delayMs: number): void;
  remove(line: DestinationLine): void;
}

/**
 * Who is next. One line per destination, and a round over the lines that have something ready and a slot left: each turn takes
 * one entry. A line whose policies refuse is parked, out of the round, until it is woken or its time comes.
 *
 * Destinations that hang tell nothing until they time out, and by then several of them would hold all slots. So the last quarter
 * of the slots is for lines that run nothing, and for those that deliver: each delivery lets a line begin another, and one more
 * where others stand in its line. One that is well doubles that way with each of its latencies; one that hangs is crowded out.
 */
export class Lines {
  readonly #maxPerDestination: number;
  readonly #scarceFrom: number;
  readonly #byDestination = new Map<string, DestinationLine>();
  readonly #round = new Chain<DestinationLine>();
  readonly #crowdedOut = new Chain<DestinationLine>();
  #ready = 0;
  #running = 0;

  constructor(maxPerDestination: number, concurrency: number) {
    this.#maxPerDestination = maxPerDestination;
    this.#scarceFrom = concurrency * SHARED;
  }

  /** Entries ready to run, whether or not their line has a slot. */
  get ready(): number {
    return this.#ready;
  }

  get running(): number {
    return this.#running;
  }

  /** Destinations with something unfinished; of the others nothing is kept. */
  get destinations(): number {
    return this.#byDestination.size;
  }

  put(entry: HeldEntry): void {
    const { destination } = entry.delivery;
    let line = this.#byDestination.get(destination);
    if (line === undefined) {
      line = new DestinationLine(destination);
      this.#byDestination.set(destination, line);
    }
    line.join(entry);
    if (entry.place === 'ready') this.#ready++;
    this.#offer(line);
  }

  /** The next entry, now running; `undefined` when nothing may go. */
  next(peek: (destination: string) => Refusal | undefined, times: ParkingTimes): HeldEntry | undefined {
    for (let line = this.#shift(); line !== undefined; line = this.#shift()) {
      line.state = 'idle';
      if (this.#isScarce && line.running > 0 && line.startsLeft <= 0) {
        line.state = 'crowded-out';
        this.#crowdedOut.push(line);
        continue;
      }
      const refusal = peek(line.destination);
      if (refusal !== undefined) {
        line.state = 'parked';
        const delayMs = lookAgainAfterMs(refusal, line.running);
        if (delayMs !== undefined) times.add(line, delayMs);
        continue;
      }
      const entry = line.ready.pop() as HeldEntry;
      entry.place = 'running';
      line.running++;
      line.startsLeft--;
      this.#running++;
      this.#ready--;
      this.#offer(line);
      return entry;
    }
    return undefined;
  }

  /**
   * Its slot is free again, and its end is a reason to look at its line, wherever that waits. What becomes of the entry is told
   * after. True when the line may begin more than the one that takes the slot.
   */
  ranOut(entry: HeldEntry, times: ParkingTimes, wasDelivered: boolean): boolean {
    const line = this.#lineOf(entry);
    line.running--;
    const grows = wasDelivered && line.ready.size > 0;
    if (wasDelivered) line.startsLeft = grows ? 2 : 1;
    this.#running--;
    this.#bringBack(line, times);
    this.#offer(line);
    return grows;
  }

  /** A waiting entry's time has come. */
  comeBack(entry: HeldEntry): void {
    const line = this.#lineOf(entry);
    line.makeReady(entry);
    this.#ready++;
    this.#offer(line);
  }

  /** Takes a finished or cancelled entry out, wherever in its line it is. */
  remove(entry: HeldEntry, times: ParkingTimes): void {
    const line = this.#lineOf(entry);
    const before = line.ready.size;
    line.leave(entry);
    this.#ready += line.ready.size - before;
    if (line.ready.size === 0) this.#withdraw(line, times);
    else this.#offer(line);
    if (line.held === 0) this.#byDestination.delete(line.destination);
  }

  wake(destination: string, times: ParkingTimes): void {
    const line = this.#byDestination.get(destination);
    if (line !== undefined) this.lookAgain(line, times);
  }

  /** Gives a parked line its turn again. */
  lookAgain(line: DestinationLine, times: ParkingTimes): void {
    this.#bringBack(line, times);
    this.#offer(line);
  }

  /** Counts nothing any more: it was handed back, and nothing goes next. */
  clear(): void {
    this.#byDestination.clear();
    this.#ready = 0;
    this.#running = 0;
  }

  get #isScarce(): boolean {
    return this.#running >= this.#scarceFrom;
  }

  /** The next in turn; where none is and slots are plenty, one that was crowded out. */
  #shift(): DestinationLine | undefined {
    return this.#round.shift() ?? (this.#isScarce ? undefined : this.#crowdedOut.shift());
  }

  #lineOf(entry: HeldEntry): DestinationLine {
    return this.#byDestination.get(entry.delivery.destination) as DestinationLine;
  }

  #offer(line: DestinationLine): void {
    if (line.state !== 'idle' || line.ready.size === 0 || line.running >= this.#maxPerDestination) return;
    line.state = 'in-turn';
    this.#round.push(line);
  }

  #withdraw(line: DestinationLine, times: ParkingTimes): void {
    if (line.state === 'in-turn') {
      this.#round.remove(line);
      line.state = 'idle';
    } else this.#bringBack(line, times);
  }

  /** From where it waits for something other than its turn. */
  #bringBack(line: DestinationLine, times: ParkingTimes): void {
    if (line.state === 'parked') times.remove(line);
    else if (line.state === 'crowded-out') this.#crowdedOut.remove(line);
    else return;
    line.state = 'idle';
  }
}

/** `undefined`: no time is known, and something of it runs, so its end will tell. */
function lookAgainAfterMs({ retryAfterMs }: Refusal, running: number): number | undefined {
  // A policy that says "now" while it refuses is looked at a moment later, or the look would go round for ever.
  if (retryAfterMs !== undefined && Number.isFinite(retryAfterMs)) return Math.max(1, retryAfterMs);
  return running === 0 ? FALLBACK_LOOK_MS : undefined;
}
