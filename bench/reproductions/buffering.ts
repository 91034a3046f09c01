import { APPROACHES, type HandledEvent, handleEvents } from './handlers.ts';
import { planEvents, WARM_UP_MS } from './workload.ts';

export const LOADS: readonly number[] = [0.3, 0.5, 0.7, 0.9];

/** The published case study: average ms to process a callback, before and after callbacks were buffered. */
export const PUBLISHED_MS = { synchronous: 1_200, buffered: 720 } as const;

/** A figure over the seeds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Times of one kind, in ms. */
export interface Times {
  readonly mean: Spread;
  readonly p50: Spread;
  readonly p95: Spread;
}

export interface BufferingRow {
  readonly load: number;
  readonly approach: string;
  /** From the event until its handler has returned. */
  readonly handlerMs: Times;
  /** From the event until one of its callbacks was delivered. */
  readonly callbackMs: Times;
  /** From the event until the last of its callbacks was delivered. */
  readonly lastCallbackMs: Times;
}

export interface BufferingResult {
  readonly seeds: number;
  readonly eventsASeed: number;
  readonly rows: readonly BufferingRow[];
}

/** Every approach under each load, with the same events: seeds 1, 2, 3 and so on. */
export async function simulateBuffering(
  seeds: number,
  eventsASeed: number,
  loads: readonly number[] = LOADS,
): Promise<BufferingResult> {
  const rows: BufferingRow[] = [];
  for (const load of loads) {
    for (const approach of APPROACHES) {
      const runs: (readonly HandledEvent[])[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        const handled = await handleEvents(approach, planEvents(seed, load, eventsASeed), seed);
        runs.push(handled.filter(({ atMs }) => atMs >= WARM_UP_MS));
      }
      rows.push({
        load,
        approach: approach.name,
        handlerMs: timesOf(runs, ({ handlerMs }) => [handlerMs]),
        callbackMs: timesOf(runs, ({ callbacksMs }) => callbacksMs),
        lastCallbackMs: timesOf(runs, ({ callbacksMs }) => [Math.max(...callbacksMs)]),
      });
    }
  }
  return { seeds, eventsASeed, rows };
}

function timesOf(runs: readonly (readonly HandledEvent[])[], timesMs: (event: HandledEvent) => readonly number[]): Times {
  const sorted = runs.map((run) => run.flatMap(timesMs).sort(ascending));
  return {
    mean: spreadOf(sorted.map((all) => all.reduce((sum, ms) => sum + ms, 0) / all.length)),
    p50: spreadOf(sorted.map((all) => quantile(all, 0.5))),
    p95: spreadOf(sorted.map((all) => quantile(all, 0.95))),
  };
}

function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted(ascending);
  const wholeMs = (share: number): number => Math.round(quantile(sorted, share));
  return { median: wholeMs(0.5), least: wholeMs(0), most: wholeMs(1) };
}

const ascending = (a: number, b: number): number => a - b;

/** The nearest of what was measured; at least one is. */
const quantile = (sorted: readonly number[], share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
