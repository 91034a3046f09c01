import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import { dead, delivery, done, type FakeHost, fakeHost, later, refusal } from './fake-host.js';

const CONCURRENCY = 5;
const MAX_PER_DESTINATION = 2;
const MAX_DEPTH = 8;
const MAX_DEAD_LETTERS = 3;

/** Every entry that was accepted, by how it ended. An accepted replay is a new entry. */
interface Ledger {
  accepted: number;
  done: number;
  cancelled: number;
  /** Ids: what still runs after it was handed back ends unheard. */
  readonly handedBack: Set<string>;
  refused: number;
}

interface World {
  readonly host: FakeHost;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  /** Unfinished ones that were cancelled while they ran. */
  readonly cancelling: Set<string>;
  /** Every id that was given to `add`. */
  readonly ids: string[];
  /** The ordering key of an id, with its destination. */
  readonly keyOf: Map<string, string>;
  readonly replayed: Set<string>;
  stopped: Promise<void> | undefined;
}

type Step = (world: World) => unknown;

const destinations = ['https://a.example', 'https://b.example', 'https://c.example'];
const anyDestination = fc.constantFrom(...destinations);
const anyNumber = fc.nat({ max: 1_000 });

const addOne = ({ outbox, ledger, ids, keyOf }: World, fields: Parameters<typeof delivery>[1]): void => {
  const id = `m${ids.length}`;
  ids.push(id);
  if (fields?.orderingKey !== undefined) keyOf.set(id, `${fields.destination} ${fields.orderingKey}`);
  outbox.add(delivery(id, fields)).then(
    () => ledger.accepted++,
    () => ledger.refused++,
  );
};

const adds: fc.Arbitrary<Step> = fc
  .record({
    destination: anyDestination,
    orderingKey: fc.constantFrom(undefined, undefined, 'k1', 'k2'),
    priority: fc.integer({ min: -2, max: 2 }),
    deadlineMs: fc.constantFrom(undefined, undefined, 0, 15, 5_000),
  })
  .map((fields) => (world) => addOne(world, { ...fields, acceptedAtMs: world.host.clock.now() }));

const ends: fc.Arbitrary<Step> = fc
  .record({ which: anyNumber, how: fc.constantFrom('done', 'later', 'dead', 'throw'), delayMs: fc.constantFrom(0, 10, 5_000) })
  .map(({ which, how, delayMs }) => ({ host, ledger, cancelling }) => {
    const run = host.runs[which % (host.runs.length || 1)];
    if (run === undefined) return;
    const wasCancelled = cancelling.delete(run.entry.delivery.id);
    if (how === 'throw') return run.fail(new Error('broken'));
    if (how === 'done' && !wasCancelled && !ledger.handedBack.has(run.entry.delivery.id)) ledger.done++;
    return run.end(how === 'done' ? done : how === 'dead' ? dead() : later(delayMs, run.entry.attemptCount + 1));
  });

const cancels: fc.Arbitrary<Step> = anyNumber.map((which) => async ({ outbox, ledger, ids, cancelling }) => {
  const id = ids[which % (ids.length || 1)];
  if (id === undefined || cancelling.has(id)) return;
  const wasRunning = (await outbox.status(id)) === 'running';
  if (!(await outbox.cancel(id))) return;
  ledger.cancelled++;
  if (wasRunning) cancelling.add(id);
});

const refusals: fc.Arbitrary<Step> = fc
  .record({ destination: anyDestination, retryAfterMs: fc.constantFrom(undefined, 0, 700), refuses: fc.boolean() })
  .map(({ destination, retryAfterMs, refuses }) => ({ host }) => {
    if (refuses) host.refusals.set(destination, refusal(retryAfterMs));
    else host.refusals.delete(destination);
  });

const wakes: fc.Arbitrary<Step> = anyDestination.map(
  (destination) =>
    ({ outbox }) =>
      outbox.wake(destination),
);

const replays: fc.Arbitrary<Step> = anyNumber.map((which) => async ({ outbox, ledger, replayed: replayedIds }) => {
  const letters = await outbox.deadLetters.list();
  const letter = letters[which % (letters.length || 1)];
  if (letter === undefined) return;
  replayedIds.add(letter.id);
  outbox.deadLetters.replay(letter.id).then(
    (replayed) => {
      if (replayed) ledger.accepted++;
    },
    () => ledger.refused++,
  );
});

const advances: fc.Arbitrary<Step> = fc.constantFrom(1, 10, 1_000, 6_000).map(
  (ms) =>
    ({ host }) =>
      host.clock.advance(ms),
);

const stops: fc.Arbitrary<Step> = fc.constantFrom(0, 500).map((timeoutMs) => (world) => {
  world.stopped ??= world.outbox.stop(timeoutMs).then((left) => {
    for (const { id } of left) world.ledger.handedBack.add(id);
  });
});

