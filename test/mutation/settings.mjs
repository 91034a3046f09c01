// What `run.mjs` and the configuration that Stryker reads must agree on. Paths are from the root of the project.

/** The score, in percent, that every folder must reach. */
export const PASSING = 85;

export const STRYKER = 'test/mutation/node_modules/@stryker-mutator/core/bin/stryker.js';

/** Where the results of a folder are kept, without their ending. */
export const reportOf = (folder) => `test/mutation/reports/${folder.replaceAll('/', '-')}`;
