import { numberOption } from '../options.js';

/** What a {@link DestinationMap} is made of. */
export interface DestinationMapSettings<T> {
  /** How many destinations keep their state, 1 to 1,000,000. */
  readonly maxDestinations: number;
  /** Makes the state of a destination seen for the first time, or again after it was let go. */
  readonly create: (destination: string) => T;
  /** False for what must stay: an open breaker, work in flight. It is asked on the way to make room, so it must be cheap. */
  readonly mayEvict: (value: T) => boolean;
}

interface Entry<T> {
  readonly destination: string;
  /** Undefined once the map has let it go: a bookmark must neither use it any more nor keep it in memory. */
  value: T | undefined;
  used: boolean;
}

/** A destination, and where its state stood the last time. Whoever comes often keeps one, as it saves the lookup. */
export interface Bookmark<T> {
  readonly destination: string;
  /** Written by the map. Undefined at first. */
  entry: Entry<T> | undefined;
}

/** How many places the hand passes to make room for one destination: the most that a new one pays. */
const MAX_STEPS = 256;

/**
 * The state kept per destination, bounded. CLOCK, also known as second chance: the entries stand in a ring, a use sets one
 * bit, and when room is needed a hand goes round, clears the bits it finds, and takes the first entry without one. A hit costs
 * a lookup and a write, where a least-recently-used list by delete and set costs up to four times that.
 *
 * What must stay (`mayEvict` says no) is passed over. If the hand finds nothing in its steps the map grows, and shrinks again
 * with the next new destinations once it can. It never grows past twice `maxDestinations`: there the entry under the hand goes
 * whatever it is. Work in flight holds on to its own state and ends well; what is lost is what was learned.
 */
export class DestinationMap<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly ring: Entry<T>[] = [];
  private readonly maxDestinations: number;
  private readonly create: (destination: string) => T;
  private readonly mayEvict: (value: T) => boolean;
  private hand = 0;

  /** @throws RingbackError `invalid-option` for a bound out of range. */
  constructor(settings: DestinationMapSettings<T>) {
    const rule = { from: 1, to: 1_000_000, integer: true };
    this.maxDestinations = numberOption('maxDestinations', settings.maxDestinations, 10_000, rule);
    this.create = settings.create;
    this.mayEvict = settings.mayEvict;
  }

  get size(): number {
    return this.ring.length;
  }

  /** The destination's state, made if there is none. Counts as a use. */
  get(destination: string): T {
    return this.enter(destination).value as T;
  }

  /** As {@link get}, and looks nothing up while the map still has what the bookmark points to. */
  getAt(bookmark: Bookmark<T>): T {
    const { entry } = bookmark;
    if (entry?.value !== undefined) {
      entry.used = true;
      return entry.value;
    }
    bookmark.entry = this.enter(bookmark.destination);
    return bookmark.entry.value as T;
  }

  /** The destination's state if there is one. Does not count as a use: for looking on. */
  find(destination: string): T | undefined {
    return this.entries.get(destination)?.value;
  }

  /** All destinations and their state, in no stated order. */
  *[Symbol.iterator](): Generator<[destination: string, value: T], void, undefined> {
    for (const { destination, value } of this.ring) yield [destination, value as T];
  }

  private enter(destination: string): Entry<T> {
    const entry = this.entries.get(destination);
    if (entry === undefined) return this.add(destination);
    entry.used = true;
    return entry;
  }

  private add(destination: string): Entry<T> {
    // Made first: when it throws, nothing has changed.
    const entry: Entry<T> = { destination, value: this.create(destination), used: false };
    if (this.ring.length > this.maxDestinations) this.shrink();
    const place = this.ring.length < this.maxDestinations ? -1 : this.findPlace();
    if (place === -1) {
      this.ring.push(entry);
    } else {
      this.letGo(place);
      this.ring[place] = entry;
    }
    this.entries.set(destination, entry);
    return entry;
  }

  private letGo(place: number): void {
    const entry = this.ring[place] as Entry<T>;
    this.entries.delete(entry.destination);
    entry.value = undefined;
  }

  /** Lets one go beside the one that makes room, so that a map that had to grow comes back to its bound. */
  private shrink(): void {
    const place = this.findPlace();
    if (place === -1) return;
    this.letGo(place);
    const last = this.ring.pop() as Entry<T>;
    // The hand has just passed this place: what moves here is looked at last.
    if (place < this.ring.length) this.ring[place] = last;
  }

  /** The place in the ring whose entry goes next, with the hand moved past it; -1 when none was found in its steps. */
  private findPlace(): number {
    const { length } = this.ring;
    const steps = Math.min(2 * length, MAX_STEPS);
    for (let step = 0; step < steps; step++) {
      const place = this.advance();
      const entry = this.ring[place] as Entry<T>;
      if (!this.mayEvict(entry.value as T)) continue;
      if (!entry.used) return place;
      entry.used = false;
    }
    return length < 2 * this.maxDestinations ? -1 : this.advance();
  }

  private advance(): number {
    const place = this.hand < this.ring.length ? this.hand : 0;
    this.hand = place + 1;
    return place;
  }
}
