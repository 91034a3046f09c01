// `npm run test:docs [part of a path …]`: every block of the documentation, run in an empty folder against the packed tarball.
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { emptyFolder, installPackages, nodes, pack, ROOT } from '../packed/package.mjs';
import { inParallel, run } from '../packed/process.mjs';
import { serviceUrl } from '../services.ts';
import { blocksOf, brokenPromise, deadLinks, pages, promisedLines } from './blocks.mjs';

// A busy machine takes three times as long for the longest; what hangs is found out all the same.
const RUN_TIMEOUT_MS = 60_000;
const TYPECHECK_TIMEOUT_MS = 120_000;
const BLOCKS_AT_ONCE = 2;
const MAX_SHOWN_LINES = 15;

/** Strict, and without anything that Node's own type stripping could not take away. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    moduleDetection: 'force',
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['blocks/*.ts'],
};

/** A block that reads one of these needs that database; where none answers, it is not run, and the table says so. */
const DATABASES = { REDIS_URL: 'redis', POSTGRES_URL: 'postgres' };
/** What a block may need without importing it: ringback's optional peers. */
const PEERS = ['jose', 'nodemailer', '@aws-sdk/client-sns'];

const wanted = process.argv.slice(2);
const files = (await pages(ROOT)).filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
const blocks = (await Promise.all(files.map((file) => blocksOf(ROOT, file)))).flat().map((block, index) => ({
  ...block,
  path: `blocks/${String(index + 1).padStart(3, '0')}${block.isTest ? '.test' : ''}.${block.extension}`,
}));

const databases = await answeringDatabases();
const workspace = await emptyFolder('docs');
try {
  const [tarball, versions] = await Promise.all([pack(workspace.folder), nodes()]);
  await prepare(workspace.folder, tarball);
  const wrongTypes = await typecheck(workspace.folder);
  const rows = await inParallel(blocks, BLOCKS_AT_ONCE, async (block) => {
    const results = [];
    for (const node of versions) results.push(await runBlock(block, node));
    return { block, results, types: wrongTypes.get(block.path) ?? [] };
  });
  printTable(rows, versions);
  const dead = await findDeadLinks();
  const failed = rows.filter(({ results, types }) => types.length > 0 || results.some(({ wrong }) => wrong !== undefined));
  for (const row of failed) printFailure(row, versions);
  for (const line of dead) console.error(line);
  console.log(`\n${rows.length} blocks, ${failed.length} failed; ${dead.length} dead links`);
  process.exitCode = failed.length + dead.length === 0 ? 0 : 1;
} finally {
  await workspace.remove();
}

/** Installs the tarball and the packages that the blocks import, in the versions of this project; writes each block as a file. */
async function prepare(folder, tarball) {
  const dependencies = { ringback: `file:${tarball}` };
  for (const name of ['typescript', '@types/node', ...PEERS, ...new Set(blocks.flatMap(({ code }) => importedPackages(code)))]) {
    if (name === 'ringback') continue;
    const manifest = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8').catch(() => '{}'));
    if (manifest.version === undefined) throw new Error(`a block imports ${name}, which is not installed in this project`);
    dependencies[name] = manifest.version;
    const types = await readFile(join(ROOT, 'node_modules/@types', name, 'package.json'), 'utf8').catch(() => undefined);
    if (types !== undefined) dependencies[`@types/${name}`] = JSON.parse(types).version;
  }
  await installPackages(folder, { type: 'module', dependencies });
  await mkdir(join(folder, 'blocks'));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const { path, code } of blocks) await writeFile(join(folder, path), `${code}\n`);
}

function importedPackages(code) {
  const specifiers = [...code.matchAll(/(?:\bfrom\s+|(?<!['"])\bimport\s*\(?\s*|\brequire\s*\(\s*)['"]([^'"\n]+)['"]/g)].map(
    ([, specifier]) => specifier,
  );
  return specifiers
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:') && !builtinModules.includes(specifier))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
}

/** All TypeScript blocks in one go. The errors by the path of the block. */
async function typecheck(folder) {
  const errors = new Map();
  if (!blocks.some(({ extension }) => extension === 'ts')) return errors;
  const tsc = ['node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false'];
  const { code, output } = await run(process.execPath, tsc, { cwd: folder, timeoutMs: TYPECHECK_TIMEOUT_MS });
  for (const [, path, line, message] of output.matchAll(/^(blocks\/[^(]+)\((\d+),\d+\): (.*)$/gm)) {
    const block = blocks.find((one) => one.path === path);
    errors.set(path, [...(errors.get(path) ?? []), `${block.file}:${block.line + Number(line)}: ${message}`]);
  }
  if (code !== 0 && errors.size === 0) throw new Error(`tsc ended with ${code}:\n${output}`);
  return errors;
}

/** The URLs of the databases that the blocks need and that answer, by the variable that blocks read. */
async function answeringDatabases() {
  const urls = {};
  for (const [variable, service] of Object.entries(DATABASES)) {
    if (!blocks.some(({ code }) => code.includes(variable))) continue;
    const url = await serviceUrl(service);
    if (url !== undefined) urls[variable] = url;
  }
  return urls;
}

async function runBlock({ path, code, runs, isTest }, node) {
  if (!runs) return { shown: 'not run' };
  const missing = Object.keys(DATABASES).find((variable) => code.includes(variable) && databases[variable] === undefined);
  if (missing !== undefined) return { shown: `NOT RUN: no ${DATABASES[missing]}` };
  const args = isTest ? ['node_modules/vitest/vitest.mjs', 'run', path] : [path];
  const startedAtMs = performance.now();
  const options = { cwd: workspace.folder, env: { ...databases, NODE_OPTIONS: '', NO_COLOR: '1' }, timeoutMs: RUN_TIMEOUT_MS };
  const result = await run(node.path, args, options);
  const broken = result.code === 0 ? brokenPromise(promisedLines(code), result.stdout) : undefined;
  const wrong = result.code !== 0 ? `it ended with ${result.code}` : broken && `it should print ${JSON.stringify(broken)}`;
  if (wrong !== undefined) return { shown: 'FAILED', wrong, output: result.output.trim() };
  return { shown: `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s` };
}

async function findDeadLinks() {
  const exists = (path) =>
    access(path).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(files.map(async (file) => [file, await deadLinks(ROOT, file, exists)]));
  return found.flatMap(([file, targets]) => targets.map((target) => `${file}: the link to ${target} is dead`));
}

function printTable(rows, versions) {
  const cells = rows.map(({ block, results, types }) => [
    `${block.file}:${block.line}`,
    block.title.slice(0, 50),
    block.extension !== 'ts' ? '' : types.length === 0 ? 'ok' : 'FAILED',
    ...results.map(({ shown }) => shown),
  ]);
  const table = [['block', 'about', 'types', ...versions.map(({ label }) => label)], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}

function printFailure({ block, results, types }, versions) {
  console.error(`\n${block.file}:${block.line}: ${block.title}`);
  for (const message of types) console.error(`  ${message}`);
  results.forEach(({ wrong, output }, index) => {
    if (wrong !== undefined)
      console.error(
        `  ${versions[index].label}: ${wrong}\n${output
          .split('\n', MAX_SHOWN_LINES)
          .map((line) => `    ${line}`)
          .join('\n')}`,
      );
  });
}
