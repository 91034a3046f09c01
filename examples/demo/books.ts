import {
  type AcceptedLine,
  acceptedFile,
  type DeadLetterLine,
  deadLettersFile,
  type LedgerLine,
  ledgerFile,
  readLedger,
} from './ledger.ts';
import { PARTNERS } from './partners.ts';

/** A rule of the books, and each callback that breaks it. */
export interface Finding {
  readonly rule: string;
  readonly offenders: readonly string[];
}

export interface Books {
  readonly accepted: ReadonlyMap<string, AcceptedLine>;
  readonly dead: ReadonlyMap<string, DeadLetterLine>;
  /** What the receivers got, with the name of the one that wrote it. */
  readonly received: readonly (LedgerLine & { readonly partner: string })[];
  /** The ids that a receiver has answered with a success, and how often. */
  readonly taken: ReadonlyMap<string, number>;
  readonly hopeless: ReadonlySet<string>;
  /** What may be lost: it was in the memory of a process that was killed. */
  readonly excused: ReadonlySet<string>;
}

const isSuccess = ({ answered }: LedgerLine): boolean => answered !== null && answered >= 200 && answered < 300;

export function readBooks(folder: string, excused: ReadonlySet<string> = new Set()): Books {
  const byId = <Line extends { readonly id: string }>(lines: readonly Line[]): ReadonlyMap<string, Line> =>
    new Map(lines.map((line) => [line.id, line]));
  const received = PARTNERS.flatMap(({ name }) =>
    readLedger<LedgerLine>(ledgerFile(folder, name)).map((line) => ({ ...line, partner: name })),
  );
  const taken = new Map<string, number>();
  for (const line of received.filter(isSuccess)) taken.set(line.id, (taken.get(line.id) ?? 0) + 1);
  return {
    accepted: byId(readLedger<AcceptedLine>(acceptedFile(folder))),
    dead: byId(readLedger<DeadLetterLine>(deadLettersFile(folder))),
    received,
    taken,
    hopeless: new Set(PARTNERS.filter(({ hopeless }) => hopeless).map(({ name }) => name)),
    excused,
  };
}

export function audit({ accepted, dead, received, taken, hopeless, excused }: Books): readonly Finding[] {
  const all = [...accepted.values()];
  const ids = (lines: readonly { readonly id: string }[]): readonly string[] => [...new Set(lines.map(({ id }) => id))];
  const firstIdOfEvent = new Map<string, string>();
  for (const { id, event } of received) if (!firstIdOfEvent.has(event)) firstIdOfEvent.set(event, id);
  return [
    {
      rule: 'nothing is lost: what was accepted was taken by its receiver, or is a dead letter',
      offenders: ids(all.filter(({ id }) => !taken.has(id) && !dead.has(id) && !excused.has(id))),
    },
    { rule: 'nothing is both delivered and a dead letter', offenders: ids([...dead.values()].filter(({ id }) => taken.has(id))) },
    {
      rule: 'dead letters are exactly what went to the receivers without hope',
      offenders: [
        ...ids(all.filter(({ id, partner }) => hopeless.has(partner) && !dead.has(id) && !excused.has(id))),
        ...ids([...dead.values()].filter(({ id }) => !hopeless.has(accepted.get(id)?.partner ?? ''))),
      ],
    },
    { rule: 'every signature holds', offenders: ids(received.filter(({ verified }) => !verified)) },
    {
      rule: 'what arrived is what was accepted, byte for byte, at the right receiver',
      offenders: ids(
        received.filter(({ id, event, sha256, partner }) => {
          const line = accepted.get(id);
          return line?.sha256 !== sha256 || line.event !== event || line.partner !== partner;
        }),
      ),
    },
    {
      rule: 'no duplicate that the id can’t tell: one event has one id',
      offenders: ids(received.filter(({ id, event }) => firstIdOfEvent.get(event) !== id)),
    },
  ];
}

/** Each rule in a line, with the first that break it. True when none is broken. */
export function tellFindings(findings: readonly Finding[]): boolean {
  for (const { rule, offenders } of findings) {
    const shown = offenders.length === 0 ? '' : `: ${offenders.slice(0, 5).join(', ')}${offenders.length > 5 ? ', …' : ''}`;
    console.log(`  ${offenders.length === 0 ? 'holds ' : 'BROKEN'}  ${rule}${shown}`);
  }
  return findings.every(({ offenders }) => offenders.length === 0);
}
