import { createRequire } from 'node:module';
import type fastCheck from 'fast-check';

/**
 * What the property tests get as `fast-check` in a mutation run: few runs, always the same ones, and no search for the smallest
 * example, as nobody reads it. A mutant that it takes more luck than this to find survives.
 */
const MAX_RUNS = 40;
const SEED = 5;

const real: typeof fastCheck = createRequire(import.meta.url)('fast-check');

const few = <T>(parameters: fastCheck.Parameters<T> = {}): fastCheck.Parameters<T> => ({
  ...parameters,
  numRuns: Math.min(parameters.numRuns ?? MAX_RUNS, MAX_RUNS),
  seed: SEED,
  endOnFailure: true,
});

// Tables for all of Unicode take fast-check seconds to build, in every run anew: here text ends before the surrogates.
const anyUnit = real.integer({ min: 0, max: 0xd7ff }).map((code) => String.fromCodePoint(code));
const anyUrl = real
  .tuple(real.webAuthority(), real.string())
  .map(([host, text]) => `https://${host}/${encodeURIComponent(text)}?${encodeURIComponent(text)}`);

const fc: typeof fastCheck = {
  ...real,
  assert: (property, parameters) => real.assert(property as never, few(parameters) as never) as never,
  string: (constraints = {}) => real.string(constraints.unit === 'binary' ? { ...constraints, unit: anyUnit } : constraints),
  webUrl: () => anyUrl,
};

export default fc;
