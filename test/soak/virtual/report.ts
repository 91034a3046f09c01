import { table } from '../../../bench/markdown.ts';
import type { Breach } from './books.ts';
import { type HeapSample, MOST_GROWTH, trendOf } from './heap-series.ts';
import type { VirtualSoakResult } from './soak.ts';

/** A line of the account, in words and figures, and whether it holds. */
export interface Line {
  readonly what: string;
  readonly figure: string;
  readonly holds: boolean;
}

const lineOf = (what: string, figure: string | number, holds: boolean): Line => ({
  what,
  figure: typeof figure === 'number' ? written(figure) : figure,
  holds,
});

/** All that has to be true of a run. */
export function linesOf(result: VirtualSoakResult): readonly Line[] {
  const { settings, attempts, running, depth, lettersKept, closed, handedBackTwice, breaches, left, samples } = result;
  const { accepted, delivered, dead, cancelled, waiting } = running;
  const { middleBytes, lastBytes, growth } = trendOf(samples);
  return [
    lineOf(
      'attempts made, of those asked for',
      `${written(attempts)} of ${written(settings.attempts)}`,
      attempts >= settings.attempts,
    ),
    lineOf(
      'accepted = delivered + dead + cancelled + waiting',
      `${sum(accepted)} = ${sum(delivered, dead, cancelled, waiting)}`,
      accepted > 0 && accepted === delivered + dead + cancelled + waiting,
    ),
    lineOf('waiting = what the outbox says that it holds', `${sum(waiting)} = ${sum(depth)}`, waiting === depth),
    lineOf(
      'dead letters neither replayed, purged nor dropped = what the outbox keeps',
      `${sum(running.lettersKept)} = ${sum(lettersKept)}`,
      running.lettersKept === lettersKept,
    ),
    lineOf(
      'after `close`: accepted = delivered + dead + cancelled + handed back',
      `${sum(closed.accepted)} = ${sum(closed.delivered, closed.dead, closed.cancelled, closed.handedBack)}`,
      closed.accepted === closed.delivered + closed.dead + closed.cancelled + closed.handedBack && closed.waiting === 0,
    ),
    lineOf(
      'calls of `deliver` = receipts + errors',
      `${sum(closed.direct)} = ${sum(closed.receipts, closed.failed)}`,
      closed.direct === closed.receipts + closed.failed,
    ),
    none('callbacks with two ends, or an end and no acceptance', closed.contradictory + handedBackTwice),
    none('told as delivered, and no receiver has it', closed.toldUntaken),
    none('taken and answered by its receiver, and not told as delivered', closed.takenUntold),
    ...breaches.map(brokenRule),
    none('timers left', left.timers),
    none('listeners left on signals that callers handed over', left.listeners),
    none('calls of `deliver` left', left.delivering),
    lineOf(
      `heap: the last third's median at most ${MOST_GROWTH * 100} % above the middle third's`,
      `${megabytes(middleBytes)} → ${megabytes(lastBytes)} MB, ${(100 * growth).toFixed(1)} %`,
      growth <= MOST_GROWTH,
    ),
  ];
}

const none = (what: string, count: number): Line => lineOf(what, count, count === 0);

function brokenRule({ rule, count, examples }: Breach): Line {
  return lineOf(`broken: ${rule}`, count === 0 ? '0' : `${written(count)} (${examples.join(', ')}, …)`, count === 0);
}

/** What was run, what became of it, and the heap once a day: as Markdown, which reads well on a terminal too. */
export function renderVirtualSoak(result: VirtualSoakResult): string {
  const { settings, callbacks, destinations, samples } = result;
  const { seed, days } = settings;
  const lines = linesOf(result);
  const title =
    `Seed ${seed}: ${written(callbacks)} callbacks to ${written(settings.destinations)} destinations at a time, ` +
    `${written(destinations)} in all, over ${days} virtual days.`;
  return [title, renderLines(lines), renderHeap(samples.filter(({ day }) => Number.isInteger(day)))].join('\n\n');
}

function renderLines(lines: readonly Line[]): string {
  return table([
    ['what', 'figures', ''],
    ...lines.map(({ what, figure, holds }) => [what, figure, holds ? 'holds' : '**BROKEN**']),
  ]);
}

function renderHeap(samples: readonly HeapSample[]): string {
  const head = ['day', 'attempts', 'waiting', 'dead letters kept', 'live heap, MB'];
  const rows = samples.map(({ day, attempts, waiting, deadLetters, liveBytes }) => [
    written(day),
    written(attempts),
    written(waiting),
    written(deadLetters),
    megabytes(liveBytes),
  ]);
  return table([head, ...rows]);
}

const written = (value: number): string => value.toLocaleString('en-US');
const sum = (...values: readonly number[]): string => values.map(written).join(' + ');
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
