// `npm run mutate [-- folder …] [--one-in=n] [--static] [--force]`: Stryker changes one thing in `src/` at a time, and the tests of its folder should
// notice. Prints each change that they did not, then the scores; fails where one is below 85 %. Results are kept in `reports/`, and
// what no edit has touched is not run again, unless `--force` says so.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { PASSING, reportOf, STRYKER } from './settings.mjs';

/** The biggest last. */
const FOLDERS = [
  'idempotency',
  'outbox',
  'policies/breaker-rules',
  'policies/circuit-breaker',
  'policies',
  'policies/pipeline',
  'signing/jwt',
  'signing/http-message-signatures',
  'signing',
];

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = asked.filter((name) => !FOLDERS.includes(name));
if (unknown.length > 0) throw new Error(`no such folder: ${unknown.join(', ')}; there are ${FOLDERS.join(', ')}`);
const folders = FOLDERS.filter((name) => asked.length === 0 || asked.some((part) => `${name}/`.startsWith(`${part}/`)));

// It takes both cores for minutes: whatever else is to be done comes first.
setPriority(15);
const oneIn = flags.find((flag) => flag.startsWith('--one-in='))?.slice('--one-in='.length);
const env = {
  ...process.env,
  ...(oneIn !== undefined && { MUTATED_LINES_ONE_IN: oneIn }),
  ...(flags.includes('--static') && { MUTATE_STATIC: 'true' }),
};
const rows = folders.map((folder) => {
  const report = `${reportOf(folder)}.json`;
  rmSync(report, { force: true });
  const args = [STRYKER, 'run', 'test/mutation/stryker.config.mjs', ...(flags.includes('--force') ? ['--force'] : [])];
  spawnSync(process.execPath, args, { env: { ...env, MUTATED_FOLDER: folder }, stdio: 'inherit' });
  // Without a report the tests failed before anything was changed; Stryker has said how.
  return { folder, counts: existsSync(report) ? countsIn(report) : undefined };
});

/** How many changes came to what, by Stryker's names of it; of those left out, the static ones apart from the others. */
function countsIn(report) {
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  return Object.fromEntries(
    Object.entries(Object.groupBy(mutants, ({ status }) => status)).map(([name, of]) => [name, of.length]),
  );
}

function line(name, counts) {
  const { Killed = 0, Timeout = 0, Survived = 0, NoCoverage = 0, Static = 0, Ignored = 0 } = counts;
  const noticed = Killed + Timeout;
  const all = noticed + Survived + NoCoverage;
  const score = (100 * noticed) / all;
  if (score < PASSING) process.exitCode = 1;
  const cells = [all, Killed, Timeout, Survived, NoCoverage, Static, Ignored].map((count) => String(count).padStart(11));
  return `${name.padEnd(34)}${score.toFixed(1).padStart(7)}${cells.join('')}`;
}

const head = ['changes', 'failed', 'timed out', 'survived', 'not run', 'static', 'left out']
  .map((name) => name.padStart(11))
  .join('');
console.log(`\n${'folder of src/'.padEnd(34)}${'score'.padStart(7)}${head}`);
for (const { folder, counts } of rows) {
  if (counts === undefined) process.exitCode = 1;
  console.log(counts === undefined ? `${folder.padEnd(34)} no result` : line(folder, counts));
}
