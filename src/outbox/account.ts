import type { Delivery } from '../callback.js';
import { RingbackError } from '../errors.js';
import { durationOption, numberOption } from '../options.js';
import { DeadLetterBox } from './dead-letter-box.js';
import { HeldEntry } from './held-entry.js';
import { Lines, type ParkingTimes } from './lines.js';
import type { DeadLetter, DeadLetters, Disposition, Outbox, OutboxHost, OutboxSnapshot, OutboxStatus } from './outbox.js';
import { Room } from './room.js';
import { Runner } from './runner.js';

const DEFAULT_LIST_LIMIT = 100;

/** What `stop` has aborted gets this long to end. */
const ABORTED_END_MS = 1_000;

/** The bounds of an account, checked. */
export interface AccountBounds {
  readonly maxDepth: number;
  readonly whenFull: 'wait' | 'refuse';
  readonly concurrency: number;
  readonly maxPerDestination: number;
  readonly maxDeadLetters: number;
}

/** Before the outbox is started nothing runs, so nothing waits for a time. */
const NOTHING_WAITS: ParkingTimes = { add: () => {}, remove: () => {} };

/** The outbox in memory as an account: what is accepted stays in `#entries` until it has ended, and no longer. */
export class Account implements Outbox {
  readonly name = 'memory';
  readonly deadLetters: DeadLetters;
  readonly #concurrency: number;
  readonly #room: Room;
  readonly #lines: Lines;
  readonly #letters: DeadLetterBox;
  /** In the order accepted. */
  readonly #entries = new Map<string, HeldEntry>();
  /** The ids of those that wait for room. */
  readonly #atTheDoor = new Set<string>();
  #order = 0;
  #host: OutboxHost | undefined = undefined;
  #runner: Runner | undefined = undefined;
  #dispatchIsDue = false;
  #drained: Promise<void> | undefined = undefined;
  #tellDrained = (): void => {};
  #stopping: Promise<readonly Delivery[]> | undefined = undefined;

  constructor(bounds: AccountBounds) {
    this.#concurrency = bounds.concurrency;
    this.#room = new Room(bounds.maxDepth, bounds.whenFull);
    this.#lines = new Lines(bounds.maxPerDestination, bounds.concurrency);
    this.#letters = new DeadLetterBox(bounds.maxDeadLetters);
    this.deadLetters = {
      list: async ({ destination, limit } = {}) =>
        this.#letters.list(numberOption('limit', limit, DEFAULT_LIST_LIMIT, { from: 1, integer: true }), destination),
      replay: (id) => this.#replay(id),
      purge: async (id) => this.#letters.purge(id),
    };
  }

