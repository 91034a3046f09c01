import { table, writtenBetween } from '../markdown.ts';
import type { Measure, Spread, StormResult } from './figures.ts';
import { isDrawn, picturePath } from './pictures.ts';
import { STORMS } from './storms.ts';
import { checkTargets, type Verdict } from './targets.ts';

/** All storms that were run, as they are written to a file. They come out the same on every machine, so none is named. */
export interface StormsResult {
  readonly storms: readonly StormResult[];
}

interface Column {
  readonly measure: Measure;
  readonly head: string;
  /** What one of the head's unit is in the measure's. */
  readonly per?: number;
}

const DELIVERED: Column = { measure: 'deliveredShare', head: 'delivered, %' };
const ATTEMPTS: Column = { measure: 'attempts', head: 'attempts' };
const AMPLIFICATION: Column = { measure: 'loadAmplification', head: 'load amplification' };
const AMPLIFICATION_WHILE: Column = { measure: 'loadAmplificationWhile', head: 'while' };
const GOODPUT_WHILE: Column = { measure: 'goodputWhile', head: 'goodput while, a second' };
const GOODPUT_AFTER: Column = { measure: 'goodputAfter', head: 'after' };
const RECOVERY: Column = { measure: 'recoveryMs', head: 'recovered after, s', per: 1_000 };
const WASTED: Column = { measure: 'wastedShare', head: 'wasted work, %' };
const JAIN: Column = { measure: 'fairness', head: "Jain's index" };
const P99: Column = { measure: 'latencyP99Ms', head: 'p99, s', per: 1_000 };
const LOAD = [DELIVERED, ATTEMPTS, AMPLIFICATION, AMPLIFICATION_WHILE, GOODPUT_WHILE];
const COLUMNS = [...LOAD, GOODPUT_AFTER, RECOVERY, WASTED, JAIN, P99];

const OTHERS: readonly Column[] = [
  DELIVERED,
  ATTEMPTS,
  { measure: 'othersP99Ms', head: 'p99 of the others, ms' },
  { measure: 'othersDelivered', head: 'delivered to each of them' },
  P99,
];

const OWN_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'transient-errors': [DELIVERED, { measure: 'undelivered', head: 'not delivered' }, ATTEMPTS, AMPLIFICATION, WASTED, JAIN, P99],
  'changing-capacity': [
    DELIVERED,
    ATTEMPTS,
    AMPLIFICATION,
    { measure: 'goodputWhile', head: 'goodput while halved, a second' },
    { measure: 'offCapacity', head: 'off the capacity at most, %' },
    WASTED,
    JAIN,
    P99,
  ],
  herd: [
    DELIVERED,
    ATTEMPTS,
    AMPLIFICATION,
    { measure: 'allDeliveredMs', head: 'all delivered after, s', per: 1_000 },
    { measure: 'risingWave', head: 'a wave, of the one before' },
    JAIN,
    P99,
  ],
  'all-well': OTHERS,
  'one-bad-destination': OTHERS,
  'many-bad-destinations': OTHERS,
};

/** All storms as Markdown, which reads well on a terminal too. */
export function renderStorms({ storms }: StormsResult, withPictures = false): string {
  const parts = storms.flatMap(({ id, seeds, rows }) => {
    const columns = OWN_COLUMNS[id] ?? COLUMNS;
    const head = ['', ...columns.map(({ head }) => head)];
    const body = rows.map(({ name, figures }) => [name, ...columns.map((column) => written(figures[column.measure], column))]);
    return [
      `### ${titleOf(id)}`,
      ...(withPictures && isDrawn(id) ? [`![${titleOf(id)}, by four ways to send](${picturePath(id)})`] : []),
      `\`--only ${id}\`, medians of ${seeds} seeds with the least and the most.`,
      table([head, ...body]),
    ];
  });
  return [...parts, '### Targets', renderTargets(checkTargets(storms))].join('\n\n');
}

const titleOf = (id: string): string => STORMS.find((storm) => storm.id === id)?.title ?? id;

function written({ least, median, most }: Spread, { per = 1 }: Column): string {
  const [low, middle, high] = [least, median, most].map((value) => short(value === null ? null : value / per));
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}

/** Each target with its figure, and whether it holds. */
export function renderTargets(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ storm, text, bound, limit, unit, figure, holds }) => [
    storm,
    text,
    `${bound} ${short(limit)} ${unit}`,
    figure === null ? 'never' : `${short(figure)} ${unit}`,
    holds ? 'holds' : '**missed**',
  ]);
  return table([['storm', 'what', 'target', 'measured', ''], ...rows]);
}

export function short(value: number | null): string {
  if (value === null) return 'never';
  const size = Math.abs(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: size < 2 ? 3 : size < 100 ? 1 : 0 });
}

const START = '<!-- written by npm run storms -- --docs -->';

/** The page with these storms in their place. */
export const intoPage = (page: string, result: StormsResult): string => writtenBetween(page, START, renderStorms(result, true));
