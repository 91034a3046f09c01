import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is alive at one moment, after everything that could go has gone. */
export interface HeapSample {
  readonly day: number;
  readonly attempts: number;
  readonly waiting: number;
  readonly deadLetters: number;
  /** Objects, and the bytes of buffers beside them. */
  readonly liveBytes: number;
}

/** How the last third of the samples stands to the third before it. The first is warm-up. */
export interface HeapTrend {
  readonly middleBytes: number;
  readonly lastBytes: number;
  readonly growth: number;
}

/** A last third that is no more than this above the middle one is flat. */
export const MOST_GROWTH = 0.05;

/** Twice, as what finalizers let go is garbage only then. Needs `node --expose-gc`. */
export async function liveBytes(): Promise<number> {
  if (globalThis.gc === undefined)
    throw new Error('start it with node --expose-gc, or by npm run soak: without, no heap can be measured');
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** By medians, so that one sample in an outage does not decide. */
export function trendOf(samples: readonly HeapSample[]): HeapTrend {
  const third = Math.floor(samples.length / 3);
  const middleBytes = medianOf(samples.slice(-2 * third, -third));
  const lastBytes = medianOf(samples.slice(-third));
  return { middleBytes, lastBytes, growth: lastBytes / middleBytes - 1 };
}

function medianOf(samples: readonly HeapSample[]): number {
  const sorted = samples.map(({ liveBytes }) => liveBytes).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
