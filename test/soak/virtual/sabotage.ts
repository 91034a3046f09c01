import type { Transport } from 'ringback';
import { sabotage } from '../../../examples/demo/sabotage.ts';

/** A way to break what the soak is to find: it must end with 1 then, or it proves nothing. */
export type Sabotage = (typeof SABOTAGES)[number];
export const SABOTAGES = ['loss', 'leak', 'listener'] as const;

/** The callbacks whose number this divides are lost. */
const LOST_OF = 1_000;
const LEAKED_AN_HOUR = 100_000;

/** What is to run instead, and what it does each virtual hour. */
export interface Damage {
  readonly transport: Transport;
  eachHour(signals: readonly AbortSignal[]): void;
}

export function sabotaged(kind: Sabotage | undefined, transport: Transport): Damage {
  const kept: number[][] = [];
  switch (kind) {
    case 'loss':
      return { transport: sabotage(transport, (id) => Number(id.slice(1)) % LOST_OF === 0), eachHour: () => {} };
    case 'leak':
      return { transport, eachHour: () => void kept.push(new Array<number>(LEAKED_AN_HOUR).fill(0)) };
    case 'listener':
      return { transport, eachHour: (signals) => signals.at(-1)?.addEventListener('abort', () => {}) };
    default:
      return { transport, eachHour: () => {} };
  }
}
