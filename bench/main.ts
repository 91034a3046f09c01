/**
 * `npm run bench`: what ringback costs beside what it stands on and what one would use instead. Prints and writes
 * bench/results/latest.json. `--check` ends with 1 where a target fails, `--quick` only shows that it runs, `--docs` writes
 * docs/benchmarks.md and bench/results/published.json, `--only no-op,http` measures some topics and checks nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Measurements, TOPICS, type Topic, type TopicFigures } from './figures.ts';
import { type BenchResult, intoPage, renderResult } from './report.ts';
import { runSection } from './section.ts';
import { checkTargets } from './targets.ts';

const SECTIONS: readonly { readonly topic: Topic; readonly file: string }[] = [
  { topic: 'no-op', file: './policies.ts' },
  { topic: 'signal', file: './policies.ts' },
  { topic: 'refusal', file: './policies.ts' },
  { topic: 'signing', file: './signing.ts' },
  { topic: 'verifying', file: './signing.ts' },
  { topic: 'http', file: './http.ts' },
  { topic: 'destinations', file: './destinations.ts' },
];

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const size = flags.quick ? 'quick' : 'full';
const only = flags.only?.split(',');
for (const topic of only ?? [])
  if (!TOPICS.includes(topic as Topic)) throw new Error(`--only knows ${TOPICS.join(', ')}, not ${topic}`);
if (only !== undefined && (flags.check || flags.docs))
  throw new Error('--only leaves topics out, so it goes with neither --check nor --docs');

const here = (path: string): URL => new URL(path, import.meta.url);

async function measureAll(): Promise<Measurements> {
  const measurements: Partial<Record<Topic, TopicFigures>> = {};
  for (const { topic, file } of SECTIONS) {
    if (only !== undefined && !only.includes(topic)) continue;
    Object.assign(measurements, await runSection(file, topic, size, (text) => progress(topic, text)));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return measurements;
}

/** One line that moves on a terminal; elsewhere a line now and then. */
let toldAtMs = 0;
function progress(topic: Topic, text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${topic}: ${text}`);
  else if (Date.now() - toldAtMs >= 5_000) {
    toldAtMs = Date.now();
    process.stderr.write(`${topic}: ${text}\n`);
  }
}

function write(path: string | URL, result: BenchResult): void {
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

const measurements = await measureAll();
const result: BenchResult = {
  ranOn: new Date().toISOString().slice(0, 10),
  size,
  node: process.version.slice(1),
  machine: `${process.platform} ${process.arch}, ${availableParallelism()} cores`,
  measurements,
  targets: only === undefined ? checkTargets(measurements) : [],
};
console.log(renderResult(result));
mkdirSync(here('./results/'), { recursive: true });
write(flags.out ?? here('./results/latest.json'), result);
if (flags.docs) {
  write(here('./results/published.json'), result);
  const page = here('../docs/benchmarks.md');
  writeFileSync(page, intoPage(readFileSync(page, 'utf8'), result));
}
if (flags.check) {
  const missed = result.targets.filter(({ passed }) => !passed);
  for (const { id, text, bound, limit, unit, figure } of missed) {
    console.error(`missed ${id}: ${text} is ${figure} ${unit}, and must be ${bound} ${limit} ${unit}`);
  }
  if (missed.length > 0) process.exitCode = 1;
}
