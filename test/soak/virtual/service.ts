import { type Callback, isRingbackError, type Random, type Ringback } from 'ringback';
import type { FakeClock } from 'ringback/testing';
import { type Books, MARK, RULE } from './books.ts';
import { idOf, type Network, ORDERING_KEY } from './network.ts';
import { DAY_MS, exponential, HOUR_MS, MINUTE_MS } from './receiver.ts';

const SHARE_DIRECT = 0.15;
const SHARE_KEYED = 0.08;
const SHARE_REPEATED = 0.5;
const SHARE_ORDERED = 0.15;
const SHARE_DEADLINE = 0.1;
const SHARE_CANCELLED = 0.03;
const SHARE_IMPATIENT = 0.02;
const SHARE_BURST = 0.05;

/** A key answers for its callback for 24 h, so a repetition within 12 h of the first must find it. */
const LATEST_REPEAT_MS = 12 * HOUR_MS;
const MEAN_CANCEL_MS = 30 * MINUTE_MS;
const MEAN_PATIENCE_MS = 2_000;

/** What a service is made of. */
export interface ServiceParts {
  readonly ringback: Ringback;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly books: Books;
  readonly network: Network;
  /** Nothing is begun after it. */
  readonly endsAtMs: number;
}

/** Who uses ringback: hands callbacks over in all ways there are, and writes down what it was told of each. */
export class Service {
  readonly #parts: ServiceParts;
  /** One for each day, under which half of the callbacks are handed over; aborted when the day ends. */
  readonly #signals: AbortController[] = [];
  #meanGapMs = HOUR_MS;
  #isArriving = false;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Signals that were handed over with callbacks: all that listened on them must be gone at the end. */
  get signals(): readonly AbortSignal[] {
    return this.#signals.map(({ signal }) => signal);
  }

  nextDay(): void {
    this.#signals.at(-1)?.abort();
    this.#signals.push(new AbortController());
  }

  /** So many callbacks in the hour that begins, a part of them at once and to one destination. */
  nextHour(callbacks: number): void {
    const { network, random } = this.#parts;
    const burst = Math.floor(callbacks * SHARE_BURST);
    this.#meanGapMs = HOUR_MS / Math.max(1, callbacks - burst);
    const to = network.pick(random);
    for (let i = 0; i < burst; i++) void this.#enqueue({ to });
    if (!this.#isArriving) this.#arrive();
  }

  #arrive(): void {
    const { random, network } = this.#parts;
    this.#isArriving = this.#after(exponential(random, this.#meanGapMs), () => {
      const to = network.pick(random);
      if (random() < SHARE_DIRECT) void this.#deliver(to);
      else void this.#enqueueInSomeWay(to);
      this.#arrive();
    });
  }

  /** False when that would be after the end. */
  #after(delayMs: number, act: () => void): boolean {
    const { clock, endsAtMs } = this.#parts;
    if (clock.monotonic() + delayMs >= endsAtMs) return false;
    clock.setTimer(act, delayMs);
    return true;
  }

  async #enqueueInSomeWay(to: string): Promise<void> {
    const { random } = this.#parts;
    const deadline = random() < SHARE_DEADLINE && { deadlineMs: Math.floor(MINUTE_MS + random() * DAY_MS) };
    const way = random();
    if (way < SHARE_KEYED) await this.#enqueueKeyed({ to, ...deadline });
    else if (way < SHARE_KEYED + SHARE_ORDERED) await this.#enqueue({ to, ...deadline, orderingKey: ORDERING_KEY });
    else await this.#enqueue({ to, ...deadline, priority: Math.floor(random() * 3) });
  }

  async #enqueueKeyed(fields: Partial<Callback>): Promise<void> {
    const { books, random } = this.#parts;
    const first = books.open();
    const keyed = { ...fields, idempotencyKey: `key-${first}`, data: dataOf(first) };
    if (random() < SHARE_REPEATED) {
      // A third of them at once, while the first is still at the door.
      const delayMs = Math.max(0, random() * 1.5 - 0.5) * LATEST_REPEAT_MS;
      this.#after(delayMs, () => void this.#repeat(first, keyed));
    }
    await this.#enqueue(keyed, first);
  }

  async #enqueue(fields: Partial<Callback>, callback = this.#parts.books.open()): Promise<void> {
    const { ringback, books, random } = this.#parts;
    if (random() < SHARE_CANCELLED) this.#after(exponential(random, MEAN_CANCEL_MS), () => void this.#cancel(callback));
    try {
      await ringback.enqueue(callbackOf(callback, fields), this.#settings());
      books.mark(callback, MARK.accepted);
    } catch (error) {
      this.#refused(error, callback);
    }
  }

  /** The same again, under another id: it has to be answered with the first one's, unless that has come to nothing. */
  async #repeat(first: number, fields: Partial<Callback>): Promise<void> {
    const { ringback, books, random } = this.#parts;
    const callback = books.open();
    const again = callbackOf(callback, fields);
    const isDirect = random() < SHARE_DIRECT;
    try {
      const { id, deduplicated } = isDirect ? await ringback.deliver(again) : await ringback.enqueue(again, this.#settings());
      if (!deduplicated) {
        books.mark(callback, isDirect ? MARK.direct : MARK.accepted);
        if (this.#holdsItsKey(first)) books.breach(RULE.key, first);
      } else if (id !== idOf(first)) books.breach(RULE.key, first);
    } catch (error) {
      if (!isDirect) this.#refused(error, callback);
    }
  }

  /** A dead letter has given its key up, and a replay does not take it again. */
  #holdsItsKey(first: number): boolean {
    const { books } = this.#parts;
    if (books.has(first, MARK.replayed)) return false;
    return books.has(first, MARK.delivered) || (books.has(first, MARK.accepted) && !books.has(first, MARK.dead | MARK.cancelled));
  }

  async #deliver(to: string): Promise<void> {
    const { ringback, books, random } = this.#parts;
    const callback = books.open(MARK.direct);
    let settings = this.#settings();
    if (random() < SHARE_IMPATIENT) {
      const impatience = new AbortController();
      if (this.#after(exponential(random, MEAN_PATIENCE_MS), () => impatience.abort())) settings = impatience;
    }
    try {
      await ringback.deliver(callbackOf(callback, { to }), settings);
      if (!books.has(callback, MARK.delivered)) books.breach(RULE.endsOnce, callback);
    } catch {
      books.mark(callback, MARK.failed);
    }
  }

  async #cancel(callback: number): Promise<void> {
    const { ringback, books } = this.#parts;
    // An attempt that was just being answered may have delivered it: then that is told, before or after.
    if ((await ringback.cancel(idOf(callback))) && !books.has(callback, MARK.delivered)) books.mark(callback, MARK.cancelled);
  }

  #settings(): { readonly signal?: AbortSignal } {
    const { signal } = this.#signals.at(-1) ?? {};
    return signal !== undefined && this.#parts.random() < 0.5 ? { signal } : {};
  }

  #refused(error: unknown, callback: number): void {
    const expected = (['outbox-full', 'closed', 'cancelled'] as const).some((code) => isRingbackError(error, code));
    if (!expected) this.#parts.books.breach(RULE.refusals, callback);
  }
}

const FILLER = 'x'.repeat(120);
const dataOf = (callback: number): object => ({ invoice: callback, filler: FILLER });

function callbackOf(callback: number, fields: Partial<Callback>): Callback {
  return { to: '', type: 'invoice.paid', data: dataOf(callback), ...fields, id: idOf(callback) };
}
