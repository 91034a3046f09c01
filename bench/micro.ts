import { measure } from 'mitata';
import type { Candidate } from './rounds.ts';

/** Each in an arrow function of its own, the bare call too: mitata's loop then finds the same in all of them. */
export type Calls = Readonly<Record<string, () => unknown>>;

/**
 * mitata's measuring loop, run for a slice of time in each round; the median of its batches is the round's cost. Without mitata's
 * full collection before each slice: it makes V8 throw optimised code away, and the slice would measure how that comes back.
 */
export function microCandidate(name: string, call: () => unknown, sliceMs: number): Candidate {
  const options = { min_cpu_time: sliceMs * 1e6, min_samples: 4, batch_samples: 256, gc: false };
  return {
    name,
    round: async () => {
      // mitata looks at one call to choose its loop, and must not see a cold one.
      for (let warmUp = 0; warmUp < 256; warmUp++) await call();
      return (await measure(call, { ...options })).p50;
    },
  };
}
