import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Answer,
  createRingback,
  type Delivery,
  type IdempotencyStore,
  memoryIdempotencyStore,
  memoryOutbox,
  type Random,
  type Ringback,
  seededRandom,
} from '../../src/index.js';
import { type FakeClock, fakeClock } from '../../src/testing/index.js';
import type { Transport } from '../../src/transports/transport.js';

/** What can go wrong with something of the user's: at random, each time it is called. */
class Mischief {
  readonly #random: Random;
  readonly #share: number;
  /** Once off, everything works: what still goes wrong then does so for ever, by a hang of before. */
  isOn = true;

  constructor(seed: number, share: number) {
    this.#random = seededRandom(seed);
    this.#share = share;
  }

  draw(): number {
    return this.#random();
  }

  /** Throws, hangs or goes on. */
  strike<T>(value: T): T | Promise<T> {
    if (!this.isOn || this.#random() >= this.#share) return value;
    const kind = this.#random();
    if (kind < 0.4) throw new Error('mischief');
    if (kind < 0.7) return Promise.reject(new Error('mischief'));
    return new Promise<T>(() => {});
  }

  /** Throws or goes on, for what can't be async. */
  throwSometimes(): void {
    if (this.isOn && this.#random() < this.#share) throw new Error('mischief');
  }
}

const KINDS = ['delivered', 'delivered', 'failed', 'overloaded', 'timed-out', 'rejected', 'gone', 'shed', 'forbidden'] as const;

function transportOf(mischief: Mischief, clock: FakeClock): Transport {
  return {
    name: 'mischievous',
    accepts: () => true,
    send: async (_message, { signal }): Promise<Answer> => {
      await mischief.strike(null);
      if (mischief.draw() < 0.3) await clock.sleep(mischief.draw() * 20_000, signal);
      if (mischief.draw() < 0.05) return undefined as never;
      // An `http` whose classify throws rejects; one that answers nonsense gives a kind that there is not.
      const kind = mischief.draw() < 0.05 ? 'nonsense' : KINDS[Math.floor(mischief.draw() * KINDS.length)];
      return { outcome: { kind: kind as never, retryAfterMs: mischief.draw() < 0.1 ? Number.NaN : mischief.draw() * 5_000 } };
    },
    close: async () => {
      await mischief.strike(null);
    },
  };
}

function storeOf(mischief: Mischief, clock: FakeClock): IdempotencyStore {
  const store = memoryIdempotencyStore({ clock });
  return {
    claim: async (...args) => mischief.strike(await store.claim(...args)),
    renew: async (...args) => mischief.strike(await store.renew(...args)),
    complete: async (...args) => mischief.strike(await store.complete(...args)),
    release: async (...args) => mischief.strike(await store.release(...args)),
  };
}

interface Books {
  readonly accepted: Set<string>;
  readonly delivered: Set<string>;
  readonly cancelled: Set<string>;
  /** Dead letters that had to go for others, or were purged. */
  readonly dropped: Set<string>;
}

/** Over all runs: what never happens is not proved. */
const totals = { accepted: 0, delivered: 0, cancelled: 0, dead: 0, dropped: 0, left: 0 };

function open(mischief: Mischief, clock: FakeClock, books: Books): Ringback {
  const log = (): void => mischief.throwSometimes();
  const ringback = createRingback({
    transports: [transportOf(mischief, clock)],
    clock,
    random: () => mischief.draw(),
    outbox: memoryOutbox({ maxDepth: 12, concurrency: 4, maxPerDestination: 2, maxDeadLetters: 3, whenFull: 'wait' }),
    idempotency: { store: storeOf(mischief, clock), leaseMs: 2_000 },
    logger: { debug: log, info: log, warn: log, error: log },
    pipeline: (destination) => {
      mischief.throwSometimes();
      return destination.endsWith('0.example') ? { concurrency: { limit: 1 }, retry: false } : {};
    },
    maxDestinations: 2,
    disableAfterMs: 1_000,
    onDisable: () => mischief.strike(null),
    signature: (_delivery: Delivery) => mischief.strike(null),
    schedule: {
      delayMs: (attempt, _previousMs, random) => {
        mischief.throwSometimes();
        return attempt > 4 ? undefined : random() * 10_000;
      },
      next: undefined as never,
      ...({ next: () => ({ duration: 1 }) } as object),
    },
  });
  ringback.on('delivered', ({ id }) => void books.delivered.add(id));
  ringback.on('dead-letter', ({ dropped }) => void (dropped && books.dropped.add(dropped.id)));
  for (const event of [
    'enqueued',
    'attempt',
    'retry',
    'delivered',
    'dead-letter',
    'shed',
    'disable',
    'circuit',
    'limit',
  ] as const) {
    ringback.on(event, () => mischief.strike(null) as never);
  }
  return ringback;
}

/** Callbacks come in, some are cancelled, time passes. */
async function live(
  ringback: Ringback,
  clock: FakeClock,
  mischief: Mischief,
  steps: readonly number[],
  books: Books,
): Promise<void> {
  let count = 0;
  for (const step of steps) {
    const id = `c${count++}`;
    const key = step % 3 === 0 ? { idempotencyKey: `k${step % 2}` } : {};
    const order = step % 5 === 0 ? { orderingKey: 'o' } : {};
    const deadline = step % 7 === 0 ? { deadlineMs: 1 + step * 100 } : {};
    const to = `https://d${step % 3}.example/`;
    const callback = { id, to, data: { step: step % 2 }, ...key, ...order, ...deadline };
    const told = step % 4 === 0 ? ringback.deliver(callback) : ringback.enqueue(callback);
    told.then(
      (end) => void ('attempts' in end ? 0 : end.deduplicated || books.accepted.add(end.id)),
      () => {},
    );
    if (mischief.draw() < 0.2) {
      const cancelled = `c${Math.floor(mischief.draw() * count)}`;
      const isCancelled = await ringback.cancel(cancelled);
      if (isCancelled) books.cancelled.add(cancelled);
    }
    if (mischief.draw() < 0.1) await tidy(ringback, mischief, books);
    await clock.advance(mischief.draw() * 2_000);
  }
}

/** The dead letters are replayed or purged. A replay may have to wait for room. */
async function tidy(ringback: Ringback, mischief: Mischief, books: Books): Promise<void> {
  for (const { id } of await ringback.deadLetters.list()) {
    if (mischief.draw() < 0.5) ringback.deadLetters.replay(id).catch(() => {});
    else if ((await ringback.deadLetters.purge(id)) === 1) books.dropped.add(id);
  }
}

it("accepted = delivered + cancelled + dead letters + dropped + undelivered, whatever of the user's throws or hangs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }),
      fc.nat(60_000),
      async (seed, share, steps, closesAfterMs) => {
        const mischief = new Mischief(seed, share);
        const clock = fakeClock();
        const books: Books = { accepted: new Set(), delivered: new Set(), cancelled: new Set(), dropped: new Set() };
        const ringback = open(mischief, clock, books);
        await live(ringback, clock, mischief, steps, books);
        await clock.advance(closesAfterMs);
        const closing = ringback.close({ timeoutMs: 100 });
        await clock.advance(60_000);
        const { undelivered } = await closing;
        const dead = (await ringback.deadLetters.list({ limit: 1_000 })).map(({ id }) => id);
        const left = undelivered.map(({ id }) => id);
        totals.accepted += books.accepted.size;
        totals.delivered += books.delivered.size;
        totals.cancelled += books.cancelled.size;
        totals.dead += dead.length;
        totals.dropped += books.dropped.size;
        totals.left += left.length;
        for (const id of books.accepted) {
          const isCancelled = books.cancelled.has(id);
          const ends = [books.delivered.has(id), dead.includes(id), books.dropped.has(id), left.includes(id)];
          // A cancel that comes while an attempt runs may find it delivered all the same: that is no loss, and is told as it is.
          const ended = ends.filter(Boolean).length;
          expect({ id, ended: isCancelled ? Math.min(ended, 0) + 1 : ended }).toEqual({ id, ended: 1 });
          if (isCancelled) expect(ended).toBeLessThanOrEqual(books.delivered.has(id) ? 1 : 0);
        }
        expect(ringback.snapshot()).toMatchObject({ delivering: 0, outbox: { depth: 0, running: 0 } });
        expect(clock.timers).toBe(0);
      },
    ),
    { numRuns: 1_000 },
  );
  for (const [end, count] of Object.entries(totals)) expect({ end, isProved: count > 100 }).toEqual({ end, isProved: true });
}, 60_000);
