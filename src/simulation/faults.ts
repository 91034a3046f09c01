import { checkNames, invalidOption, numberOption, requiredNumber } from '../options.js';

/** When a fault holds, in virtual ms: from the first, until just before the second. */
export interface FaultWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  /** The number of the only destination that it strikes, from 0. Default: all. */
  readonly destination?: number;
}

/** What goes wrong, and when. */
export type Fault =
  /**
   * The receiver crashes, losing all it held. `refused` (the default) refuses connections at once; `silent` never answers, as a
   * network that drops packets.
   */
  | (FaultWindow & { readonly kind: 'outage'; readonly answers?: 'refused' | 'silent' })
  /** Workers do `capacity` times the work: 0.3 is a brown-out, 2 a receiver that was given more machines. */
  | (FaultWindow & { readonly kind: 'brown-out'; readonly capacity: number })
  /** The share `rate` of requests, 0 to 1, is answered with 500, beside the receiver's own errors. */
  | (FaultWindow & { readonly kind: 'errors'; readonly rate: number })
  /** Every answer takes `addMs` longer on its way. */
  | (FaultWindow & { readonly kind: 'latency'; readonly addMs: number })
  /** `callbacks` more arrive at one instant, spread evenly over the clients. */
  | { readonly kind: 'herd'; readonly atMs: number; readonly callbacks: number };

/** What a destination is like at a moment. */
export interface Conditions {
  readonly outage: 'refused' | 'silent' | undefined;
  readonly capacity: number;
  readonly errorRate: number;
  readonly addMs: number;
}

type WindowedFault = Exclude<Fault, { readonly kind: 'herd' }>;
type Herd = Extract<Fault, { readonly kind: 'herd' }>;

export const FAIR_WEATHER: Conditions = { outage: undefined, capacity: 1, errorRate: 0, addMs: 0 };

/** What a fault has beside its window. */
const OWN: Readonly<Record<WindowedFault['kind'], string>> = Object.freeze({
  __proto__: null as never,
  outage: 'answers',
  'brown-out': 'capacity',
  errors: 'rate',
  latency: 'addMs',
});

const MAX_FAULTS = 1_000;

export function isHerd(fault: Fault): fault is Herd {
  return fault.kind === 'herd';
}

/** Checks faults; they come back as they were. */
export function checkFaults(faults: readonly Fault[], durationMs: number, destinations: number): readonly Fault[] {
  if (!Array.isArray(faults) || faults.length > MAX_FAULTS) {
    throw invalidOption('faults', `an array of at most ${MAX_FAULTS} faults`, faults);
  }
  for (const [i, fault] of faults.entries()) checkFault(`faults[${i}]`, fault, durationMs, destinations);
  return faults.map((fault: Fault) => ({ ...fault }));
}

function checkFault(name: string, fault: Fault, durationMs: number, destinations: number): void {
  const kind: unknown = (fault as Fault | null | undefined)?.kind;
  if (kind === 'herd') {
    const { atMs, callbacks } = fault as Herd;
    checkNames(name, fault, ['kind', 'atMs', 'callbacks']);
    requiredNumber(`${name}.atMs`, atMs, { from: 0, to: durationMs });
    requiredNumber(`${name}.callbacks`, callbacks, { from: 1, to: 1e6, integer: true });
    return;
  }
  const own = OWN[kind as WindowedFault['kind']];
  if (own === undefined) throw invalidOption(`${name}.kind`, 'one of outage, brown-out, errors, latency, herd', kind);
  checkNames(name, fault, ['kind', 'fromMs', 'untilMs', 'destination', own]);
  const windowed = fault as WindowedFault;
  requiredNumber(`${name}.fromMs`, windowed.fromMs, { from: 0, to: durationMs });
  requiredNumber(`${name}.untilMs`, windowed.untilMs, { above: windowed.fromMs });
  numberOption(`${name}.destination`, windowed.destination, 0, { from: 0, to: destinations - 1, integer: true });
  checkOwn(name, windowed);
}

function checkOwn(name: string, fault: WindowedFault): void {
  switch (fault.kind) {
    case 'outage':
      if (!['refused', 'silent', undefined].includes(fault.answers)) {
        throw invalidOption(`${name}.answers`, 'refused or silent', fault.answers);
      }
      return;
    case 'brown-out':
      requiredNumber(`${name}.capacity`, fault.capacity, { above: 0, to: 1_000 });
      return;
    case 'errors':
      requiredNumber(`${name}.rate`, fault.rate, { from: 0, to: 1 });
      return;
    case 'latency':
      requiredNumber(`${name}.addMs`, fault.addMs, { from: 0, to: 1e9 });
  }
}

/** The moments at which some fault begins or ends. */
export function boundariesOf(faults: readonly Fault[]): readonly number[] {
  return [...new Set(faults.flatMap((fault) => (isHerd(fault) ? [] : [fault.fromMs, fault.untilMs])))].sort((a, b) => a - b);
}

/** What the faults make of a destination at a moment. Where several of one kind meet, capacities multiply, latencies add, errors are independent. */
export function conditionsAt(faults: readonly Fault[], destination: number, nowMs: number): Conditions {
  let { outage, capacity, errorRate, addMs } = FAIR_WEATHER;
  for (const fault of faults) {
    if (isHerd(fault) || nowMs < fault.fromMs || nowMs >= fault.untilMs) continue;
    if (fault.destination !== undefined && fault.destination !== destination) continue;
    if (fault.kind === 'outage') outage = fault.answers ?? 'refused';
    else if (fault.kind === 'brown-out') capacity *= fault.capacity;
    else if (fault.kind === 'errors') errorRate = 1 - (1 - errorRate) * (1 - fault.rate);
    else addMs += fault.addMs;
  }
  return { outage, capacity, errorRate, addMs };
}

/** From the first fault's begin to the last one's end, cut to the run; undefined without faults. */
export function spanOf(faults: readonly Fault[], durationMs: number): { fromMs: number; untilMs: number } | undefined {
  if (faults.length === 0) return undefined;
  const from = faults.map((fault) => (isHerd(fault) ? fault.atMs : fault.fromMs));
  const until = faults.map((fault) => (isHerd(fault) ? fault.atMs : fault.untilMs));
  return { fromMs: Math.min(...from), untilMs: Math.min(durationMs, Math.max(...until)) };
}
