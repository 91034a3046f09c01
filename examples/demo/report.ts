import { PARTNERS } from './partners.ts';
import { percentile, type Tally } from './tally.ts';

const HEADINGS = ['receiver', 'accepted', 'delivered', 'dead', 'attempts', 'load', 'p50 ms', 'p99 ms', 'openings', 'shed', ''];

/** The table at the end, one line per receiver. `load` is attempts per callback: how much more than asked it had to bear. */
export function reportTable(tally: Tally): string {
  const rows = PARTNERS.map(({ name, behaves }) => {
    const { accepted, delivered, dead, attempts, shed, breakerOpenings, latenciesMs } = tally[name];
    const load = accepted === 0 ? '-' : `${(attempts / accepted).toFixed(2)} ×`;
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(latenciesMs, share)?.toFixed(0) ?? '-');
    return [name, accepted, delivered, dead, attempts, load, p50, p99, breakerOpenings, shed, behaves].map(String);
  });
  const table = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => (row[column] as string).length)));
  const isText = (column: number): boolean => column === 0 || column === HEADINGS.length - 1;
  return table
    .map((row) =>
      row
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