const anyStep = fc.oneof(
  { weight: 10, arbitrary: adds },
  { weight: 12, arbitrary: ends },
  { weight: 3, arbitrary: cancels },
  { weight: 3, arbitrary: refusals },
  { weight: 2, arbitrary: wakes },
  { weight: 2, arbitrary: replays },
  { weight: 3, arbitrary: advances },
);

/** A stop somewhere in the middle, or none before the end. */
const anyLife = fc
  .record({
    before: fc.array(anyStep, { maxLength: 60 }),
    stop: stops,
    after: fc.array(anyStep, { maxLength: 10 }),
    whenFull: fc.constantFrom('wait' as const, 'refuse' as const),
  })
  .map(({ before, stop, after, whenFull }) => ({ steps: [...before, stop, ...after], before, whenFull }));

function newWorld(whenFull: 'wait' | 'refuse'): World {
  const host = fakeHost();
  const outbox = memoryOutbox({
    concurrency: CONCURRENCY,
    maxPerDestination: MAX_PER_DESTINATION,
    maxDepth: MAX_DEPTH,
    maxDeadLetters: MAX_DEAD_LETTERS,
    whenFull,
  });
  outbox.start(host);
  const ledger: Ledger = { accepted: 0, done: 0, cancelled: 0, handedBack: new Set(), refused: 0 };
  return { host, outbox, ledger, cancelling: new Set(), ids: [], keyOf: new Map(), replayed: new Set(), stopped: undefined };
}

/** What must hold after every step, until the outbox is stopped. */
function checkBounds({ host, outbox }: World): void {
  const { depth, running, ready, waiting, deadLetters } = outbox.snapshot(host.clock.monotonic());
  expect(running).toBe(host.runs.length);
  expect(running).toBeLessThanOrEqual(CONCURRENCY);
  expect(running + ready + waiting).toBe(depth);
  expect(depth).toBeLessThanOrEqual(MAX_DEPTH);
  expect(deadLetters).toBeLessThanOrEqual(MAX_DEAD_LETTERS);
  expect(host.clock.timers).toBeLessThanOrEqual(1);
  if (depth === 0) expect(host.clock.timers).toBe(0);
  const keys = new Set<string>();
  for (const destination of destinations) {
    const of = host.runs.filter(({ entry }) => entry.delivery.destination === destination);
    expect(of.length).toBeLessThanOrEqual(MAX_PER_DESTINATION);
    for (const { entry } of of) {
      const { orderingKey } = entry.delivery;
      if (orderingKey === undefined) continue;
      expect(keys.has(`${destination} ${orderingKey}`)).toBe(false);
      keys.add(`${destination} ${orderingKey}`);
    }
  }
}

/** Ids are numbered as they were accepted, so each key's first hand-overs must rise. A replay goes to the end of its key. */
function checkOrder({ host, keyOf, replayed }: World): void {
  const last = new Map<string, number>();
  for (const id of new Set(host.handed)) {
    const key = keyOf.get(id);
    if (key === undefined || replayed.has(id)) continue;
    const number = Number(id.slice(1));
    expect(number).toBeGreaterThan(last.get(key) ?? -1);
    last.set(key, number);
  }
}

test('everything accepted ends: accepted = done + dead + cancelled + handed back, always', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, async ({ steps, whenFull }) => {
      const world = newWorld(whenFull);
      for (const step of steps) {
        await step(world);
        await world.host.settle();
        if (world.stopped === undefined) checkBounds(world);
      }
      await world.host.clock.advance(2_000);
      await world.stopped;
      const { ledger, host, outbox } = world;
      expect(ledger.done + host.letters.length + ledger.cancelled + ledger.handedBack.size).toBe(ledger.accepted);
      expect(outbox.snapshot(0)).toMatchObject({ depth: 0, running: 0, ready: 0, waiting: 0 });
      expect(host.clock.timers).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test('nothing hangs: once the destinations take again, everything accepted comes to its end by itself', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, async ({ before, whenFull }) => {
      const world = newWorld(whenFull);
      const { host, outbox, ledger } = world;
      for (const step of before) {
        await step(world);
        await host.settle();
      }
      host.refusals.clear();
      let drained = false;
      void outbox.drain().then(() => {
        drained = true;
      });
      for (let round = 0; round < 200 && !drained; round++) {
        for (const run of [...host.runs]) {
          if (!world.cancelling.delete(run.entry.delivery.id)) ledger.done++;
          await run.end(done);
        }
        await host.clock.advance(1_000);
      }
      expect(drained).toBe(true);
      checkOrder(world);
      expect(ledger.done + host.letters.length + ledger.cancelled).toBe(ledger.accepted);
    }),
    { numRuns: 300 },
  );
});
