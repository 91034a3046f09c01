import { measure } from 'mitata';
import { ALLOCATED, NS_A_CALL } from './figures.ts';
import type { Plan } from './section.ts';

/** Makes what is called again and again: an arrow function, the bare call too, so that mitata's loop finds the same in all. */
export type CallMaker = () => (() => unknown) | Promise<() => unknown>;

/**
 * A plan of mitata's measuring loop, run for a slice of time in each round; the median of its batches is the round's time. Without
 * mitata's full collection before each slice: it makes V8 throw optimised code away, and the slice would measure how that comes back.
 * Of memory it tells what a call allocates: what is resident at most is mostly mitata's own samples.
 */
export function microPlan(makers: Readonly<Record<string, CallMaker>>): Plan {
  const candidates = Object.entries(makers).map(([name, make]): [string, Plan['candidates'][string]] => [
    name,
    async ({ size }) => {
      const call = await make();
      return { round: () => measureSlice(call, size.sliceMs), end: () => measureAllocation(call) };
    },
  ]);
  return { measures: [NS_A_CALL, ALLOCATED], candidates: Object.fromEntries(candidates) };
}

async function measureSlice(call: () => unknown, sliceMs: number) {
  // mitata looks at one call to choose its loop, and must not see a cold one.
  for (let warmUp = 0; warmUp < 256; warmUp++) await call();
  const { p50 } = await measure(call, { min_cpu_time: sliceMs * 1e6, min_samples: 4, batch_samples: 256, gc: false });
  return { sample: { [NS_A_CALL.name]: p50 } };
}

/** At the end, as V8 has by then optimised away what it can. So few calls that no collection falls between them. */
async function measureAllocation(call: () => unknown) {
  const calls = 200;
  for (let warmUp = 0; warmUp < calls; warmUp++) await call();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let left = calls; left > 0; left--) await call();
  return { [ALLOCATED.name]: (process.memoryUsage().heapUsed - before) / calls };
}