  add(delivery: Delivery, signal?: AbortSignal): Promise<void> {
    const { id } = delivery;
    // At once, and not when there is room: by then the other may have ended, and its end would be taken for this one's.
    if (this.#entries.has(id) || this.#atTheDoor.has(id)) return Promise.reject(takenId(id));
    const entered = this.#room.enter(() => {
      this.#hold(delivery, delivery.acceptedAtMs);
      return true;
    }, signal);
    if (this.#entries.has(id)) return entered;
    this.#atTheDoor.add(id);
    return entered.finally(() => this.#atTheDoor.delete(id));
  }

  start(host: OutboxHost): void {
    if (this.#stopping !== undefined) throw new RingbackError('closed', 'the outbox was stopped and can not start again');
    if (this.#host !== undefined) throw new RingbackError('outbox-failed', 'the outbox was started before');
    this.#host = host;
    this.#runner = new Runner(host, this.#lines, this.#concurrency, (entry, disposition) => this.#settle(entry, disposition));
    const nowMs = host.clock.monotonic();
    for (const entry of this.#entries.values()) {
      entry.addedAtMs = nowMs;
      this.#runner.watchDeadline(entry);
    }
    this.#dispatchSoon();
  }

  wake(destination: string): void {
    this.#runner?.wake(destination);
  }

  async cancel(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    if (entry.place !== 'running') {
      this.#finish(entry);
      this.#dispatchSoon();
    } else {
      entry.cancelled = true;
      entry.cancellation?.abort(new RingbackError('cancelled', `${id} was cancelled while it ran`));
    }
    return true;
  }

  async status(id: string): Promise<OutboxStatus | undefined> {
    const place = this.#entries.get(id)?.place;
    if (place === 'ready' || place === 'running') return place;
    if (place !== undefined) return 'waiting';
    return this.#letters.has(id) ? 'dead' : undefined;
  }

  async drain(): Promise<void> {
    if (this.#entries.size === 0) return;
    this.#drained ??= new Promise((resolve) => {
      this.#tellDrained = resolve;
    });
    await this.#drained;
  }

  async stop(timeoutMs: number): Promise<readonly Delivery[]> {
    const checkedMs = durationOption('timeoutMs', timeoutMs, 0);
    this.#stopping ??= this.#stop(checkedMs);
    return this.#stopping;
  }

  snapshot(nowMs: number): OutboxSnapshot {
    const depth = this.#entries.size;
    const { running, ready } = this.#lines;
    const oldest = this.#entries.values().next().value?.addedAtMs ?? nowMs;
    const waiting = depth - running - ready;
    return { depth, running, ready, waiting, oldestAgeMs: nowMs - oldest, deadLetters: this.#letters.size };
  }

  /** `sinceMs` is what its deadline counts from. */
  #hold(delivery: Delivery, sinceMs: number): void {
    if (this.#entries.has(delivery.id)) throw takenId(delivery.id);
    const deadlineAtMs = sinceMs + (delivery.deadlineMs ?? Number.POSITIVE_INFINITY);
    const entry = new HeldEntry(delivery, deadlineAtMs, this.#order++, this.#host?.clock.monotonic());
    this.#entries.set(delivery.id, entry);
    this.#lines.put(entry);
    this.#runner?.watchDeadline(entry);
    this.#dispatchSoon();
  }

  /** Once for all that is added in one go: the round then begins with all their destinations, and priorities hold among them. */
  #dispatchSoon(): void {
    if (this.#dispatchIsDue) return;
    this.#dispatchIsDue = true;
    queueMicrotask(() => {
      this.#dispatchIsDue = false;
      this.#runner?.dispatch();
    });
  }

  #settle(entry: HeldEntry, disposition: Disposition): void {
    if (entry.cancelled || disposition.next === 'done') {
      this.#finish(entry);
      return;
    }
    entry.attempts = disposition.attempts;
    entry.attemptCount = disposition.attemptCount;
    if (disposition.next === 'later') this.#runner?.putOff(entry, disposition.delayMs);
    else this.#bury(entry, disposition.reason);
  }

  #finish(entry: HeldEntry): void {
    if (this.#runner === undefined) this.#lines.remove(entry, NOTHING_WAITS);
    else this.#runner.remove(entry);
    entry.place = 'left';
    this.#entries.delete(entry.delivery.id);
    this.#room.leave();
    this.#checkDrained();
  }

  #bury(entry: HeldEntry, reason: string): void {
    const letter = letterOf(entry, reason, this.#host?.clock.now() ?? 0);
    const dropped = this.#letters.keep(letter, entry.delivery);
    this.#finish(entry);
    try {
      this.#host?.deadLettered(letter, dropped);
    } catch {
      // The letter is kept and counted; a host that throws on hearing of it must not take the runner down.
    }
  }

  async #replay(id: string): Promise<boolean> {
    if (!this.#letters.has(id)) return false;
    let replayed = false;
    await this.#room.enter(() => {
      const delivery = this.#letters.delivery(id);
      if (delivery === undefined) return false;
      this.#hold(delivery, this.#host?.clock.now() ?? delivery.acceptedAtMs);
      this.#letters.purge(id);
      replayed = true;
      return true;
    });
    return replayed;
  }

  async #stop(timeoutMs: number): Promise<readonly Delivery[]> {
    this.#room.close();
    this.#runner?.stop();
    await this.#runner?.quiet(timeoutMs);
    this.#abortRunning();
    await this.#runner?.quiet(ABORTED_END_MS);
    const left: Delivery[] = [];
    for (const entry of this.#entries.values()) {
      entry.place = 'left';
      if (!entry.cancelled) left.push(entry.delivery);
    }
    this.#entries.clear();
    this.#lines.clear();
    this.#checkDrained();
    return left;
  }

  #abortRunning(): void {
    const reason = new RingbackError('closed', 'the outbox was stopped before the attempt ended');
    for (const entry of this.#entries.values()) entry.cancellation?.abort(reason);
  }

  #checkDrained(): void {
    if (this.#entries.size > 0) return;
    this.#tellDrained();
    this.#drained = undefined;
  }
}

const takenId = (id: string): RingbackError =>
  new RingbackError('outbox-failed', `an unfinished callback has the id ${JSON.stringify(id)} already`);

/** What is known of a delivery that was given up, without its headers, its body and its full address. */
function letterOf({ delivery, attempts, attemptCount }: HeldEntry, reason: string, deadAtMs: number): DeadLetter {
  const { id, destination, type, correlationId, metadata, acceptedAtMs } = delivery;
  return Object.freeze({
    id,
    destination,
    type,
    correlationId,
    metadata,
    reason,
    attempts: Object.freeze([...attempts]),
    attemptCount,
    acceptedAtMs,
    deadAtMs,
  });
}
