/** What each subpath weighs once it is bundled, and how long a fresh process takes to import it. A section of the benchmark. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Candidate } from './candidate.ts';
import { BUNDLE, BUNDLE_WITH_DEPENDENCIES, type Measure } from './figures.ts';
import { type Plan, section } from './section.ts';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const MINIFIED: Measure = { name: 'minified', unit: 'KB minified, without dependencies', better: 'less' };
const IMPORT: Measure = { name: 'import', unit: 'ms to import in a fresh process', better: 'less' };

const root = fileURLToPath(new URL('..', import.meta.url));
const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(`${root}${folder}package.json`, 'utf8'));

/** As a bundler takes it in: minified, and compressed as a server or a registry of functions would. */
async function bundled(
  program: string,
  external: readonly string[],
): Promise<{ readonly plainKb: number; readonly brotliKb: number }> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: [...external],
    write: false,
    logLevel: 'error',
  });
  const bytes = outputFiles[0]?.contents as Uint8Array;
  return { plainKb: bytes.length / 1_024, brotliKb: brotliCompressSync(bytes).length / 1_024 };
}

/** Of the import alone: what Node takes to start is not in it. */
async function importMs(specifier: string): Promise<number> {
  const program = `const startedAtMs = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - startedAtMs)`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
  return Number(stdout);
}

/** All of it, or what is left of it where a bundler drops all but some exports. */
async function weighed(
  specifier: string,
  { dependencies = {}, peerDependencies = {} }: Manifest,
  exported = '*',
): Promise<Candidate> {
  const optional = Object.keys(peerDependencies);
  const program = `export ${exported} from ${JSON.stringify(specifier)}`;
  const own = await bundled(program, [...Object.keys(dependencies), ...optional]);
  const whole = await bundled(program, optional);
  const once = {
    [BUNDLE.name]: own.brotliKb,
    [BUNDLE_WITH_DEPENDENCIES.name]: whole.brotliKb,
    [MINIFIED.name]: own.plainKb,
  };
  return { once, round: async () => ({ sample: { [IMPORT.name]: await importMs(specifier) } }) };
}

const ringback = manifestIn('');
const subpaths = Object.entries(ringback.exports).flatMap(([key, target]) =>
  typeof target === 'string' ? [] : [`${ringback.name}${key.slice(1)}`],
);
const peers = ['cockatiel', 'opossum', 'undici', 'bullmq'];
const bundles: Plan = {
  measures: [BUNDLE, BUNDLE_WITH_DEPENDENCIES, MINIFIED, IMPORT],
  candidates: Object.fromEntries([
    ...subpaths.slice(0, 1).map((specifier) => [specifier, () => weighed(specifier, ringback)] as const),
    ...['createRingback', 'resiliencePipeline'].map(
      (name) => [`ringback, ${name} alone`, () => weighed('ringback', ringback, `{ ${name} }`)] as const,
    ),
    ...subpaths.slice(1).map((specifier) => [specifier, () => weighed(specifier, ringback)] as const),
    ...peers.map((name) => [name, () => weighed(name, manifestIn(`node_modules/${name}/`))] as const),
  ]),
  rounds: ({ rounds }) => Math.ceil(rounds / 8),
};

await section({ bundles });
