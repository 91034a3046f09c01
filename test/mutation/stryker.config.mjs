// What Stryker does with one folder of `src/`, as `run.mjs` names it. It is started in the root of the project.
import { PASSING, reportOf } from './settings.mjs';

const folder = process.env.MUTATED_FOLDER;
const report = reportOf(folder);

export default {
  mutate: [`src/${folder}/*.ts`],
  ignorePatterns: ['/bench', '/coverage', '/dist', '/docs/api', '/examples', '/test/mutation/reports'],
  plugins: ['@stryker-mutator/*', './test/mutation/left-out.mjs'],
  ignorers: ['prose', 'sample'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  // A file that is not there: Stryker would rewrite the project's with the TypeScript 5 API, which TypeScript 7 does not have.
  tsconfigFile: 'test/mutation/none.json',
  coverageAnalysis: 'perTest',
  // What is evaluated once, while a module loads, is tried by all tests: `--static` asks for that, and waits.
  ignoreStatic: process.env.MUTATE_STATIC === undefined,
  concurrency: 2,
  timeoutMS: 15_000,
  incremental: true,
  incrementalFile: `${report}.incremental.json`,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `${report}.json` },
  thresholds: { high: 95, low: PASSING, break: PASSING },
};
