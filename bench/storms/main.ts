/**
 * `npm run storms`: receivers fall, and ways to send callbacks beside one another, in virtual time. Prints and writes
 * bench/results/storms-latest.json. `--check` ends with 1 where a target fails; `--quick` takes two seeds, `--seeds n` so many;
 * `--only outage,herd` runs some; `--docs` writes docs/storms.md with its pictures and bench/results/storms.json, and with `--only` keeps what
 * stands there of the others, as a run comes out the same whenever it is made. `--out` names another file.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { StormResult } from './figures.ts';
import { intoPage, renderStorms, type StormsResult } from './page.ts';
import { draw, picturePath } from './pictures.ts';
import { runStorm } from './storm.ts';
import { STORMS } from './storms.ts';
import { checkTargets } from './targets.ts';

const SEEDS = 20;
const QUICK_SEEDS = 2;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    only: { type: 'string' },
    check: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const seeds = flags.seeds === undefined ? (flags.quick ? QUICK_SEEDS : SEEDS) : Number(flags.seeds);
if (!(Number.isInteger(seeds) && seeds >= 1)) throw new Error(`--seeds must be an integer from 1, not ${flags.seeds}`);
if (flags.docs && seeds < SEEDS) throw new Error(`--docs takes ${SEEDS} seeds or more: fewer say too little to be shown`);
const only = flags.only?.split(',');
const ids = STORMS.map(({ id }) => id);
for (const id of only ?? []) if (!ids.includes(id)) throw new Error(`--only knows ${ids.join(', ')}, not ${id}`);

const here = (path: string): URL => new URL(path, import.meta.url);
const write = (path: string | URL, result: StormsResult): void => writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);

/** One line that moves on a terminal; elsewhere nothing. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

const storms: StormResult[] = [];
for (const storm of STORMS) {
  if (only !== undefined && !only.includes(storm.id)) continue;
  storms.push(await runStorm(storm, seeds, (text) => progress(`${storm.id}: ${text}`)));
}
progress('');
console.log(renderStorms({ storms }));
mkdirSync(here('../results/'), { recursive: true });
write(flags.out ?? here('../results/storms-latest.json'), { storms });

if (flags.docs) {
  const published = here('../results/storms.json');
  const before = only === undefined ? [] : (JSON.parse(readFileSync(published, 'utf8')) as StormsResult).storms;
  const all = ids.flatMap((id) => storms.find((storm) => storm.id === id) ?? before.find((storm) => storm.id === id) ?? []);
  write(published, { storms: all });
  for (const storm of STORMS) {
    const picture = storms.some(({ id }) => id === storm.id) ? await draw(storm) : undefined;
    if (picture !== undefined) writeFileSync(here(`../../docs/${picturePath(storm.id)}`), picture);
  }
  const page = here('../../docs/storms.md');
  writeFileSync(page, intoPage(readFileSync(page, 'utf8'), { storms: all }));
}
if (flags.check) {
  const missed = checkTargets(storms).filter(({ holds }) => !holds);
  for (const { storm, text, bound, limit, unit, figure } of missed) {
    console.error(`missed in ${storm}: ${text} is ${figure ?? 'never'} ${unit}, and must be ${bound} ${limit} ${unit}`);
  }
  if (missed.length > 0) process.exitCode = 1;
}
