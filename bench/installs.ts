/** How many packages npm installs for one, and how much disk they take. A section of the benchmark. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MEGABYTES, type Measure, PACKAGES } from './figures.ts';
import { type Plan, section } from './section.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

/** Where Node finds a dependency of the package in that folder. */
function folderOf(dependency: string, from: string): string {
  for (let folder = from; folder.length >= root.length - 1; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const found = `${folder}/node_modules/${dependency}`;
    if (existsSync(`${found}/package.json`)) return found;
  }
  throw new Error(`${dependency} is not installed for ${from}`);
}

/** The folder and those of all that it depends on; optional dependencies and peers are left out. */
function closure(folder: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(folder)) return seen;
  seen.add(folder);
  for (const dependency of Object.keys(manifestOf(folder).dependencies ?? {})) closure(folderOf(dependency, folder), seen);
  return seen;
}

/** Its own files, without packages that are nested in it. */
function bytesIn(folder: string): number {
  const sizes = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    if (entry.name === 'node_modules') return 0;
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? bytesIn(path) : statSync(path).size;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Of ringback itself what is packed counts, not what lies in this folder. */
function packedBytes(): number {
  const [{ unpackedSize }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
  );
  return unpackedSize;
}

function installed(folders: ReadonlySet<string>, ownBytes: (folder: string) => number) {
  const bytes = [...folders].reduce((sum, folder) => sum + ownBytes(folder), 0);
  return { once: { [MEGABYTES.name]: bytes / 1e6, [PACKAGES.name]: folders.size } };
}

const own = root.slice(0, -1);
const peer = (name: string) => () => installed(closure(folderOf(name, own)), bytesIn);
const measures: readonly [Measure, Measure] = [MEGABYTES, PACKAGES];
const installs: Plan = {
  measures,
  candidates: {
    ringback: () => installed(closure(own), (folder) => (folder === own ? packedBytes() : bytesIn(folder))),
    ...Object.fromEntries(
      ['cockatiel', 'opossum', 'p-queue', 'undici', 'got', 'axios', 'bullmq'].map((name) => [name, peer(name)]),
    ),
  },
  rounds: () => 0,
};

await section({ installs });
