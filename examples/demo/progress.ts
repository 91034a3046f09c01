import type { WriteStream } from 'node:tty';
import { PARTNERS } from './partners.ts';
import { type Tally, total } from './tally.ts';

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 1_000;
const BAR_WIDTH = 30;

/** Shows how far the run is: bars that move on a terminal, a line a second where there is none. */
export function showProgress(tally: Tally, expected: Readonly<Record<string, number>>, out: WriteStream): { stop(): void } {
  const startedMs = performance.now();
  let drawnLines = 0;
  const draw = (): void => {
    const seconds = (performance.now() - startedMs) / 1_000;
    if (!out.isTTY) {
      out.write(`${plainLine(tally, seconds)}\n`);
      return;
    }
    const lines = [...PARTNERS.map(({ name }) => barLine(name, tally, expected[name] ?? 0)), plainLine(tally, seconds)];
    const up = drawnLines === 0 ? '' : `\u001b[${drawnLines}A`;
    out.write(up + lines.map((line) => `\u001b[2K${line}\n`).join(''));
    drawnLines = lines.length;
  };
  const timer = setInterval(draw, out.isTTY ? REDRAW_MS : PLAIN_LINE_MS);
  draw();
  return {
    stop: () => {
      clearInterval(timer);
      draw();
    },
  };
}

function barLine(name: keyof Tally, tally: Tally, expected: number): string {
  const { delivered, dead, attempts } = tally[name];
  const share = expected === 0 ? 1 : (delivered + dead) / expected;
  const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
  return `${name.padEnd(8)} ${bar} ${delivered + dead}/${expected} after ${attempts} attempts`;
}

function plainLine(tally: Tally, seconds: number): string {
  const [accepted, delivered, dead] = [total(tally, 'accepted'), total(tally, 'delivered'), total(tally, 'dead')];
  const open = accepted - delivered - dead;
  return `${seconds.toFixed(1).padStart(5)} s  ${accepted} accepted, ${delivered} delivered, ${dead} dead letters, ${open} on their way`;
}
