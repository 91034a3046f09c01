import { toSvg } from 'ringback/simulation';
import { COCKATIEL, ENQUEUED, NAIVE, NO_RETRIES, RINGBACK, ROWS } from './clients.ts';
import { runOnce } from './storm.ts';
import type { Storm } from './storms.ts';

/** The storms that are drawn, and by which rows: more lines than these hide one another. */
const DRAWN: Readonly<Record<string, readonly string[]>> = {
  outage: [NAIVE, COCKATIEL, RINGBACK, ENQUEUED],
  metastable: [NAIVE, COCKATIEL, RINGBACK, ENQUEUED],
  'brown-out': [NAIVE, COCKATIEL, RINGBACK, ENQUEUED],
  'changing-capacity': [NO_RETRIES, COCKATIEL, RINGBACK, ENQUEUED],
};

/** One seed: the tables have the spread, and the mean of several runs would draw what happened in none of them. */
const SEED = 1;
const BUCKET_MS = 2_000;

export const isDrawn = (id: string): boolean => id in DRAWN;

/** Where the picture of a storm stands, from the page's folder. */
export const picturePath = (id: string): string => `pictures/storm-${id}.svg`;

/** Draws a storm until its arrivals end; undefined for one that is not drawn. */
export async function draw(storm: Storm): Promise<string | undefined> {
  const names = DRAWN[storm.id];
  if (names === undefined) return undefined;
  const simulation = { ...storm.simulation, durationMs: storm.arrivalsEndMs, bucketMs: BUCKET_MS };
  const runs = [];
  for (const row of ROWS.filter(({ name }) => names.includes(name))) {
    runs.push({ name: row.name.replaceAll('`', ''), result: await runOnce({ ...storm, simulation }, row, SEED) });
  }
  return toSvg(runs);
}
