import { type SimulationResult, simulate } from 'ringback/simulation';
import { ROWS, type Row } from './clients.ts';
import { measure, rowResult, type StormResult } from './figures.ts';
import type { Storm } from './storms.ts';
import { onVirtualGlobals } from './virtual-globals.ts';

/** Runs a storm for every row, each with the same seeds. */
export async function runStorm(storm: Storm, seeds: number, progress: (text: string) => void): Promise<StormResult> {
  const rows = [];
  for (const row of ROWS) {
    if (storm.without?.includes(row.name)) continue;
    const runs = [];
    for (let seed = 1; seed <= seeds; seed++) {
      progress(`${row.name}, seed ${seed} of ${seeds}`);
      runs.push(measure(await runOnce(storm, row, seed), storm));
    }
    rows.push(rowResult(row.name, runs));
  }
  return { id: storm.id, seeds, rows };
}

/** One run of one row: the same seed gives the same result. */
export function runOnce({ simulation }: Storm, row: Row, seed: number): Promise<SimulationResult> {
  const pipeline = row.pipeline();
  if (!row.onGlobals || typeof pipeline !== 'function') return simulate({ ...simulation, seed, pipeline });
  return onVirtualGlobals(seed, pipeline, (onVirtual) => simulate({ ...simulation, seed, pipeline: onVirtual }));
}
