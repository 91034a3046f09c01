import { escapeXml, px, textAt } from './markup.js';
import { linearScale, logScale, type Scale, tickText } from './scale.js';

/** One curve. */
export interface Line {
  readonly label: string;
  /** Its classes: a colour, and `dashed`. */
  readonly style: string;
  readonly atMs: readonly number[];
  readonly bucketMs: number;
  readonly values: readonly (number | null)[];
}

/** One pair of axes. */
export interface Panel {
  /** What is shown and in which unit: `goodput (callbacks/s)`. */
  readonly title: string;
  readonly scale: 'linear' | 'log';
  readonly lines: readonly Line[];
}

/** The rectangle between a panel's axes, and how much time it spans. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
}

/** Points that a line has at most: more than two to a pixel nobody can see. */
const MAX_POINTS = 360;
const KEY_WIDTH = 18;
/** Wider than most letters at 11 px, so that no text runs into the next. */
const LETTER_WIDTH = 6.4;

export function drawPanel(panel: Panel, frame: Frame, hasLegend: boolean): string {
  const scale = scaleOf(panel);
  const { left, top, width, height } = frame;
  const yAt = (value: number): number => top + height * (1 - scale.at(value));
  const grid = scale.ticks.map(
    (tick) =>
      `<path class="grid" d="M${px(left)} ${px(yAt(tick))}h${px(width)}"/>${textAt(left - 6, yAt(tick) + 4, 'end', tickText(tick))}`,
  );
  const axis = `<path class="axis" d="M${px(left)} ${px(top)}v${px(height)}h${px(width)}"/>`;
  const lines = panel.lines.map((line) => drawLine(line, frame, yAt));
  const legend = hasLegend ? drawLegend(panel.lines, left + width, top - 7) : '';
  return [...grid, axis, ...lines, textAt(left, top - 7, 'title', panel.title), legend].join('');
}

/** Entries in one row that ends at `right`. */
function drawLegend(lines: readonly Line[], right: number, y: number): string {
  let x = right - lines.reduce((sum, { label }) => sum + legendWidth(label), 0);
  return lines
    .map((line) => {
      const entry = drawKey(line.label, line.style, x, y);
      x += legendWidth(line.label);
      return entry;
    })
    .join('');
}

/** What one entry of a legend takes of the row. */
export const legendWidth = (label: string): number => KEY_WIDTH + 6 + label.length * LETTER_WIDTH + 14;

/** One entry of a legend: a piece of the line, and its name. */
export function drawKey(label: string, style: string, x: number, y: number): string {
  return `<path class="line ${style}" d="M${px(x)} ${px(y - 4)}h${KEY_WIDTH}"/>${textAt(x + KEY_WIDTH + 6, y, '', label)}`;
}

function scaleOf({ scale, lines }: Panel): Scale {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const { values } of lines) {
    for (const value of values) {
      if (value === null) continue;
      if (value > max) max = value;
      if (value > 0 && value < min) min = value;
    }
  }
  if (scale === 'linear') return linearScale(max);
  return min <= max ? logScale(min, max) : logScale(1, 10);
}

/** From the middle of each bucket to the next one's; a gap where there is nothing to tell. */
function drawLine(
  { label, style, atMs, bucketMs, values }: Line,
  { left, width, durationMs }: Frame,
  yAt: (value: number) => number,
): string {
  const group = Math.ceil(values.length / MAX_POINTS);
  let path = '';
  let isDrawing = false;
  for (let i = 0; i < values.length; i += group) {
    const value = meanOf(values.slice(i, i + group));
    if (value === null) {
      isDrawing = false;
      continue;
    }
    const endMs = Math.min(durationMs, (atMs[Math.min(values.length, i + group) - 1] as number) + bucketMs);
    const x = left + (width * ((atMs[i] as number) + endMs)) / 2 / durationMs;
    // Begun with a short stroke, as a lone point would else not be seen.
    path += isDrawing ? `L${px(x)} ${px(yAt(value))}` : `M${px(x - 1.5)} ${px(yAt(value))}h3`;
    isDrawing = true;
  }
  return path === '' ? '' : `<path class="line ${style}" d="${path}"><title>${escapeXml(label)}</title></path>`;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
