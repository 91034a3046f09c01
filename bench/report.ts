import { type CandidateFigures, compared, type Figure, type Measure, type Measurements, type TopicFigures } from './figures.ts';
import { table, writtenBetween } from './markdown.ts';
import type { Verdict } from './targets.ts';
import { TOPICS, type Topic } from './topics.ts';

/** One run, as it is written to a file. */
export interface BenchResult {
  readonly ranOn: string;
  readonly size: 'full' | 'quick';
  readonly node: string;
  readonly machine: string;
  readonly measurements: Measurements;
  readonly targets: readonly Verdict[];
}

/** The topics that were measured, with their figures. */
export const measuredIn = (measurements: Measurements): readonly [Topic, TopicFigures][] =>
  Object.entries(measurements) as [Topic, TopicFigures][];

/** The whole result as Markdown, which reads well on a terminal too; `picture` adds what only a page can show. */
export function renderResult(result: BenchResult, picture: (topic: Topic) => readonly string[] = () => []): string {
  const { ranOn, node, machine, size, measurements, targets } = result;
  const parts = [
    `Run on ${ranOn} under Node ${node}, ${machine}, ${size} size. Medians, with the quartiles of the rounds in brackets; ratios compare the better quartile.`,
  ];
  for (const [topic, figures] of measuredIn(measurements)) {
    const remark = figures.remark === undefined ? [] : [figures.remark];
    parts.push(`### ${TOPICS[topic].title}`, ...remark, ...picture(topic), renderTopic(figures));
  }
  parts.push('### Targets', renderTargets(targets));
  return parts.join('\n\n');
}

/** The candidates of a topic; the first one is what the others are compared with. */
function renderTopic({ measures, candidates }: TopicFigures): string {
  const [main, ...others] = measures as [Measure, ...Measure[]];
  const entries = Object.entries(candidates);
  const mainOf = (figures: CandidateFigures | undefined): number => {
    const figure = figures?.[main.name];
    return figure === undefined ? Number.NaN : compared(main, figure);
  };
  const base = mainOf(entries[0]?.[1]);
  const row = ([name, figures]: [string, CandidateFigures]): string[] => [
    name,
    withSpread(figures[main.name]),
    (mainOf(figures) / base).toFixed(2),
    ...others.map((measure) => withSpread(figures[measure.name])),
  ];
  return table([['', main.unit, 'times the first', ...others.map(({ unit }) => unit)], ...entries.map(row)]);
}

/** The quartiles are left out where there was one value only. */
export function withSpread(figure: Figure | undefined): string {
  if (figure === undefined) return '';
  const { lowerQuartile, median, upperQuartile, rounds } = figure;
  return rounds === 1 ? written(median) : `${written(median)} (${written(lowerQuartile)}–${written(upperQuartile)})`;
}

/** Each target with its figure, and whether it holds. */
export function renderTargets(targets: readonly Verdict[]): string {
  const rows = targets.map(({ text, bound, limit, unit, figure, passed }) => [
    text,
    `${bound} ${written(limit)} ${unit}`,
    `${written(figure)} ${unit}`,
    passed ? 'holds' : '**missed**',
  ]);
  return table([['what', 'target', 'measured', ''], ...rows]);
}

export const written = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : value < 1_000 ? 1 : 0 });

const START = '<!-- written by npm run bench -- --docs -->';

/** Where the picture of a topic lies, seen from docs/. */
export const pictureOf = (topic: Topic): string => `pictures/bench-${topic}.svg`;

/** The page with this result in its place. */
export function intoPage(page: string, result: BenchResult): string {
  const picture = (topic: Topic): string[] => [
    `![${TOPICS[topic].title}: the figures of the table below as bars](${pictureOf(topic)})`,
  ];
  return writtenBetween(page, START, renderResult(result, picture));
}
