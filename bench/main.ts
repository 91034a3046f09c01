/**
 * `npm run bench`: what ringback costs beside what it stands on and what one would use instead. Prints and writes
 * bench/results/latest.json. `--check` ends with 1 where a target fails, `--quick` only shows that it runs, `--docs` writes
 * docs/benchmarks.md, its pictures and bench/results/published.json, `--only no-op,http` measures some topics and checks nothing.
 * `--redraw` measures nothing: it writes page and pictures anew from what was published, where words or targets have changed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measurements, TopicFigures } from './figures.ts';
import { drawTopic } from './pictures.ts';
import { type BenchResult, intoPage, measuredIn, pictureOf, renderResult } from './report.ts';
import { runSection } from './section.ts';
import { checkTargets } from './targets.ts';
import { TOPIC_NAMES, TOPICS, type Topic } from './topics.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    redraw: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const size = flags.quick ? 'quick' : 'full';
const only = flags.only?.split(',');
for (const topic of only ?? [])
  if (!TOPIC_NAMES.includes(topic as Topic)) throw new Error(`--only knows ${TOPIC_NAMES.join(', ')}, not ${topic}`);
if (only !== undefined && (flags.check || flags.docs))
  throw new Error('--only leaves topics out, so it goes with neither --check nor --docs');

const here = (path: string): URL => new URL(path, import.meta.url);

async function measureAll(): Promise<Measurements> {
  const measurements: Partial<Record<Topic, TopicFigures>> = {};
  for (const topic of TOPIC_NAMES) {
    if (only !== undefined && !only.includes(topic)) continue;
    measurements[topic] = await runSection(topic, size, (text) => progress(topic, text));
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

/** Page, pictures and the published JSON, of one result. */
function publish(result: BenchResult): void {
  write(here('./results/published.json'), result);
  const page = here('../docs/benchmarks.md');
  writeFileSync(page, intoPage(readFileSync(page, 'utf8'), result));
  for (const [topic, figures] of measuredIn(result.measurements)) {
    writeFileSync(here(`../docs/${pictureOf(topic)}`), drawTopic(TOPICS[topic].title, figures));
  }
}

async function run(): Promise<void> {
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
  if (flags.docs) publish(result);
  if (!flags.check) return;
  const missed = result.targets.filter(({ passed }) => !passed);
  for (const { id, text, bound, limit, unit, figure } of missed) {
    console.error(`missed ${id}: ${text} is ${figure} ${unit}, and must be ${bound} ${limit} ${unit}`);
  }
  if (missed.length > 0) process.exitCode = 1;
}

if (flags.redraw) {
  const published = JSON.parse(readFileSync(here('./results/published.json'), 'utf8')) as BenchResult;
  publish({ ...published, targets: checkTargets(published.measurements) });
} else await run();
