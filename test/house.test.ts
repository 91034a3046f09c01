import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ROOMS, roomOf } from './house/rooms.js';
import {
  coreImportsNoAdapter,
  fetchNeedsNoNode,
  filesAreShort,
  importsStayInTheTable,
  indexesOnlyReexport,
  noCircles,
  reachedFrom,
  tableRunsDownwards,
  timeAndRandomnessComeIn,
} from './house/rules.js';
import { parseSource, readSources } from './house/source.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = readSources(`${root}/src`);

describe('the house', () => {
  it('has every file of src in a room of the table', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter(({ path }) => roomOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  it('has a table in which every room stands above what it may import', () => expect(tableRunsDownwards()).toEqual([]));
  it('has no import that runs up a floor, or out of its room', () => expect(importsStayInTheTable(files)).toEqual([]));
  it('has no circles', () => expect(noCircles(files)).toEqual([]));
  it('has a core that imports no adapter and no client', () => {
    expect(reachedFrom('index.ts', files).length).toBeGreaterThan(20);
    expect(coreImportsNoAdapter(files)).toEqual([]);
  });
  it('has a fetch transport that needs no Node', () => {
    expect(reachedFrom('transports/fetch/index.ts', files).length).toBeGreaterThan(20);
    expect(fetchNeedsNoNode(files)).toEqual([]);
  });
  it('reads time and randomness on the ground floor only', () => expect(timeAndRandomnessComeIn(files)).toEqual([]));
  it('has no file over 300 lines', () => expect(filesAreShort(files)).toEqual([]));
  it('has index files that re-export, and nothing else', () => expect(indexesOnlyReexport(files)).toEqual([]));
});

describe('the subpaths of the package', () => {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
    readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
  };
  const subpaths = Object.entries(manifest.exports).flatMap(([key, target]) =>
    typeof target === 'string' || key === '.' ? [] : [{ name: key.slice(2), ...target }],
  );
  const namesIn = (folder: string): string[] =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));

  it.each(subpaths)('$name: its types stand beside its code', ({ name, types, default: code }) => {
    expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
    expect(existsSync(`${root}/${code.replace(/^\.\/dist/, 'src').replace(/\.js$/, '.ts')}`)).toBe(true);
    expect(manifest.typesVersions['*'][name]).toEqual([types]);
  });

  it.each(subpaths)('$name: has a test of its own', ({ name }) => {
    expect(namesIn('test').filter((path) => new RegExp(`(^|/)${name}(/.*)?\\.test\\.ts$`).test(path))).not.toEqual([]);
  });

  it.each(subpaths)('$name: has an example of its own', ({ name }) => {
    expect(existsSync(`${root}/examples/${name}.ts`)).toBe(true);
  });

  it.each(subpaths)('$name: has a docs page of its own', ({ name }) => {
    expect(namesIn('docs').filter((path) => new RegExp(`(^|/)${name}(/.*)?\\.md$`).test(path))).not.toEqual([]);
  });
});

describe('the docs', () => {
  it('have an index that links every page', () => {
    const index = readFileSync(`${root}/docs/README.md`, 'utf8');
    const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.md') && path !== 'README.md' && !/^(api|node_modules)\//.test(path));
    expect(pages.filter((path) => !index.includes(`](${path})`))).toEqual([]);
  });
});

