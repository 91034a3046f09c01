import PQueue from 'p-queue';
import { createRingback, decorrelatedJitter, memoryOutbox, type RingbackOptions, seededRandom, type Transport } from 'ringback';
import { type FakeClock, fakeClock, scriptedTransport } from 'ringback/testing';
import { type PlannedCallback, type PlannedEvent, WORKERS } from './workload.ts';

/** A way to handle an event: how its callbacks are handed over, one after another, and what ringback is told beside that. */
export interface Approach {
  readonly name: string;
  readonly handOver: 'deliver' | 'enqueue';
  readonly options: () => Pick<RingbackOptions, 'outbox' | 'schedule'>;
}

/** As many attempts at once as there are handlers in line. */
const outbox = () => memoryOutbox({ concurrency: WORKERS, maxPerDestination: WORKERS - 1 });

export const APPROACHES: readonly Approach[] = [
  { name: 'in line', handOver: 'deliver', options: () => ({}) },
  { name: '`enqueue`', handOver: 'enqueue', options: () => ({ outbox: outbox() }) },
  {
    name: '`enqueue`, retried as soon as `deliver` does',
    handOver: 'enqueue',
    options: () => ({ outbox: outbox(), schedule: decorrelatedJitter({ baseMs: 200, capMs: 10_000 }) }),
  },
];

/** What became of an event, in ms from when it happened. */
export interface HandledEvent {
  readonly atMs: number;
  /** Until its handler returned; before that it may have waited for one of the 16. */
  readonly handlerMs: number;
  /** Until each of its callbacks was delivered. */
  readonly callbacksMs: readonly number[];
}

/** Long enough for all that is under way when the last event comes: nothing fails twice, and the default schedule waits 6 s at most. */
const AFTERWARDS_MS = 300_000;

/** Handles all events with the real library over a scripted transport, on a clock that only this moves. */
export async function handleEvents(
  { handOver, options }: Approach,
  events: readonly PlannedEvent[],
  seed: number,
): Promise<readonly HandledEvent[]> {
  const clock = fakeClock();
  const random = seededRandom(`${seed}, ringback`);
  const ringback = createRingback({ transports: [receivers(events, clock)], clock, random, ...options() });
  const deliveredAtMs = new Map<string, number>();
  ringback.on('delivered', ({ id }) => deliveredAtMs.set(id, clock.monotonic()));
  const handledAtMs: number[] = [];
  const handlers = new PQueue({ concurrency: WORKERS });
  for (const [index, { atMs, callbacks }] of events.entries()) {
    await clock.advance(atMs - clock.monotonic());
    void handlers.add(async () => {
      for (const [place, { to }] of callbacks.entries())
        await ringback[handOver]({ id: idOf(index, place), to, data: { index } });
      handledAtMs[index] = clock.monotonic();
    });
  }
  await clock.advance(AFTERWARDS_MS);
  await ringback.close();
  return events.map(({ atMs, callbacks }, index) => ({
    atMs,
    handlerMs: ended(handledAtMs[index]) - atMs,
    callbacksMs: callbacks.map((_, place) => ended(deliveredAtMs.get(idOf(index, place))) - atMs),
  }));
}

const idOf = (event: number, place: number): string => `${event}.${place}`;

function ended(atMs: number | undefined): number {
  if (atMs === undefined) throw new Error('not every callback was delivered, so the figures of the others would mean nothing');
  return atMs;
}

/** Receivers that answer each callback as it was planned. */
function receivers(events: readonly PlannedEvent[], clock: FakeClock): Transport {
  const planned = new Map<string, PlannedCallback>(
    events.flatMap(({ callbacks }, index) => callbacks.map((callback, place) => [idOf(index, place), callback] as const)),
  );
  const tried = new Set<string>();
  const answer = ({ id }: { readonly id: string }) => {
    const { answersMs, failsOnce } = planned.get(id) as PlannedCallback;
    const isFirst = !tried.has(id);
    tried.add(id);
    return { afterMs: answersMs[isFirst ? 0 : 1], step: { status: isFirst && failsOnce ? 500 : 204 } };
  };
  return scriptedTransport(answer, { clock, record: false });
}
