/**
 * `npm run reproduce`: two published results, theirs beside ours. Prints and writes bench/results/reproductions-latest.json, and
 * ends with 1 where a figure of the jitter simulation is not within 10 % of the published one. `--quick` only shows that it runs,
 * and checks nothing; `--docs` writes docs/published-results.md and bench/results/reproductions.json; `--out` names another file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LOADS, simulateBuffering } from './buffering.ts';
import { CLIENTS, missedCells, simulateJitter } from './jitter-simulation.ts';
import { intoPage, type Reproductions, renderBuffering, renderJitter } from './page.ts';

const SEED = 1;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
if (flags.quick && flags.docs) throw new Error('--quick gives figures that are worth nothing, so it does not go with --docs');

const size = flags.quick
  ? { runs: 20, clients: [10, 50], seeds: 3, events: 300, loads: [0.3, 0.9] }
  : { runs: 100, clients: CLIENTS, seeds: 20, events: 400, loads: LOADS };
const here = (path: string): URL => new URL(path, import.meta.url);
const write = (path: string | URL, result: Reproductions): void => writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);

const jitter = simulateJitter(SEED, size.runs, size.clients);
console.log(`**The jitter simulation of the AWS architecture blog**\n\n${renderJitter(jitter)}\n`);
const buffering = await simulateBuffering(size.seeds, size.events, size.loads);
console.log(`**The case study: callbacks in line, and buffered**\n\n${renderBuffering(buffering)}`);

write(flags.out ?? here('../results/reproductions-latest.json'), { jitter, buffering });
if (flags.docs) {
  write(here('../results/reproductions.json'), { jitter, buffering });
  const page = here('../../docs/published-results.md');
  writeFileSync(page, intoPage(readFileSync(page, 'utf8'), { jitter, buffering }));
}
if (!flags.quick && missedCells(jitter).length > 0) process.exitCode = 1;
