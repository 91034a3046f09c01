import { checkNames, invalidOption } from '../../options.js';
import { isHerd } from '../faults.js';
import type { Series } from '../series.js';
import type { SimulationResult } from '../simulate.js';
import { escapeXml, MAX_COLOURS, px, STYLE, textAt } from './markup.js';
import { drawKey, drawPanel, type Frame, type Line, legendWidth, type Panel } from './panel.js';
import { linearScale, tickText, timeUnit } from './scale.js';

/** A run and what it is called in the picture. */
export interface NamedRun {
  /** 1 to 60 characters. */
  readonly name: string;
  /** What `simulate` gave. */
  readonly result: SimulationResult;
}

/** The width of a README's column. */
const WIDTH = 830;
const LEFT = 56;
const RIGHT = 16;
const PANEL_HEIGHT = 110;
/** Room for a panel's title above it. */
const GAP = 34;
const HEADER_LINE = 22;

/**
 * A picture of one run, or of up to eight over one another, as an SVG of 830 px: readable on light and dark pages, no fonts
 * and no scripts needed. One run shows its rates, latency, load and policies; several show what to compare. Runs that are drawn
 * together should have had the same faults: those of the first are shaded.
 *
 * @throws RingbackError `invalid-option` for what is no run, no name, none or more than eight.
 * @example
 * ```ts
 * import { simulate, toSvg } from 'ringback/simulation';
 *
 * const result = await simulate({
 *   durationMs: 60_000,
 *   arrivals: { kind: 'poisson', perSecond: 50 },
 *   receiver: { workers: 5, service: { kind: 'exponential', meanMs: 50 } },
 *   faults: [{ kind: 'outage', fromMs: 20_000, untilMs: 30_000 }],
 * });
 * const svg = toSvg([{ name: 'the defaults', result }]);
 * console.log(svg.slice(0, 4)); // prints <svg
 * ```
 */
export function toSvg(runs: readonly NamedRun[]): string {
  checkRuns(runs);
  const [first] = runs as [NamedRun, ...NamedRun[]];
  const panels = runs.length === 1 ? panelsOfOne(first.result.series) : panelsOfSeveral(runs);
  const header = runs.length === 1 ? { markup: textAt(LEFT, 24, 'name', first.name), height: 30 } : drawHeader(runs);
  const durationMs = Math.max(...runs.map(({ result }) => result.durationMs));
  const frames = panels.map(
    (_, i): Frame => ({
      left: LEFT,
      top: header.height + GAP + i * (PANEL_HEIGHT + GAP),
      width: WIDTH - LEFT - RIGHT,
      height: PANEL_HEIGHT,
      durationMs,
    }),
  );
  const last = frames.at(-1) as Frame;
  const height = last.top + PANEL_HEIGHT + 44;
  const title = escapeXml(runs.map(({ name }) => name).join(', '));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    `<style>${STYLE}</style><rect class="page" width="${WIDTH}" height="${height}"/>`,
    header.markup,
    ...frames.map((frame, i) => drawFaults(first.result, frame, i === 0)),
    ...panels.map((panel, i) => drawPanel(panel, frames[i] as Frame, runs.length === 1)),
    drawTimeAxis(last),
    '</svg>\n',
  ].join('\n');
}

function checkRuns(runs: readonly NamedRun[]): void {
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > MAX_COLOURS) {
    throw invalidOption('toSvg(runs)', `an array of 1 to ${MAX_COLOURS} runs`, runs);
  }
  for (const [i, run] of runs.entries()) {
    checkNames(`runs[${i}]`, run, ['name', 'result']);
    const { name, result } = run as NamedRun;
    if (typeof name !== 'string' || name.length === 0 || name.length > 60) {
      throw invalidOption(`runs[${i}].name`, 'a string of 1 to 60 characters', name);
    }
    if (!Array.isArray(result?.series?.atMs) || result.series.atMs.length === 0) {
      throw invalidOption(`runs[${i}].result`, 'what simulate gave', result);
    }
  }
}

type Column = Exclude<keyof Series, 'bucketMs' | 'atMs'>;

function lineOf(series: Series, column: Column, label: string, style: string): Line {
  return { label, style, atMs: series.atMs, bucketMs: series.bucketMs, values: series[column] };
}