/** Made-up files: each rule must find what is wrong with them, or it proves nothing of the real ones. */
describe('the rules find', () => {
  const made = (path: string, text: string) => parseSource(path, text);

  it('an import that runs up a floor, also of a type', () => {
    expect(importsStayInTheTable([made('policies/retry.ts', `import type { A } from '../outbox/outbox.js';`)])).toEqual([
      'policies/retry.ts (policies/) may not import outbox/outbox.ts (outbox/)',
    ]);
    expect(importsStayInTheTable([made('clock.ts', `import { Heap } from './heap.js';`)])).toHaveLength(1);
  });

  it('an import in any of its forms', () => {
    const forms = [
      `import './ringback.js';`,
      `import * as x from './ringback.js';`,
      `export * from './ringback.js';`,
      `export { x } from './ringback.js';`,
      `const x = await import('./ringback.js');`,
      `let x: import('./ringback.js').X;`,
    ];
    for (const form of forms) expect(importsStayInTheTable([made('errors.ts', form)]), form).toHaveLength(1);
  });

  it('a package that the room may not use', () => {
    expect(importsStayInTheTable([made('policies/x.ts', `import { Pool } from 'undici';`)])).toEqual([
      'policies/x.ts (policies/) may not import undici',
    ]);
  });

  it('code taken from a room of which only the contract is free', () => {
    expect(importsStayInTheTable([made('outbox/x.ts', `import type { A } from '../policies/policy.js';`)])).toEqual([]);
    expect(importsStayInTheTable([made('outbox/x.ts', `import { type A, b } from '../policies/policy.js';`)])).toHaveLength(1);
  });

  it('a room that is not in the table', () => {
    expect(importsStayInTheTable([made('utils/x.ts', `import { A } from '../clock.js';`)])).toEqual([
      'utils/x.ts stands in no room of the table',
    ]);
  });

  it('a table that runs upwards', () => {
    const [first, ...rest] = ROOMS;
    expect(tableRunsDownwards([{ ...(first as (typeof ROOMS)[0]), rooms: ['index.ts'] }, ...rest])).toHaveLength(1);
  });

  it('a circle, also where its last link is of types alone', () => {
    const circle = [
      made('policies/a.ts', `import { b } from './b.js';`),
      made('policies/b.ts', `import { c } from './c.js';`),
      made('policies/c.ts', `import { a } from './a.js';`),
    ];
    expect(noCircles(circle)).toEqual(['policies/a.ts → policies/b.ts → policies/c.ts → policies/a.ts']);
    expect(noCircles([...circle.slice(0, 2), made('policies/c.ts', `import type { A } from './a.js';`)])).toHaveLength(1);
  });

  it('an adapter or a client behind the front door', () => {
    const door = made('index.ts', `export { http } from './transports/http/index.js';`);
    expect(coreImportsNoAdapter([door, made('transports/http/index.ts', `export { http } from './http.js';`)])).toHaveLength(1);
    expect(coreImportsNoAdapter([made('index.ts', `export * from 'undici';`)])).toHaveLength(1);
    expect(coreImportsNoAdapter([made('index.ts', `import { readFileSync } from 'node:fs';`)])).toHaveLength(1);
  });

  it('something of Node behind the fetch transport', () => {
    const door = made('transports/fetch/index.ts', `export { a } from '../addresses/a.js';`);
    expect(fetchNeedsNoNode([door, made('transports/addresses/a.ts', `import type { A } from 'node:net';`)])).toEqual([]);
    expect(fetchNeedsNoNode([door, made('transports/addresses/a.ts', `import { isIP } from 'node:net';`)])).toHaveLength(1);
  });

  it('time and randomness taken from the platform', () => {
    const taken = [
      'Date.now()',
      'const now = Date.now;',
      'new Date()',
      'globalThis.performance.now()',
      'setTimeout(f, 1)',
      'globalThis.setInterval(f, 1)',
      'Math.random()',
      'AbortSignal.timeout(5)',
      'crypto.randomUUID()',
    ];
    for (const text of taken) expect(timeAndRandomnessComeIn([made('policies/x.ts', text)]), text).toHaveLength(1);
    expect(timeAndRandomnessComeIn([made('policies/x.ts', 'clock.now(); new Date(5); // Date.now()')])).toEqual([]);
    expect(timeAndRandomnessComeIn([made('clock.ts', 'Date.now()')])).toEqual([]);
  });

  it('a file of 301 lines', () => {
    expect(filesAreShort([made('policies/x.ts', ';\n'.repeat(300))])).toEqual([]);
    expect(filesAreShort([made('policies/x.ts', ';\n'.repeat(301))])).toHaveLength(1);
  });

  it('an index with code in it', () => {
    expect(indexesOnlyReexport([made('index.ts', `export const x = 1;`)])).toHaveLength(1);
    expect(indexesOnlyReexport([made('index.ts', `export { x } from './x.js';\nexport type { Y } from './y.js';`)])).toEqual([]);
  });
});
