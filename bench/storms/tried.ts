/** What other settings than the defaults make of a storm: the table in docs/storms.md. `npm run build && node bench/storms/tried.ts` */
import { type SimulatedPipeline, simulate } from 'ringback/simulation';
import { table } from '../markdown.ts';
import { type Measure, measure, rowResult } from './figures.ts';
import { short } from './page.ts';
import { STORMS, type Storm } from './storms.ts';

const SEEDS = 20;

const TRIED: Readonly<Record<string, readonly SimulatedPipeline[]>> = {
  outage: [
    {},
    { circuitBreaker: { maxOpenMs: 5_000 } },
    { circuitBreaker: { maxOpenMs: 30_000 } },
    { circuitBreaker: { maxOpenMs: 300_000 } },
    { circuitBreaker: { rampUp: [] } },
  ],
  metastable: [{}, { concurrency: { lateDecrease: 0.9 } }, { attemptTimeoutMs: 3_000 }, { circuitBreaker: false }],
  'brown-out': [
    {},
    { concurrency: { lateDecrease: 0.9 } },
    { concurrency: { maxWaiting: 20 } },
    { attemptTimeoutMs: 3_000 },
    { circuitBreaker: false },
  ],
  'changing-capacity': [
    {},
    { concurrency: { lateDecrease: 0.9 } },
    { concurrency: { decrease: 0.5 } },
    { concurrency: { latencyThresholdMs: 2_500 } },
    { concurrency: { initialLimit: 1 } },
    { circuitBreaker: { maxOpenMs: 300_000 } },
    { circuitBreaker: false },
  ],
};

interface Column {
  readonly measure: Measure;
  readonly head: string;
  readonly per: number;
  /** What it is read in; all storms where it is left out. */
  readonly of?: (storm: Storm) => boolean;
}

/** Where more arrives than can be answered at any time, it is asked how near goodput comes to that, and nothing is ever back. */
const isOverloaded = ({ capacities }: Storm): boolean => capacities !== undefined;

const COLUMNS: readonly Column[] = [
  { measure: 'deliveredShare', head: 'delivered, %', per: 1 },
  { measure: 'loadAmplificationWhile', head: 'load amplification while', per: 1 },
  { measure: 'goodputWhile', head: 'goodput while, a second', per: 1 },
  { measure: 'recoveryMs', head: 'recovered after, s', per: 1_000, of: (storm) => !isOverloaded(storm) },
  { measure: 'offCapacity', head: 'off the capacity at most, %', per: 1, of: isOverloaded },
  { measure: 'wastedShare', head: 'wasted work, %', per: 1 },
  { measure: 'fairness', head: "Jain's index", per: 1 },
  { measure: 'latencyP99Ms', head: 'p99, s', per: 1_000 },
];

async function row(storm: Storm, pipeline: SimulatedPipeline): Promise<string[]> {
  const runs = [];
  for (let seed = 1; seed <= SEEDS; seed++) runs.push(measure(await simulate({ ...storm.simulation, seed, pipeline }), storm));
  const { figures } = rowResult('', runs);
  const settings = Object.keys(pipeline).length === 0 ? 'the defaults' : `\`${written(pipeline)}\``;
  const medians = COLUMNS.map(({ measure, per, of }) => {
    if (of?.(storm) === false) return '';
    const { median } = figures[measure];
    return short(median === null ? null : median / per);
  });
  return [storm.id, settings, ...medians];
}

/** As it stands in code. */
function written(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US').replaceAll(',', '_');
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const inside = Object.entries(value).map(([name, inner]) => `${name}: ${written(inner)}`);
  return `{ ${inside.join(', ')} }`;
}

const rows = [['storm', 'settings', ...COLUMNS.map(({ head }) => head)]];
for (const storm of STORMS) {
  for (const pipeline of TRIED[storm.id] ?? []) {
    rows.push(await row(storm, pipeline));
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${rows.length - 1} rows`);
  }
}
console.log(table(rows));
