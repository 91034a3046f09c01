import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const COMPATIBILITY_DATE = '2026-07-01';
const MAX_OUTPUT = 20_000;

/** What a Worker's bundler does for packages that call `require` for the modules of Node that workerd has. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire('/');";

/** Bundles the worker, runs it in workerd, and gives what it answered. */
export async function runOnWorkerd(folder, url) {
  const outdir = join(folder, 'bundle');
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'worker.mjs')],
    bundle: true,
    // A part that can't be loaded must not keep the others from it.
    splitting: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    // The modules of Node are workerd's own; the client of SNS is not installed.
    platform: 'node',
    external: ['@aws-sdk/client-sns'],
    banner: { js: REQUIRE },
    outdir,
    write: false,
    logLevel: 'silent',
  });
  const modules = outputFiles.map(({ path, text }) => ({ type: 'ESModule', path, contents: text }));
  // The worker itself comes first.
  modules.sort((one, other) => Number(other.path.endsWith('worker.js')) - Number(one.path.endsWith('worker.js')));
  let output = '';
  const miniflare = new Miniflare({
    modules,
    modulesRoot: outdir,
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ['nodejs_compat'],
    bindings: { RECEIVER_URL: url },
    // What a worker writes is only of interest where it fails: undici's debug lines are always on there.
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.on('data', (chunk) => (output = (output + chunk).slice(-MAX_OUTPUT)));
    },
  });
  try {
    const response = await miniflare.dispatchFetch('http://worker/');
    if (response.status !== 200) throw new Error(`${await response.text()}\n${output}`);
    return { version: await workerdVersion(), ...(await response.json()) };
  } finally {
    await miniflare.dispose();
  }
}

async function workerdVersion() {
  const path = createRequire(createRequire(import.meta.url).resolve('miniflare')).resolve('workerd/package.json');
  return JSON.parse(await readFile(path, 'utf8')).version;
}
