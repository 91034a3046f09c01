/**
 * The audit, a program of its own: `node test/soak/real/audit.ts <folder>`. It reads what the receivers wrote and what the workers
 * were told, and exits with 1 when the books don't balance. The rules are the demo's, and those of workers that come and go.
 */
import { table } from '../../../bench/markdown.ts';
import { audit, type Finding, readBooks, tellFindings } from '../../../examples/demo/books.ts';
import { linesIn, type Shift, type ShiftEnd, type ShiftLine, shiftFile, shiftsFile } from './journal.ts';

type Told = ShiftLine['what'];

/** A worker, and the ids that it wrote down, by what it was told of them. */
interface ShiftBook extends Shift {
  readonly ids: Readonly<Record<Told, ReadonlySet<string>>>;
}

function readShift(folder: string, { shift, end }: Shift): ShiftBook {
  const lines = linesIn<ShiftLine>(shiftFile(folder, shift));
  const told = (kind: Told): ReadonlySet<string> => new Set(lines.flatMap(({ id, what }) => (what === kind ? [id] : [])));
  return {
    shift,
    end,
    ids: { accepted: told('accepted'), delivered: told('delivered'), dead: told('dead'), 'handed-back': told('handed-back') },
  };
}

const endsOf = (id: string, { ids }: ShiftBook): number =>
  [ids.delivered, ids.dead, ids['handed-back']].filter((end) => end.has(id)).length;

/** What a killed worker had accepted and not finished. */
const unfinished = (shift: ShiftBook): readonly string[] => [...shift.ids.accepted].filter((id) => endsOf(id, shift) === 0);

/** Lost with a process, as the docs of the outbox say: in the memory of a worker that was killed, and given to no other one. */
function lostWithTheirProcess(shifts: readonly ShiftBook[]): ReadonlySet<string> {
  const lost = new Set<string>();
  for (const shift of shifts) {
    for (const id of shift.ids.accepted) lost.delete(id);
    if (shift.end === 'SIGKILL') for (const id of unfinished(shift)) lost.add(id);
  }
  return lost;
}

function findingsOfShifts(shifts: readonly ShiftBook[], taken: ReadonlyMap<string, number>): readonly Finding[] {
  const closed = shifts.filter(({ end }) => end !== 'SIGKILL');
  return [
    {
      rule: 'each worker that closed accounts for all: accepted = delivered + dead letters + handed back',
      offenders: closed.flatMap((shift) => [...shift.ids.accepted].filter((id) => endsOf(id, shift) !== 1)),
    },
    {
      rule: 'what a worker was told is delivered, its receiver has',
      offenders: shifts.flatMap(({ ids }) => [...ids.delivered].filter((id) => !taken.has(id))),
    },
  ];
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node test/soak/real/audit.ts <folder with the ledgers>');
  process.exit(2);
}
const shifts = linesIn<Shift>(shiftsFile(folder)).map((shift) => readShift(folder, shift));
const excused = lostWithTheirProcess(shifts);
const books = readBooks(folder, excused);
const { accepted, received, taken, dead } = books;

const rows = (['SIGTERM', 'SIGKILL', 'drained'] as const satisfies readonly ShiftEnd[]).map((end) => {
  const ended = shifts.filter((shift) => shift.end === end);
  const sum = (count: (shift: ShiftBook) => number): string => String(ended.reduce((all, shift) => all + count(shift), 0));
  const told = (what: Told): string => sum(({ ids }) => [...ids.accepted].filter((id) => ids[what].has(id)).length);
  return [
    end,
    `${ended.length}`,
    told('accepted'),
    told('delivered'),
    told('dead'),
    told('handed-back'),
    sum((shift) => unfinished(shift).length),
  ];
});
console.log(table([['ended by', 'workers', 'accepted', 'delivered', 'dead letters', 'handed back', 'unfinished'], ...rows]));

console.log(`\naudit of ${accepted.size} accepted callbacks, ${received.length} requests received:`);
const balances = tellFindings([...audit(books), ...findingsOfShifts(shifts, taken)]);
const lost = [...excused].filter((id) => !taken.has(id) && !dead.has(id)).length;
const twice = [...taken.values()].filter((times) => times > 1).length;
console.log(
  `  ${accepted.size} accepted = ${taken.size} delivered (${twice} of them more than once, under one id) + ${dead.size} dead letters + ` +
    `${lost} lost in the memory of processes that were killed`,
);
if (!balances) process.exitCode = 1;
