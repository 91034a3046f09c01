import { getEventListeners } from 'node:events';
import { createRingback, memoryOutbox, type Ringback, seededRandom, type Transport } from 'ringback';
import { type FakeClock, fakeClock } from 'ringback/testing';
import { type Account, Books, type Breach, MARK, RULE } from './books.ts';
import { type HeapSample, liveBytes } from './heap-series.ts';
import { Network, numberOf } from './network.ts';
import { Operator } from './operator.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './receiver.ts';
import { type Sabotage, sabotaged } from './sabotage.ts';
import { Service } from './service.ts';

const HOURS_A_SAMPLE = 6;
/** Each destination lives for ten days on average. */
const SHARE_REPLACED_A_DAY = 0.1;
/** Few enough that the box is full before the heap is compared. */
const MAX_DEAD_LETTERS = 1_000;
const MAX_DEPTH = 50_000;
const CLOSE_MS = 10_000;

/** A held key is renewed three times a lease: by the default of a minute that would be most of what this run does. */
const LEASE_MS = HOUR_MS;

export interface VirtualSoakSettings {
  readonly seed: number;
  readonly attempts: number;
  readonly days: number;
  readonly destinations: number;
  readonly sabotage?: Sabotage | undefined;
}

/** What a run came to. */
export interface VirtualSoakResult {
  readonly settings: VirtualSoakSettings;
  readonly attempts: number;
  readonly callbacks: number;
  readonly destinations: number;
  /** While it ran on, and what the outbox said then. */
  readonly running: Account;
  readonly depth: number;
  readonly lettersKept: number;
  /** After `close`. */
  readonly closed: Account;
  readonly handedBackTwice: number;
  readonly breaches: readonly Breach[];
  readonly left: { readonly timers: number; readonly listeners: number; readonly delivering: number };
  readonly samples: readonly HeapSample[];
}

/** One run. `told` hears how far it is. */
export async function virtualSoak(settings: VirtualSoakSettings, told: (sample: HeapSample) => void): Promise<VirtualSoakResult> {
  const { seed, days, destinations } = settings;
  const clock = fakeClock();
  // Never more callbacks than attempts but for those that end without one: refused, repeated, cancelled, shed.
  const books = new Books(Math.ceil(settings.attempts * 1.5) + 10_000);
  const random = (stream: string) => seededRandom(`${seed} ${stream}`);
  const network = new Network(destinations, clock, random('network'), books);
  const damage = sabotaged(settings.sabotage, network.transport);
  const ringback = soakedRingback(settings, clock, damage.transport);
  const operator = new Operator(ringback, books);
  const endsAtMs = days * DAY_MS;
  const service = new Service({ ringback, clock, random: random('service'), books, network, endsAtMs });
  const look = lookAt(ringback, clock, books);
  const samples: HeapSample[] = [];

  for (let hour = 0; hour < days * 24; hour++) {
    if (hour % 24 === 0) service.nextDay();
    operator.changeListeners();
    damage.eachHour(service.signals);
    service.nextHour(callbacksOfHour(settings, network.attempts, books.count, hour));
    replaceSome(network, clock, (destinations * SHARE_REPLACED_A_DAY) / 24, random(`replaced ${hour}`)());
    await clock.advance(HOUR_MS);
    if (hour % HOURS_A_SAMPLE < HOURS_A_SAMPLE - 1) continue;
    const { depth, deadLetters } = look();
    const day = (hour + 1) / 24;
    const sample = { day, attempts: network.attempts, waiting: depth, deadLetters, liveBytes: await liveBytes() };
    samples.push(sample);
    told(sample);
    await operator.tidyDeadLetters();
  }
  await clock.advance(MINUTE_MS);
  const { account, depth, deadLetters } = look();
  const handedBackTwice = await close(ringback, clock, books);
  const listeners = service.signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
  return {
    settings,
    attempts: network.attempts,
    callbacks: books.count,
    destinations: network.destinations,
    running: account,
    depth,
    lettersKept: deadLetters,
    closed: books.account(),
    handedBackTwice,
    breaches: books.breaches,
    left: { timers: clock.timers, listeners, delivering: ringback.snapshot().delivering },
    samples,
  };
}

function soakedRingback({ seed, destinations }: VirtualSoakSettings, clock: FakeClock, transport: Transport): Ringback {
  return createRingback({
    transports: [transport],
    clock,
    random: seededRandom(`${seed} ringback`),
    outbox: memoryOutbox({ maxDepth: MAX_DEPTH, maxDeadLetters: MAX_DEAD_LETTERS }),
    idempotency: { leaseMs: LEASE_MS },
    maxDestinations: destinations,
    onDisable: () => {},
  });
}

/** As many as it takes to come to the attempts asked for at the end: how many one callback needs shows on the way. */
function callbacksOfHour({ attempts, days }: VirtualSoakSettings, made: number, handedOver: number, hour: number): number {
  const attemptsEach = hour < 24 ? 1.2 : made / handedOver;
  return Math.ceil(Math.max(0, attempts - made) / (days * 24 - hour) / attemptsEach);
}

function replaceSome(network: Network, clock: FakeClock, mean: number, draw: number): void {
  const count = Math.floor(mean + draw);
  for (let i = 0; i < count; i++) clock.setTimer(() => network.replaceOne(), (HOUR_MS * (i + 0.5)) / count);
}

interface Look {
  readonly account: Account;
  readonly depth: number;
  readonly deadLetters: number;
}

/** Compares the books with what the outbox says of itself, whenever it is called. */
function lookAt(ringback: Ringback, clock: FakeClock, books: Books): () => Look {
  return () => {
    const account = books.account();
    const { depth, deadLetters } = ringback.snapshot().outbox;
    const { accepted, delivered, dead, cancelled, waiting, lettersKept } = account;
    const holds = accepted === delivered + dead + cancelled + waiting && waiting === depth && lettersKept === deadLetters;
    if (!holds) books.breach(RULE.holdsAlways, Math.floor(clock.monotonic() / HOUR_MS));
    return { account, depth, deadLetters };
  };
}

/** Ends it in the middle of its work; what it hands back is written down. */
async function close(ringback: Ringback, clock: FakeClock, books: Books): Promise<number> {
  const closing = ringback.close({ timeoutMs: CLOSE_MS });
  await clock.advance(MINUTE_MS);
  const { undelivered } = await closing;
  for (const { id } of undelivered) books.mark(numberOf(id), MARK.handedBack);
  return undelivered.length - new Set(undelivered.map(({ id }) => id)).size;
}