function panelsOfOne(series: Series): readonly Panel[] {
  const percent = (column: 'circuitsOpen' | 'circuitsRecovering', label: string, style: string): Line => ({
    ...lineOf(series, column, label, style),
    values: series[column].map((share) => (share === null ? null : 100 * share)),
  });
  const panels: readonly Panel[] = [
    {
      title: 'rate (1/s)',
      scale: 'linear',
      lines: [
        lineOf(series, 'offeredPerSecond', 'callbacks offered', 'offered dashed'),
        lineOf(series, 'attemptsPerSecond', 'attempts', 'c1'),
        lineOf(series, 'goodputPerSecond', 'goodput', 'c0'),
      ],
    },
    {
      title: 'latency of what is delivered (ms, log scale)',
      scale: 'log',
      lines: [lineOf(series, 'latencyP50Ms', 'p50', 'c0'), lineOf(series, 'latencyP99Ms', 'p99', 'c1')],
    },
    {
      title: 'attempts in flight and in queue (number)',
      scale: 'linear',
      lines: [lineOf(series, 'inFlight', 'in flight', 'c0'), lineOf(series, 'queue', 'in queue', 'c1')],
    },
    { title: 'concurrency limit (mean, attempts)', scale: 'linear', lines: [lineOf(series, 'limit', 'limit', 'c0')] },
    { title: 'retry budget (mean, tokens)', scale: 'linear', lines: [lineOf(series, 'budget', 'budget', 'c0')] },
    {
      title: 'circuits (% of all)',
      scale: 'linear',
      lines: [percent('circuitsOpen', 'open', 'c1'), percent('circuitsRecovering', 'recovering', 'c2')],
    },
  ];
  // A client that is not ringback's has no limit, budget or circuit to show.
  return panels.filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)));
}

const styleOf = (run: number): string => (run >= 4 ? `c${run} dashed` : `c${run}`);

function panelsOfSeveral(runs: readonly NamedRun[]): readonly Panel[] {
  const each = (column: Column): Line[] => runs.map(({ name, result }, i) => lineOf(result.series, column, name, styleOf(i)));
  const [first] = runs as [NamedRun, ...NamedRun[]];
  const offered = lineOf(first.result.series, 'offeredPerSecond', 'offered', 'offered dashed');
  return [
    { title: 'goodput (callbacks/s)', scale: 'linear', lines: [offered, ...each('goodputPerSecond')] },
    { title: 'attempts (1/s)', scale: 'linear', lines: [offered, ...each('attemptsPerSecond')] },
    { title: 'latency of what is delivered, p99 (ms, log scale)', scale: 'log', lines: each('latencyP99Ms') },
    { title: 'requests in queue (number)', scale: 'linear', lines: each('queue') },
  ];
}

/** The legend of several runs, in as many rows as it takes. */
function drawHeader(runs: readonly NamedRun[]): { readonly markup: string; readonly height: number } {
  const entries = [{ name: 'offered', style: 'offered dashed' }, ...runs.map(({ name }, i) => ({ name, style: styleOf(i) }))];
  let x = LEFT;
  let y = HEADER_LINE;
  let markup = '';
  for (const { name, style } of entries) {
    const width = legendWidth(name);
    if (x > LEFT && x + width > WIDTH - RIGHT) {
      x = LEFT;
      y += HEADER_LINE;
    }
    markup += drawKey(name, style, x, y);
    x += width;
  }
  return { markup, height: y };
}

function drawFaults({ faults }: SimulationResult, { left, top, width, height, durationMs }: Frame, isFirst: boolean): string {
  const xAt = (atMs: number): number => left + (width * Math.min(atMs, durationMs)) / durationMs;
  let freeFrom = Number.NEGATIVE_INFINITY;
  const inOrder = [...faults].sort((a, b) => (isHerd(a) ? a.atMs : a.fromMs) - (isHerd(b) ? b.atMs : b.fromMs));
  return inOrder
    .map((fault) => {
      const x = xAt(isHerd(fault) ? fault.atMs : fault.fromMs);
      const mark = isHerd(fault)
        ? `<path class="herd" d="M${px(x)} ${px(top)}v${height}"/>`
        : `<rect class="fault" x="${px(x)}" y="${px(top)}" width="${px(xAt(fault.untilMs) - x)}" height="${height}"/>`;
      const end = x + 4 + legendWidth(fault.kind) - 38;
      if (!isFirst || x < freeFrom || end > left + width) return mark;
      freeFrom = end;
      return mark + textAt(x + 4, top + 12, '', fault.kind);
    })
    .join('');
}

function drawTimeAxis({ left, top, width, height, durationMs }: Frame): string {
  const unit = timeUnit(durationMs);
  const { ticks } = linearScale(durationMs / unit.ms / 2);
  const step = ticks[1] as number;
  const y = top + height;
  let markup = '';
  for (let i = 0; i * step * unit.ms <= durationMs * (1 + 1e-9); i++) {
    const value = Number((i * step).toPrecision(12));
    const x = left + (width * value * unit.ms) / durationMs;
    markup += `<path class="axis" d="M${px(x)} ${px(y)}v4"/>${textAt(x, y + 17, 'middle', tickText(value))}`;
  }
  return markup + textAt(left + width / 2, y + 35, 'middle', `virtual time (${unit.name})`);
}
