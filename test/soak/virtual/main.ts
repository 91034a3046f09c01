/**
 * `npm run soak:virtual`: a month of a busy service in virtual time, with every fault on, and the account of each callback at its
 * end. Prints a table, and ends with 1 where a line of it does not hold.
 *
 * `-- [--attempts 10000000] [--days 30] [--destinations 10000] [--seed 1] [--sabotage loss|leak|listener] [--docs]`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writtenBetween } from '../../../bench/markdown.ts';
import { linesOf, renderVirtualSoak } from './report.ts';
import { SABOTAGES, type Sabotage } from './sabotage.ts';
import { virtualSoak } from './soak.ts';

const { values: flags } = parseArgs({
  options: {
    attempts: { type: 'string', default: '10000000' },
    days: { type: 'string', default: '30' },
    destinations: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    sabotage: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});

function integer(name: 'attempts' | 'days' | 'destinations' | 'seed', least: number, most: number): number {
  const value = Number(flags[name]);
  if (!Number.isInteger(value) || value < least || value > most) {
    console.error(`--${name} must be an integer from ${least} to ${most}, not ${flags[name]}`);
    process.exit(2);
  }
  return value;
}

const sabotage = SABOTAGES.find((kind) => kind === flags.sabotage);
if (flags.sabotage !== undefined && sabotage === undefined) {
  console.error(`--sabotage knows ${SABOTAGES.join(', ')}, not ${flags.sabotage}`);
  process.exit(2);
}
const settings: Parameters<typeof virtualSoak>[0] = {
  attempts: integer('attempts', 1_000, 100_000_000),
  days: integer('days', 3, 1_000),
  destinations: integer('destinations', 10, 1_000_000),
  seed: integer('seed', 0, Number.MAX_SAFE_INTEGER),
  sabotage: sabotage satisfies Sabotage | undefined,
};

const startedMs = performance.now();
const seconds = (): string => ((performance.now() - startedMs) / 1_000).toFixed(0);

/** One line that moves on a terminal; elsewhere one a virtual day. */
const result = await virtualSoak(settings, ({ day, attempts, waiting }) => {
  const text = `day ${day} of ${settings.days}: ${attempts.toLocaleString('en-US')} attempts, ${waiting} waiting, after ${seconds()} s`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (Number.isInteger(day)) process.stderr.write(`${text}\n`);
});
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');

const printed = renderVirtualSoak(result);
const holds = linesOf(result).every((line) => line.holds);
const { user, system } = process.cpuUsage();
const cpu = ((user + system) / 1e6).toFixed(0);
console.log(
  `${printed}\n\n${holds ? 'every line holds' : 'the account does not hold'}, after ${seconds()} s, ${cpu} s of them on the CPU`,
);
if (flags.docs) {
  const page = new URL('../../../docs/endurance.md', import.meta.url);
  writeFileSync(page, writtenBetween(readFileSync(page, 'utf8'), '<!-- written by npm run soak:virtual -- --docs -->', printed));
}
if (!holds) process.exitCode = 1;
