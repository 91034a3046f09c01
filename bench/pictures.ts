import { escapeXml, px, STYLE, textAt } from '../dist/simulation/svg/markup.js';
import { linearScale, tickText } from '../dist/simulation/svg/scale.js';
import type { Figure, Measure, TopicFigures } from './figures.ts';
import { written } from './report.ts';

/** The width of a README's column, as in the pictures of the simulation. */
const WIDTH = 830;
const MARGIN = 12;
/** Wider than most letters at 11 px. */
const LETTER_WIDTH = 6.4;
const COLUMN_GAP = 18;
/** Right of the longest bar, for its figure. */
const FIGURE_WIDTH = 46;
const ROW = 22;
const TITLE = 30;
const HEADER = 32;
const AXIS = 34;
const BAR = 12;

/** Names come in regular letters, what stands above a column in bold ones. */
const BOLD_LETTER_WIDTH = 7;

/** A column of bars: one measure, with an axis of its own. */
interface Column {
  readonly measure: Measure;
  readonly left: number;
  readonly width: number;
  /** Where its band begins. */
  readonly top: number;
}

/**
 * A topic as an SVG: a row for each candidate, a column of bars for each measure, a whisker from quartile to quartile where there
 * were rounds. Columns that do not fit beside each other stand in bands below. Ringback's bars are coloured, the others grey. All
 * axes are linear and begin at 0.
 */
export function drawTopic(title: string, { measures, candidates }: TopicFigures): string {
  const rows = Object.entries(candidates);
  const from = MARGIN + LETTER_WIDTH * Math.max(...rows.map(([name]) => name.length)) + 8;
  const columns = columnsOf(measures, from, rows.length);
  const tops = [...new Set(columns.map(({ top }) => top))];
  const height = (tops.at(-1) as number) + bandHeight(rows.length);
  const names = tops.flatMap((top) =>
    rows.map(([name], row) => textAt(from - 8, rowY(top, row) + 4, name.startsWith('ringback') ? 'title end' : 'end', name)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${STYLE}.bar{stroke-width:${BAR}}</style><rect class="page" width="${WIDTH}" height="${height}"/>`,
    textAt(MARGIN, 24, 'name', title),
    ...names,
    ...columns.map((column) =>
      drawColumn(
        column,
        rows.map(([name, figures]) => [name, figures[column.measure.name]]),
      ),
    ),
    '</svg>\n',
  ].join('\n');
}

/** As many beside each other as their heads leave room for. */
function columnsOf(measures: readonly Measure[], from: number, rows: number): Column[] {
  const room = WIDTH - from - MARGIN + COLUMN_GAP;
  const least = BOLD_LETTER_WIDTH * Math.max(...measures.map(({ unit }) => unit.length)) + COLUMN_GAP;
  const most = Math.max(1, Math.min(measures.length, Math.floor(room / least)));
  const bands = Math.ceil(measures.length / most);
  const perBand = Math.ceil(measures.length / bands);
  const width = room / perBand - COLUMN_GAP;
  return measures.map((measure, i) => ({
    measure,
    left: from + (i % perBand) * (width + COLUMN_GAP),
    width,
    top: TITLE + Math.floor(i / perBand) * bandHeight(rows),
  }));
}

const bandHeight = (rows: number): number => HEADER + rows * ROW + AXIS;

const rowY = (top: number, row: number): number => top + HEADER + (row + 0.5) * ROW;

function drawColumn({ measure, left, width, top }: Column, rows: readonly (readonly [string, Figure | undefined])[]): string {
  const largest = Math.max(0, ...rows.map(([, figure]) => figure?.upperQuartile ?? 0));
  const scale = linearScale(largest);
  const xAt = (value: number): number => left + (width - FIGURE_WIDTH) * scale.at(value);
  const start = top + HEADER;
  const bottom = start + rows.length * ROW;
  const ticks = [0, scale.ticks.at(-1) as number].map(
    (tick) =>
      `<path class="grid" d="M${px(xAt(tick))} ${start}V${bottom}"/>${textAt(xAt(tick), bottom + 16, 'middle', tickText(tick))}`,
  );
  const bars = rows.map(([name, figure], row) => (figure === undefined ? '' : drawBar(name, figure, rowY(top, row), xAt)));
  const axis = `<path class="axis" d="M${px(left)} ${start}V${bottom}H${px(xAt(scale.ticks.at(-1) as number))}"/>`;
  const heads = [textAt(left, start - 18, 'title', measure.unit), textAt(left, start - 5, '', `${measure.better} is better`)];
  return [...heads, ...ticks, ...bars, axis].join('');
}

function drawBar(
  name: string,
  { lowerQuartile, median, upperQuartile }: Figure,
  y: number,
  xAt: (value: number) => number,
): string {
  const colour = name.startsWith('ringback') ? 'c0' : 'offered';
  const bar = `<path class="bar ${colour}" d="M${px(xAt(0))} ${px(y)}H${px(Math.max(xAt(0) + 0.5, xAt(median)))}"/>`;
  const whisker =
    upperQuartile > lowerQuartile ? `<path class="axis" d="M${px(xAt(lowerQuartile))} ${px(y)}H${px(xAt(upperQuartile))}"/>` : '';
  return bar + whisker + textAt(xAt(upperQuartile) + 5, y + 4, '', written(median));
}
