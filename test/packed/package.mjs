import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runOrThrow } from './process.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The least Node that package.json promises to run on. */
const NODE_22 = '22.19.0';
const INSTALL_TIMEOUT_MS = 300_000;
/** What npm has in its cache is not fetched again. */
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** A new folder outside the project, where nothing of ours can be found by accident; deleted by the function it comes with. */
export async function emptyFolder(name) {
  const folder = await mkdtemp(join(tmpdir(), `ringback-${name}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Packs what `npm publish` would publish, into `folder`. Returns the tarball's path. */
export async function pack(folder) {
  const { stdout } = await runOrThrow('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], { cwd: ROOT });
  // npm 12 prints an object by name where npm 10 prints an array.
  const packed = Object.values(JSON.parse(stdout))[0];
  return join(folder, packed.filename);
}

/**
 * Copies a fixture into `folder` and installs its package.json there, with the tarball as `ringback`, and once more under each of the
 * names in `copies`.
 */
export async function installFixture(fixture, folder, tarball, { copies = [], versions = {} } = {}) {
  await cp(fixture, folder, { recursive: true });
  const manifest = JSON.parse(await readFile(join(fixture, 'package.json'), 'utf8'));
  const ours = Object.fromEntries(['ringback', ...copies].map((name) => [name, `file:${tarball}`]));
  const dependencies = { ...manifest.dependencies, ...ours };
  await installPackages(folder, { ...manifest, dependencies, devDependencies: { ...manifest.devDependencies, ...versions } });
}

/** Writes a package.json and installs it; without install scripts, which nothing here needs. */
export async function installPackages(folder, manifest) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true, ...manifest }, undefined, 2)}\n`);
  await runOrThrow('npm', [...INSTALL, '--ignore-scripts'], { cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS });
}

/**
 * The two Nodes everything runs on: the least one supported, and the one this program runs on.
 *
 * @returns {Promise<{ label: string, path: string }[]>}
 */
export async function nodes() {
  return [await installedNode(NODE_22), { label: `Node ${process.versions.node}`, path: process.execPath }];
}

/**
 * A Node of this version from npm, kept between runs.
 *
 * @returns {Promise<{ label: string, path: string }>}
 */
export async function installedNode(version) {
  const folder = join(ROOT, 'node_modules', '.cache', 'ringback', `node-${version}`);
  const path = join(folder, 'node_modules', 'node', 'bin', 'node');
  if ((await run(path, ['--version'], { cwd: ROOT })).stdout.trim() !== `v${version}`) {
    await mkdir(folder, { recursive: true });
    const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await runOrThrow('npm', INSTALL, { cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS });
  }
  const { stdout } = await runOrThrow(path, ['--version'], { cwd: ROOT });
  return { label: `Node ${stdout.trim().slice(1)}`, path };
}
