import { decorrelatedJitter, seededRandom } from 'ringback';
import { type AwsBackoff, awsBackoffs, type DelayMs } from './aws-backoffs.ts';
import { AWS_FIGURES } from './aws-figures.ts';
import { contend } from './contention.ts';

const BASE_MS = 5;
const CAP_MS = 2_000;

/** How far our mean may be from the published one, as a share of it. */
const TOLERANCE = 0.1;

export const CLIENTS: readonly number[] = [10, 50, 100, 190];

const OURS = 'ringback’s `decorrelatedJitter`';

/** What is simulated, and the backoff whose published figures it is held to. */
const COLUMNS: readonly { readonly name: string; readonly delayMs: DelayMs; readonly heldTo: AwsBackoff }[] = [
  ...Object.entries(awsBackoffs(BASE_MS, CAP_MS)).map(([name, delayMs]) => ({ name, delayMs, heldTo: name as AwsBackoff })),
  { name: OURS, delayMs: ringbackDelayMs(), heldTo: 'decorrelated, drawn below the cap' },
];

function ringbackDelayMs(): DelayMs {
  const backoff = decorrelatedJitter({ baseMs: BASE_MS, capMs: CAP_MS });
  return (attempt, previousMs, random) => backoff.delayMs(attempt, previousMs, random) ?? 0;
}

/** The mean of all runs beside the published one. */
export interface ComparedMean {
  readonly published: number;
  readonly mean: number;
  /** Of single runs. */
  readonly deviation: number;
  /** Of the mean. */
  readonly standardError: number;
}

export interface JitterCell {
  readonly clients: number;
  readonly backoff: string;
  readonly tookMs: ComparedMean;
  readonly writes: ComparedMean;
}

export interface JitterResult {
  readonly seed: number;
  readonly runs: number;
  readonly cells: readonly JitterCell[];
}

/** Simulates every backoff with each number of clients. Each cell has randomness of its own, so it comes out the same alone. */
export function simulateJitter(seed: number, runs: number, sizes: readonly number[] = CLIENTS): JitterResult {
  const cells = sizes.flatMap((clients) =>
    COLUMNS.map(({ name, delayMs, heldTo }): JitterCell => {
      const random = seededRandom(`${seed}, ${clients} clients, ${name}`);
      const all = Array.from({ length: runs }, () => contend(clients, delayMs, random));
      const [publishedMs, publishedWrites] = AWS_FIGURES[heldTo][clients] ?? [Number.NaN, Number.NaN];
      return {
        clients,
        backoff: name,
        tookMs: compared(
          all.map(({ tookMs }) => tookMs),
          publishedMs,
        ),
        writes: compared(
          all.map(({ writes }) => writes),
          publishedWrites,
        ),
      };
    }),
  );
  return { seed, runs, cells };
}

function compared(values: readonly number[], published: number): ComparedMean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  const standardError = deviation / Math.sqrt(values.length);
  return { published, mean: tenth(mean), deviation: tenth(deviation), standardError: tenth(standardError) };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** How far the mean is from the published one, as a share of it. */
export const offBy = ({ mean, published }: ComparedMean): number => mean / published - 1;

/**
 * How far two means of as many runs each differ by chance, at most, in 19 cases of 20: the published mean has an error of its own,
 * which is taken to be as large as ours.
 */
export const chanceOf = ({ mean, standardError }: ComparedMean): number => (2 * Math.SQRT2 * standardError) / mean;

/** True where chance alone may put a cell out of its tolerance. */
export const isLeftToChance = (figure: ComparedMean): boolean => chanceOf(figure) > TOLERANCE;

/** The cells that are further from the published figure than 10 %, as sentences. */
export function missedCells({ cells }: JitterResult): readonly string[] {
  return cells.flatMap(({ clients, backoff, tookMs, writes }) =>
    Object.entries({ ms: tookMs, writes })
      .filter(([, figure]) => !(Math.abs(offBy(figure)) <= TOLERANCE))
      .map(([unit, { mean, published }]) => `${clients} clients, ${backoff}: ${mean} ${unit}, published ${published}`),
  );
}
