import { ENQUEUED, NAIVE, RINGBACK, ROWS } from './clients.ts';
import type { Measure, Spread, StormResult } from './figures.ts';
import { BROWN_OUT_PER_SECOND, STORMS, type Storm } from './storms.ts';

type Figures = (storm: string, row: string, measure: Measure) => Spread;

/** What ringback's defaults must show. */
interface Target {
  readonly storm: string;
  readonly text: string;
  readonly bound: 'at most' | 'at least' | 'below';
  readonly limit: number;
  readonly unit: string;
  /** Null for never. */
  readonly figure: (figures: Figures) => number | null;
}

/** A target, and how it was met. */
export interface Verdict extends Omit<Target, 'figure'> {
  readonly figure: number | null;
  readonly holds: boolean;
}

const TARGETS: readonly Target[] = [
  ...each('outage', (row) => ({
    text: 'load amplification in the outage, in every seed',
    bound: 'at most',
    limit: 1.15,
    unit: '×',
    figure: (figures) => figures('outage', row, 'loadAmplificationWhile').most,
  })),
  {
    storm: 'outage',
    text: `${ENQUEUED}: callbacks not delivered 7 min after the outage's end, in every seed`,
    bound: 'at most',
    limit: 0,
    unit: 'callbacks',
    figure: (figures) => figures('outage', ENQUEUED, 'undelivered').most,
  },
  ...each('transient-errors', (row) => ({
    text: `the share delivered, against ${NAIVE}, medians`,
    bound: 'at least',
    limit: -0.1,
    unit: 'points',
    figure: (figures) =>
      difference(
        figures('transient-errors', row, 'deliveredShare').median,
        figures('transient-errors', NAIVE, 'deliveredShare').median,
      ),
  })),
  ...each('metastable', (row) => ({
    text: "back at 95 % of what is offered after the trigger's end, in every seed",
    bound: 'at most',
    limit: 10_000,
    unit: 'ms',
    figure: (figures) => figures('metastable', row, 'recoveryMs').most,
  })),
  ...each('brown-out', (row) => ({
    text: 'goodput, of what the receiver can do at best, median',
    bound: 'at least',
    limit: 90,
    unit: '%',
    figure: (figures) => ratio(figures('brown-out', row, 'goodputWhile').median, BROWN_OUT_PER_SECOND / 100),
  })),
  {
    storm: 'brown-out',
    text: `${RINGBACK}: p99 of what succeeds, in every seed`,
    bound: 'at most',
    limit: 30_000,
    unit: 'ms',
    figure: (figures) => figures('brown-out', RINGBACK, 'latencyP99Ms').most,
  },
  {
    storm: 'changing-capacity',
    text: `${RINGBACK}: goodput off the capacity, from 30 s after a change on, in every seed`,
    bound: 'at most',
    limit: 15,
    unit: '%',
    figure: (figures) => figures('changing-capacity', RINGBACK, 'offCapacity').most,
  },
  {
    storm: 'changing-capacity',
    text: `${RINGBACK}: Jain's index over 100 clients, in every seed`,
    bound: 'at least',
    limit: 0.95,
    unit: '',
    figure: (figures) => figures('changing-capacity', RINGBACK, 'fairness').least,
  },
  {
    storm: 'herd',
    text: `${ENQUEUED}: the peak of a wave, of the one before it, in every seed`,
    bound: 'below',
    limit: 1,
    unit: '×',
    figure: (figures) => figures('herd', ENQUEUED, 'risingWave').most,
  },
  {
    storm: 'herd',
    text: `${ENQUEUED}: callbacks not delivered, in every seed`,
    bound: 'at most',
    limit: 0,
    unit: 'callbacks',
    figure: (figures) => figures('herd', ENQUEUED, 'undelivered').most,
  },
  ...(['attempts', 'allDeliveredMs'] as const).map(
    (measure): Target => ({
      storm: 'herd',
      text: `${ENQUEUED}: ${measure === 'attempts' ? 'attempts' : 'time until all are served'}, against the best row that serves all`,
      bound: 'at most',
      limit: 1,
      unit: '×',
      figure: (figures) => ratio(figures('herd', ENQUEUED, measure).median, bestThatServesAll(figures, measure)),
    }),
  ),
  ...['one-bad-destination', 'many-bad-destinations'].flatMap((storm): Target[] => [
    {
      storm,
      text: `${ENQUEUED}: p99 of the others, against when all are well, medians`,
      bound: 'at most',
      limit: 1.05,
      unit: '×',
      figure: againstAllWell(storm, 'othersP99Ms'),
    },
    {
      storm,
      text: `${ENQUEUED}: callbacks delivered to each of the others, against when all are well, medians`,
      bound: 'at least',
      limit: 0.95,
      unit: '×',
      figure: againstAllWell(storm, 'othersDelivered'),
    },
  ]),
];

/** Each of ringback's ways to send, with nothing set. */
function each(storm: string, target: (row: string) => Omit<Target, 'storm'>): Target[] {
  return [RINGBACK, ENQUEUED].map((row) => {
    const made = target(row);
    return { storm, ...made, text: `${row}: ${made.text}` };
  });
}

/** The least of the rows whose every callback was delivered in every seed. */
function bestThatServesAll(figures: Figures, measure: Measure): number | null {
  const { without = [] } = STORMS.find(({ id }) => id === 'herd') as Storm;
  const rows = ROWS.filter(({ name }) => !without.includes(name) && figures('herd', name, 'undelivered').most === 0);
  const served = rows.map(({ name }) => figures('herd', name, measure).median).filter((figure) => figure !== null);
  return served.length === 0 ? null : Math.min(...served);
}

function againstAllWell(storm: string, measure: Measure): Target['figure'] {
  return (figures) => ratio(figures(storm, ENQUEUED, measure).median, figures('all-well', ENQUEUED, measure).median);
}

const difference = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);
const ratio = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a / b);

/** Holds the storms that were run against their targets. Throws where one of these lacks a row that its target asks for. */
export function checkTargets(storms: readonly StormResult[]): Verdict[] {
  const figures: Figures = (id, name, measure) => {
    const row = storms.find((storm) => storm.id === id)?.rows.find((row) => row.name === name);
    if (row === undefined) throw new Error(`no figures for ${name} in ${id}`);
    return row.figures[measure];
  };
  const wereRun = TARGETS.filter(({ storm }) => storms.some(({ id }) => id === storm));
  return wereRun.map(({ figure: figureIn, ...target }) => {
    const figure = figureIn(figures);
    return { ...target, figure: figure === null ? null : Number(figure.toPrecision(6)), holds: holds(target, figure) };
  });
}

function holds({ bound, limit }: Pick<Target, 'bound' | 'limit'>, figure: number | null): boolean {
  if (figure === null) return false;
  if (bound === 'at least') return figure >= limit;
  return bound === 'below' ? figure < limit : figure <= limit;
}
