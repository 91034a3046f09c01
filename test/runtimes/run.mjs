// `npm run test:runtimes`: one suite against the packed package, on each runtime that is promised; and whether the page about
// runtimes says what works where.
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyFolder, installedNode, installPackages, nodes, pack, ROOT } from '../packed/package.mjs';
import { run } from '../packed/process.mjs';
import { startServer } from './server.mjs';
import { tableOf } from './table.mjs';
import { runOnWorkerd } from './workerd.mjs';

const PAGE = 'docs/runtimes.md';
const RUN_MS = 120_000;
const MAX_SHOWN = 160;
/** The major after the one that everything is built on. */
const NEXT_NODE = '26.10.0';
const HERE = join(ROOT, 'test/runtimes');
/** Optional peers: by them tokens are verified, and mails sent. */
const PEERS = ['jose', 'nodemailer'];

const workspace = await emptyFolder('runtimes');
const server = await startServer();
try {
  const tarball = await pack(workspace.folder);
  await installPackages(workspace.folder, { type: 'module', dependencies: { ringback: `file:${tarball}`, ...(await peers()) } });
  await cp(HERE, workspace.folder, { recursive: true });
  const ends = [];
  for (const runtime of await runtimes()) ends.push(await endOf(runtime));
  const failed = ends.filter(({ report, error }) => error !== undefined || report.failures.length > 0);
  const page = await readFile(join(ROOT, PAGE), 'utf8').catch(() => '');
  const table = tableOf(ends.filter(({ report }) => report !== undefined)).join('\n');
  const isTold = page.includes(table);
  if (failed.length === 0 && !isTold) console.error(`${PAGE} must have this table:\n${table}`);
  console.log(`${ends.length} runtimes, ${failed.length} failed`);
  process.exitCode = failed.length === 0 && isTold ? 0 : 1;
} finally {
  server.close();
  await workspace.remove();
}

/** The optional peers in the versions of this project. */
async function peers() {
  const version = async (name) => JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
  return Object.fromEntries(await Promise.all(PEERS.map(async (name) => [name, await version(name)])));
}

/** What is run, and how: each gives the report of its thin runner. */
async function runtimes() {
  const bin = (name) => join(ROOT, 'node_modules/.bin', name);
  const onCommand = (family, command, args = []) => ({
    family,
    start: () => reportOf(command, [...args, 'main.mjs', server.url]),
  });
  return [
    ...[...(await nodes()), await installedNode(NEXT_NODE)].map(({ path }) => onCommand('Node', path)),
    onCommand('Deno', bin('deno'), ['run', '--allow-all', '--no-check', '--no-prompt']),
    onCommand('Bun', bin('bun'), ['run']),
    { family: 'workerd', start: () => runOnWorkerd(workspace.folder, server.url) },
  ];
}

async function reportOf(command, args) {
  const env = { NODE_OPTIONS: '', NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const { code, stdout, output } = await run(command, args, { cwd: workspace.folder, env, timeoutMs: RUN_MS });
  if (code !== 0) throw new Error(`it ended with ${code}:\n${output.trim()}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Runs the suite on one runtime and prints its line. */
async function endOf({ family, start }) {
  try {
    const report = await start();
    const { version, run: count, failures } = report;
    console.log(`${family} ${version}: ${count - failures.length} passed, ${failures.length} failed`);
    for (const { name, error } of failures) console.error(`  ${name}\n    ${error.replaceAll('\n', '\n    ')}`);
    for (const [promise, { error }] of Object.entries(report.support)) {
      if (error !== undefined) console.log(`  not there: ${promise} (${error.split('\n', 1)[0].slice(0, MAX_SHOWN)})`);
    }
    return { family, report };
  } catch (error) {
    console.error(`${family}: FAILED\n${error.stack}`);
    return { family, error };
  }
}
