import PQueue from 'p-queue';
import type { Refusal } from '../policies/policy.js';
import { TimeLimit } from '../time-limit.js';
import { Cancellation } from './cancellation.js';
import { DestinationLine } from './destination-line.js';
import { DueTimes } from './due-times.js';
import { EntryDeadline, type HeldEntry } from './held-entry.js';
import type { Lines } from './lines.js';
import type { Disposition, OutboxHost } from './outbox.js';

/** The host's own word for it, too. */
const PAST_DEADLINE = 'deadline';

/** What becomes of an entry after a try, or at its deadline; it holds no slot any more. */
type Settle = (entry: HeldEntry, disposition: Disposition) => void;

/**
 * Runs what the lines say is next. p-queue is the runner and never holds a backlog: a job is added when a slot is free and
 * something may go, and the job goes on while the lines have a next. So who goes next is decided at the last moment, and
 * p-queue's own cost (six events a job) is paid once per busy spell of a slot, not once per entry.
 */
export class Runner {
  readonly #host: OutboxHost;
  readonly #lines: Lines;
  readonly #settle: Settle;
  readonly #queue: PQueue;
  readonly #times: DueTimes<HeldEntry | DestinationLine | EntryDeadline>;
  readonly #peek: (destination: string) => Refusal | undefined;
  #dispatching = false;
  #stopped = false;

  constructor(host: OutboxHost, lines: Lines, concurrency: number, settle: Settle) {
    this.#host = host;
    this.#lines = lines;
    this.#settle = settle;
    this.#peek = (destination) => peekSafely(host, destination);
    this.#times = new DueTimes(host.clock, (items) => this.#onDue(items));
    this.#queue = new PQueue({ concurrency });
    // A job's slot counts as taken until p-queue says `next`, a microtask after the job's own end.
    this.#queue.addEventListener('next', () => this.dispatch());
  }

  /** Fills the free slots. */
  dispatch(): void {
    // A host may wake the outbox from inside `handle`: the loop that is on already sees what that changed.
    if (this.#dispatching || this.#stopped) return;
    this.#dispatching = true;
    while (this.#queue.pending < this.#queue.concurrency) {
      const entry = this.#lines.next(this.#peek, this.#times);
      if (entry === undefined) break;
      void this.#queue.add(() => this.#work(entry));
    }
    this.#dispatching = false;
  }

  wake(destination: string): void {
    this.#lines.wake(destination, this.#times);
    this.dispatch();
  }

  /** From now on the entry ends at its deadline. */
  watchDeadline(entry: HeldEntry): void {
    if (entry.deadlineAtMs === Number.POSITIVE_INFINITY) return;
    entry.deadline = new EntryDeadline(entry);
    this.#times.add(entry.deadline, Math.max(0, entry.deadlineAtMs - this.#host.clock.now()));
  }

  /** Puts an entry aside until its time: it holds no slot. */
  putOff(entry: HeldEntry, delayMs: number): void {
    entry.place = 'waiting';
    this.#times.add(entry, delayMs);
  }

  /** Takes out an entry that does not run. */
  remove(entry: HeldEntry): void {
    if (entry.place === 'waiting') this.#times.remove(entry);
    if (entry.deadline !== undefined) this.#times.remove(entry.deadline);
    this.#lines.remove(entry, this.#times);
  }

  /** Starts no more; what runs, runs on. */
  stop(): void {
    this.#stopped = true;
    this.#times.stop();
  }

  /** Resolves when nothing runs any more, or after `withinMs`. */
  async quiet(withinMs: number): Promise<void> {
    if (this.#queue.pending === 0) return;
    using limit = new TimeLimit(this.#host.clock, withinMs);
    await Promise.race([this.#queue.onPendingZero(), limit.over]);
  }

  async #work(first: HeldEntry): Promise<void> {
    let entry: HeldEntry | undefined = first;
    while (entry !== undefined) {
      let disposition: Disposition;
      try {
        disposition = checked(entry, await this.#handle(entry));
      } catch (error) {
        disposition = dead(entry, `the host failed: ${error instanceof Error ? error.name : typeof error}`);
      }
      this.#ended(entry, disposition);
      entry = this.#stopped ? undefined : this.#lines.next(this.#peek, this.#times);
    }
  }

  #handle(entry: HeldEntry): Promise<Disposition> {
    const { delivery, attempts, attemptCount } = entry;
    const deadlineAtMs = this.#deadlineOf(entry);
    entry.cancellation = new Cancellation();
    return this.#host.handle({ delivery, attempts, attemptCount, deadlineAtMs }, entry.cancellation);
  }

  /** By the wall clock as it stands now: one that was set meanwhile takes nothing from a callback's time, and adds none. */
  #deadlineOf({ deadline }: HeldEntry): number {
    const { clock } = this.#host;
    return deadline === undefined ? Number.POSITIVE_INFINITY : clock.now() + (deadline.dueAtMs - clock.monotonic());
  }

  #ended(entry: HeldEntry, ended: Disposition): void {
    entry.cancellation = undefined;
    // Handed back by `stop` while it ran on: what it says now comes too late.
    if (entry.place === 'left') return;
    let disposition = ended;
    const grows = this.#lines.ranOut(entry, this.#times, ended.next === 'done');
    if (disposition.next === 'later' && entry.deadline?.hasPassed)
      disposition = { ...disposition, next: 'dead', reason: PAST_DEADLINE };
    this.#settle(entry, disposition);
    if (grows) this.dispatch();
  }

  #onDue(items: readonly (HeldEntry | DestinationLine | EntryDeadline)[]): void {
    const deadlines: EntryDeadline[] = [];
    for (const item of items) {
      if (item instanceof EntryDeadline) deadlines.push(item);
      else if (item instanceof DestinationLine) this.#lines.lookAgain(item, this.#times);
      else this.#lines.comeBack(item);
    }
    // Last, as a dead letter is told to listeners, who may cancel any of the others.
    for (const deadline of deadlines) this.#pass(deadline);
    this.dispatch();
  }

  /** What runs at its deadline is the host's to end. */
  #pass(deadline: EntryDeadline): void {
    const { entry } = deadline;
    deadline.hasPassed = true;
    if (entry.place !== 'running' && entry.place !== 'left') this.#settle(entry, dead(entry, PAST_DEADLINE));
  }
}

/** A host that can't peek refuses nothing: the attempt then tells what is wrong, and is accounted for. */
function peekSafely(host: OutboxHost, destination: string): Refusal | undefined {
  try {
    return host.peek(destination);
  } catch {
    return undefined;
  }
}

/** Against the contract a host may answer nonsense; what it was handed must not be lost for it. */
function checked(entry: HeldEntry, disposition: Disposition): Disposition {
  if (disposition.next === 'done') return disposition;
  const delayMs = disposition.next === 'later' ? disposition.delayMs : 0;
  const isKnown = disposition.next === 'later' || disposition.next === 'dead';
  const fits = isKnown && delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY && Array.isArray(disposition.attempts);
  return fits ? disposition : dead(entry, 'the host failed: it answered neither done, dead, nor later with a finite delay');
}

/** The name of an error at most, as its message may carry a secret. */
function dead({ attempts, attemptCount }: HeldEntry, reason: string): Disposition {
  return { next: 'dead', reason, attempts, attemptCount };
}
