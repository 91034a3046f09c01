import type { AwsBackoff } from './aws-backoffs.ts';

/** What the published simulator gives for a number of clients: ms until the last is done, and writes that it took. */
type ByClients = Readonly<Record<number, readonly [tookMs: number, writes: number]>>;

/**
 * Means of 100 runs of the simulator that AWS published with its article (aws-samples/aws-arch-backoff-simulator), run again in
 * November 2026: the article itself shows curves, and no numbers. "Drawn below the cap" is not AWS's: it is the same simulator
 * with that one line changed.
 */
export const AWS_FIGURES: Readonly<Record<AwsBackoff, ByClients>> = {
  exponential: { 10: [3_557, 51], 50: [36_379, 622], 100: [63_432, 1_853], 190: [100_377, 5_152] },
  'equal jitter': { 10: [748, 42], 50: [4_241, 348], 100: [6_685, 811], 190: [9_441, 1_762] },
  'full jitter': { 10: [462, 38], 50: [2_880, 333], 100: [4_850, 795], 190: [7_450, 1_772] },
  decorrelated: { 10: [442, 37], 50: [2_221, 375], 100: [4_532, 1_002], 190: [7_926, 2_434] },
  'decorrelated, drawn below the cap': { 10: [427, 37], 50: [2_241, 375], 100: [4_339, 997], 190: [6_763, 2_434] },
  'no backoff': { 10: [377, 50], 50: [1_141, 692], 100: [2_019, 2_419], 190: [3_537, 8_010] },
};
