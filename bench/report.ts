import type { Figure, Measurements, TopicFigures } from './figures.ts';
import { table, writtenBetween } from './markdown.ts';
import type { Verdict } from './targets.ts';

/** One run, as it is written to a file. */
export interface BenchResult {
  readonly ranOn: string;
  readonly size: 'full' | 'quick';
  readonly node: string;
  readonly machine: string;
  readonly measurements: Measurements;
  readonly targets: readonly Verdict[];
}

const TITLES: Readonly<Record<string, string>> = {
  'no-op': 'Around an async no-op',
  signal: 'Signal touched and one listener added',
  refusal: 'Refused by an open circuit, a fresh error each time',
  signing: 'Signing 1 KB by Standard Webhooks, v1',
  verifying: 'Verifying the same',
  http: 'A signed callback of 1 KB over HTTP, 64 at once',
  destinations: 'A signed callback of 1 KB over the scripted transport, destinations at random',
  smallest: 'The smallest callback there is: unsigned, 14 bytes',
  memory: 'Memory of a destination at rest',
};

/** The whole result as Markdown, which reads well on a terminal too. */
export function renderResult(result: BenchResult): string {
  const { ranOn, node, machine, size, measurements, targets } = result;
  const parts = [
    `Run on ${ranOn} under Node ${node}, ${machine}, ${size} size. Ratios compare lower quartiles of interleaved rounds.`,
  ];
  for (const [topic, figures] of Object.entries(measurements)) parts.push(`**${TITLES[topic] ?? topic}**`, renderTopic(figures));
  parts.push('**Targets**', renderTargets(targets));
  return parts.join('\n\n');
}

/** The candidates of a topic; the first one is what the others are compared with. */
function renderTopic({ unit, candidates }: TopicFigures): string {
  const entries = Object.entries(candidates);
  const base = entries[0]?.[1].lowerQuartile ?? Number.NaN;
  const perSecond = unit.startsWith('µs');
  const head = ['', `lower quartile, ${unit}`, 'median', 'least', ...(perSecond ? ['a second'] : []), 'times the first'];
  const row = (name: string, { lowerQuartile, median, min }: Figure): string[] => [
    name,
    ...[lowerQuartile, median, min].map(written),
    ...(perSecond ? [written(1e6 / lowerQuartile)] : []),
    (lowerQuartile / base).toFixed(2),
  ];
  return table([head, ...entries.map(([name, figure]) => row(name, figure))]);
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

const written = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : value < 1_000 ? 1 : 0 });

const START = '<!-- written by npm run bench -- --docs -->';

/** The page with this result in its place. */
export const intoPage = (page: string, result: BenchResult): string => writtenBetween(page, START, renderResult(result));
