import { table, writtenBetween } from '../markdown.ts';
import { type BufferingResult, type BufferingRow, PUBLISHED_MS, type Spread, type Times } from './buffering.ts';
import {
  type ComparedMean,
  chanceOf,
  isLeftToChance,
  type JitterCell,
  type JitterResult,
  missedCells,
  offBy,
} from './jitter-simulation.ts';

/** Both reproductions, as they are written to a file. They come out the same on every machine, so no machine is named. */
export interface Reproductions {
  readonly jitter: JitterResult;
  readonly buffering: BufferingResult;
}

const whole = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });
const signedPercent = (share: number): string => `${share < 0 ? '−' : '+'}${(100 * Math.abs(share)).toFixed(1)} %`;
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const spread = ({ median, least, most }: Spread): string =>
  most === 0 ? '0' : `${whole(median)} (${whole(least)}–${whole(most)})`;

/** The jitter simulation, theirs beside ours. */
export function renderJitter(result: JitterResult): string {
  const figures = (figure: ComparedMean): string[] => [
    whole(figure.published),
    whole(figure.mean),
    `${signedPercent(offBy(figure))}${isLeftToChance(figure) ? ' †' : ''}`,
    `${((100 * figure.standardError) / figure.mean).toFixed(1)} %`,
  ];
  const head = ['clients', 'backoff', 'ms, published', 'ours', 'off by', '±', 'writes, published', 'ours', 'off by', '±'];
  const rows = result.cells.map(({ clients, backoff, tookMs, writes }) => [
    `${clients}`,
    backoff,
    ...figures(tookMs),
    ...figures(writes),
  ]);
  return [table([head, ...rows]), verdictOn(result)].join('\n\n');
}

function verdictOn(result: JitterResult): string {
  const all = result.cells.flatMap((cell) => [cell.tookMs, cell.writes].map((figure) => ({ cell, figure })));
  const furthest = all.reduce((a, b) => (Math.abs(offBy(b.figure)) > Math.abs(offBy(a.figure)) ? b : a));
  const name = ({ clients, backoff }: JitterCell): string => `${backoff}, ${clients} clients`;
  const byChance = all.filter(({ figure }) => isLeftToChance(figure));
  const missed = missedCells(result);
  return [
    `Means of ${result.runs} runs. ±: the standard error of our mean; a single run spreads ${whole(Math.sqrt(result.runs))} times as far.`,
    missed.length === 0
      ? `All ${all.length} figures are within 10 % of the published ones,`
      : `Not within 10 %: ${missed.join('; ')};`,
    `the furthest (${name(furthest.cell)}) is off by ${signedPercent(offBy(furthest.figure))}.`,
    ...byChance.map(
      ({ cell, figure }) =>
        `† ${name(cell)}: two means of ${result.runs} runs may differ by ${percent(chanceOf(figure))} by chance alone, so 10 % is no sharp test of it.`,
    ),
  ].join('\n');
}

/** Ours beside the case study's two numbers. */
export function renderBuffering({ rows, seeds, eventsASeed }: BufferingResult): string {
  const told = `Medians of ${seeds} seeds with the least and the most, ${eventsASeed} events each.`;
  return [told, averagesTable(rows), quantilesTable(rows)].join('\n\n');
}

/** The first approach is what the others are compared with. */
function averagesTable(rows: readonly BufferingRow[]): string {
  const approaches = [...new Set(rows.map(({ approach }) => approach))];
  const loads = [...new Set(rows.map(({ load }) => load))];
  const compared = (what: string, timesOf: (row: BufferingRow) => Times): string[][] =>
    loads.map((load) => {
      const means = rows.filter((row) => row.load === load).map((row) => timesOf(row).mean);
      const [inLine, ...buffered] = means as [Spread, ...Spread[]];
      const changed = buffered.flatMap((mean) => [spread(mean), signedPercent(mean.median / inLine.median - 1)]);
      return [what, percent(load), spread(inLine), ...changed];
    });
  const { synchronous, buffered } = PUBLISHED_MS;
  const theirs = [whole(synchronous), whole(buffered), signedPercent(buffered / synchronous - 1), '', ''];
  return table([
    ['average ms', 'load', ...approaches.flatMap((name, index) => (index === 0 ? [name] : [name, 'change']))],
    ['**published**: to process a callback', 'not stated', ...theirs],
    ...compared('from the event until the last of its three is delivered', ({ lastCallbackMs }) => lastCallbackMs),
    ...compared('from the event until a callback is delivered', ({ callbackMs }) => callbackMs),
  ]);
}

function quantilesTable(rows: readonly BufferingRow[]): string {
  return table([
    ['load', 'approach', 'handler p50, ms', 'handler p95', 'callback p50, ms', 'callback p95'],
    ...rows.map(({ load, approach, handlerMs, callbackMs }) => [
      percent(load),
      approach,
      ...[handlerMs.p50, handlerMs.p95, callbackMs.p50, callbackMs.p95].map(spread),
    ]),
  ]);
}

const JITTER_START = '<!-- the jitter simulation, written by npm run reproduce -- --docs -->';
const BUFFERING_START = '<!-- the case study, written by npm run reproduce -- --docs -->';

/** The page with both results in their places. */
export function intoPage(page: string, { jitter, buffering }: Reproductions): string {
  return writtenBetween(writtenBetween(page, JITTER_START, renderJitter(jitter)), BUFFERING_START, renderBuffering(buffering));
}
