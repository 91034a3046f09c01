import type { Ringback } from 'ringback';
import { PARTNERS, type PartnerName } from './partners.ts';

/** What has happened to one partner's callbacks. */
export interface PartnerTally {
  accepted: number;
  delivered: number;
  dead: number;
  attempts: number;
  shed: number;
  breakerOpenings: number;
  /** From acceptance to delivery. */
  readonly latenciesMs: number[];
}

export type Tally = Readonly<Record<PartnerName, PartnerTally>>;

const empty = (): PartnerTally => ({
  accepted: 0,
  delivered: 0,
  dead: 0,
  attempts: 0,
  shed: 0,
  breakerOpenings: 0,
  latenciesMs: [],
});

/** Counts what an instance tells by its events. `partnerOf` knows whose destination it is. */
export function keepTally(ringback: Ringback, partnerOf: (destination: string) => PartnerName): Tally {
  const tally = Object.fromEntries(PARTNERS.map(({ name }) => [name, empty()])) as unknown as Tally;
  const of = ({ destination }: { readonly destination: string }): PartnerTally => tally[partnerOf(destination)];
  ringback.on('attempt', (event) => {
    if (event.record.outcome !== 'shed') of(event).attempts++;
  });
  ringback.on('delivered', (event) => {
    const { latenciesMs } = of(event);
    of(event).delivered++;
    latenciesMs.push(event.receipt.deliveredAtMs - event.receipt.acceptedAtMs);
  });
  ringback.on('dead-letter', (event) => {
    of(event).dead++;
  });
  ringback.on('shed', (event) => {
    of(event).shed++;
  });
  ringback.on('circuit', (event) => {
    if (event.state === 'open') of(event).breakerOpenings++;
  });
  return tally;
}

/** The sum of one figure over all partners. */
export function total(tally: Tally, figure: Exclude<keyof PartnerTally, 'latenciesMs'>): number {
  return Object.values(tally).reduce((sum, partner) => sum + partner[figure], 0);
}

/** The value that a share of all is not above, by nearest rank; undefined of none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
