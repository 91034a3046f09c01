import { Chain } from '../chain.js';
import type { Refusal } from '../policies/policy.js';
import { DestinationLine } from './destination-line.js';
import type { HeldEntry } from './held-entry.js';

/**
 * How long a refused destination is left alone when the refusal names no time and nothing of it is running here, whose end
 * would call for a look. A release elsewhere wakes it earlier; this bound is for the wake that never comes.
 */
const FALLBACK_LOOK_MS = 1_000;

/** Times for the parked lines; {@link Lines} keeps no time of its own. */
export interface ParkingTimes {
  add(line: DestinationLine, delayMs: number): void;
  remove(line: DestinationLine): void;
}

/**
 * Who is next. One line per destination, and a round over the lines that have something ready and a slot left: each turn takes
 * one entry. A line whose policies refuse is parked, out of the round, until it is woken or its time comes.
 */
export class Lines {
  readonly #maxPerDestination: number;
  readonly #byDestination = new Map<string, DestinationLine>();
  readonly #round = new Chain<DestinationLine>();
  #ready = 0;
  #running = 0;

  constructor(maxPerDestination: number) {
    this.#maxPerDestination = maxPerDestination;
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
    for (let line = this.#round.shift(); line !== undefined; line = this.#round.shift()) {
      line.state = 'idle';
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
      this.#running++;
      this.#ready--;
      this.#offer(line);
      return entry;
    }
    return undefined;
  }

  /** Its slot is free again, and its end is a reason to look at a parked line. What becomes of the entry is told after. */
  ranOut(entry: HeldEntry, times: ParkingTimes): void {
    const line = this.#lineOf(entry);
    line.running--;
    this.#running--;
    this.#unpark(line, times);
    this.#offer(line);
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
    this.#unpark(line, times);
    this.#offer(line);
  }

  /** Forgets everything: it was handed back. */
  clear(): void {
    this.#byDestination.clear();
    for (let line = this.#round.shift(); line !== undefined; line = this.#round.shift()) line.state = 'idle';
    this.#ready = 0;
    this.#running = 0;
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
    if (line.state === 'in-turn') this.#round.remove(line);
    else times.remove(line);
    line.state = 'idle';
  }

  #unpark(line: DestinationLine, times: ParkingTimes): void {
    if (line.state !== 'parked') return;
    times.remove(line);
    line.state = 'idle';
  }
}

/** `undefined`: no time is known, and something of it runs, so its end will tell. */
function lookAgainAfterMs({ retryAfterMs }: Refusal, running: number): number | undefined {
  // A policy that says "now" while it refuses is looked at a moment later, or the look would go round for ever.
  if (retryAfterMs !== undefined && Number.isFinite(retryAfterMs)) return Math.max(1, retryAfterMs);
  return running === 0 ? FALLBACK_LOOK_MS : undefined;
}
