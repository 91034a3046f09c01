import manifest from '../../package.json' with { type: 'json' };

/**
 * How the package is met in the wild. Each case is a folder beside this file: a fixture that is copied into an empty folder, where the
 * packed tarball is installed. Its steps then run there one after another, under the Node they name.
 *
 * @typedef {object} Step
 * @property {string} label what the step shows
 * @property {'least' | 'newest'} node the least Node that is supported (22), or the project's own (24)
 * @property {string[]} args what Node runs
 * @property {Record<string, string>} [env]
 * @property {string[]} [prints] lines that must stand in its output, in this order
 * @property {string} [fails] it must fail, with this in its output: a limit that docs/consumers.md states with its workaround
 * @typedef {object} Case
 * @property {string} name
 * @property {string} [fixture] the folder, where it has another name
 * @property {string[]} [copies] further names that the package is installed under
 * @property {Record<string, string>} [versions] packages that the fixture has in other versions
 * @property {Step[]} steps
 */

const { version } = manifest;

const onBothNodes = (label, args, rest) => [
  { label, node: 'least', args, ...rest },
  { label, node: 'newest', args, ...rest },
];

const TYPESCRIPT = ['5.4', '5.9', '7'];
const RESOLUTIONS = [
  ['nodenext', ['--module', 'nodenext', '--moduleResolution', 'nodenext']],
  ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
];
const CHECK = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--types', 'node', '--pretty', 'false'];

const tsc = (version, args) => [`node_modules/typescript-${version}/bin/tsc`, ...CHECK, ...args];

const checkedBy = (versions, skipsLibCheck) =>
  versions.flatMap((version) =>
    RESOLUTIONS.flatMap(([resolution, flags]) =>
      skipsLibCheck.map((skipLibCheck) => ({
        label: `TypeScript ${version}, ${resolution}, skipLibCheck ${skipLibCheck}`,
        node: 'newest',
        args: tsc(version, [...flags, '--skipLibCheck', skipLibCheck, 'consumer.ts']),
      })),
    ),
  );

const commonJs = (label, version, module, file, rest) => ({
  label: `TypeScript ${version}, CommonJS, ${label}`,
  node: 'newest',
  args: tsc(version, [...module, '--skipLibCheck', 'true', file]),
  ...rest,
});

const NODENEXT = ['--module', 'nodenext'];
const NODE16 = ['--module', 'node16'];
const NODE10 = ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop'];

/** @type {Case[]} */
export const CASES = [
  {
    name: 'esm',
    steps: onBothNodes('every entry point is imported', ['main.mjs'], {
      prints: [
        'delivered after 2 attempts',
        'undelivered 0',
        'on the fake clock after 2 attempts',
        'refused: true',
        `version ${version}`,
      ],
    }),
  },
  {
    name: 'commonjs',
    steps: onBothNodes('every entry point is required', ['main.cjs'], {
      prints: ['delivered after 1 attempt', `version ${version}`, 'refused: true'],
    }),
  },
  { name: 'typescript', steps: checkedBy(TYPESCRIPT, ['true', 'false']) },
  {
    // They move types from one version to the next, and most projects have the newest.
    name: 'newest-node-types',
    fixture: 'typescript',
    versions: { '@types/node': '26.6.7' },
    steps: checkedBy(['5.9', '7'], ['false']),
  },
  {
    name: 'typescript-commonjs',
    steps: [
      commonJs('nodenext', '5.9', NODENEXT, 'consumer.ts'),
      commonJs('nodenext', '7', NODENEXT, 'consumer.ts'),
      commonJs('node10', '5.4', NODE10, 'consumer.ts'),
      commonJs('node10', '5.9', NODE10, 'consumer.ts'),
      commonJs('node16 refuses a static import', '5.9', NODE16, 'consumer.ts', { fails: 'TS1479' }),
      commonJs('nodenext before 5.8 refuses a static import', '5.4', NODENEXT, 'consumer.ts', { fails: 'TS1479' }),
      commonJs('node16, by the workaround', '5.9', NODE16, 'workaround.ts'),
      commonJs('nodenext, by the workaround', '5.4', NODENEXT, 'workaround.ts'),
    ],
  },
  {
    name: 'nestjs',
    steps: [
      { label: 'a Nest project compiles to CommonJS', node: 'newest', args: ['node_modules/typescript/bin/tsc'] },
      ...onBothNodes('its service delivers, and closes on shutdown', ['dist/main.js'], {
        prints: ['delivered after 1 attempt', 'undelivered 0'],
      }),
    ],
  },
  {
    name: 'jest',
    steps: [
      ...onBothNodes('a fake-clock test in its ESM mode', ['node_modules/jest/bin/jest.js', 'esm'], {
        env: { NODE_OPTIONS: '--experimental-vm-modules' },
        prints: ['Tests:       42 passed, 42 total'],
      }),
      {
        label: 'a fake-clock test that requires it, from Node 24.9 on',
        node: 'newest',
        args: ['node_modules/jest/bin/jest.js', 'commonjs'],
        env: { NODE_OPTIONS: '--experimental-vm-modules' },
        prints: ['Tests:       1 passed, 1 total'],
      },
      {
        label: 'before Node 24.9 Jest cannot require it',
        node: 'least',
        args: ['node_modules/jest/bin/jest.js', 'commonjs'],
        env: { NODE_OPTIONS: '--experimental-vm-modules' },
        fails: 'Must use import to load ES Module',
      },
    ],
  },
  {
    name: 'lambda',
    steps: [
      ...['cjs', 'mjs'].flatMap((extension) => [
        { label: `esbuild bundles a handler as ${extension}`, node: 'newest', args: ['build.mjs', `handler.${extension}`] },
        ...onBothNodes(`the bundle delivers before its handler returns (${extension})`, ['invoke.mjs', `handler.${extension}`], {
          prints: ['delivered after 1 attempt, 2 requests when the handler returned'],
        }),
      ]),
      { label: 'esbuild bundles ES modules without the banner', node: 'newest', args: ['build.mjs', 'bare.mjs'] },
      {
        label: 'that bundle finds no require',
        node: 'newest',
        args: ['invoke.mjs', 'bare.mjs'],
        fails: 'Dynamic require of "node:assert" is not supported',
      },
    ],
  },
  {
    name: 'two-copies',
    copies: ['ringback-again'],
    steps: onBothNodes('isRingbackError holds across two copies', ['main.mjs'], {
      prints: [
        'two copies: true',
        'instanceof across them: false',
        'isRingbackError across them: true',
        'with its code: true',
        'and no other error: false',
      ],
    }),
  },
];
