import type { SimulationResult } from 'ringback/simulation';
import { capacityPerSecond, type Storm } from './storms.ts';

/** One figure over all seeds; null stands for never, which is more than any number. */
export interface Spread {
  readonly least: number | null;
  readonly median: number | null;
  readonly most: number | null;
}

/** What is read off a run. Shares are in percent. */
export const MEASURES = [
  'deliveredShare',
  'undelivered',
  'attempts',
  'loadAmplification',
  'loadAmplificationWhile',
  'goodputWhile',
  'goodputAfter',
  'recoveryMs',
  'wastedShare',
  'fairness',
  'latencyP99Ms',
  'allDeliveredMs',
  'risingWave',
  'offCapacity',
  'othersP99Ms',
  'othersDelivered',
] as const;
export type Measure = (typeof MEASURES)[number];
export type Measured = Readonly<Record<Measure, number | null>>;

export interface RowResult {
  readonly name: string;
  readonly figures: Readonly<Record<Measure, Spread>>;
}

export interface StormResult {
  readonly id: string;
  readonly seeds: number;
  readonly rows: readonly RowResult[];
}

export function measure({ series, summary }: SimulationResult, storm: Storm): Measured {
  const { worst, arrivalsEndMs, simulation } = storm;
  const { offered, delivered } = summary;
  const meanOver = (rates: readonly number[], fromMs: number, untilMs: number): number =>
    mean(rates.filter((_, i) => (series.atMs[i] as number) >= fromMs && (series.atMs[i] as number) < untilMs));
  const offeredWhile = meanOver(series.offeredPerSecond, worst.fromMs, worst.untilMs);
  const others = summary.destinations.slice(storm.badDestinations ?? 0);
  return {
    deliveredShare: (100 * delivered) / offered,
    undelivered: offered - delivered,
    attempts: summary.attempts,
    loadAmplification: summary.loadAmplification,
    loadAmplificationWhile: meanOver(series.attemptsPerSecond, worst.fromMs, worst.untilMs) / offeredWhile,
    goodputWhile: meanOver(series.goodputPerSecond, worst.fromMs, worst.untilMs),
    goodputAfter: meanOver(series.goodputPerSecond, worst.untilMs, arrivalsEndMs),
    recoveryMs: simulation.faults === undefined ? 0 : summary.timeToRecoverMs,
    wastedShare: 100 * summary.wastedWorkShare,
    fairness: summary.fairness,
    latencyP99Ms: summary.latencyMs.p99,
    allDeliveredMs: delivered === offered ? summary.lastDeliveredAtMs : null,
    risingWave: risingWave(series.attemptsPerSecond, capacityPerSecond(simulation.receiver)),
    offCapacity: offCapacity(storm, (fromMs, untilMs) => meanOver(series.goodputPerSecond, fromMs, untilMs)),
    othersP99Ms: mean(others.map(({ latencyP99Ms }) => latencyP99Ms)),
    othersDelivered: mean(others.map(({ delivered }) => delivered)),
  };
}

/**
 * How many times its forerunner's peak a wave's peak is, at most; 0 where there are fewer than two. A wave is a stretch of buckets
 * with more attempts than the receiver can answer.
 */
export function risingWave(attemptsPerSecond: readonly number[], capacityPerSecond: number): number {
  const peaks: number[] = [];
  let isWave = false;
  for (const attempts of attemptsPerSecond) {
    const wasWave = isWave;
    isWave = attempts > capacityPerSecond;
    if (!isWave) continue;
    if (!wasWave) peaks.push(0);
    peaks[peaks.length - 1] = Math.max(peaks.at(-1) as number, attempts);
  }
  return Math.max(0, ...peaks.slice(1).map((peak, i) => peak / (peaks[i] as number)));
}

const SETTLES_IN_MS = 30_000;
const WINDOW_MS = 10_000;

/** How far goodput is off the receiver's capacity at most, in percent: over 10 s at a time, from 30 s after each change on. */
function offCapacity(
  { capacities = [], arrivalsEndMs }: Storm,
  goodputOver: (fromMs: number, untilMs: number) => number,
): number {
  const shares = capacities.flatMap(({ fromMs, perSecond }, i) => {
    const untilMs = capacities[i + 1]?.fromMs ?? arrivalsEndMs;
    const windows = Math.floor((untilMs - fromMs - SETTLES_IN_MS) / WINDOW_MS);
    return Array.from({ length: windows }, (_, window) => {
      const atMs = fromMs + SETTLES_IN_MS + window * WINDOW_MS;
      return Math.abs(goodputOver(atMs, atMs + WINDOW_MS) / perSecond - 1);
    });
  });
  return 100 * Math.max(0, ...shares);
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sums up a row's runs, one for each seed; at least one. */
export function rowResult(name: string, runs: readonly Measured[]): RowResult {
  const figures = MEASURES.map((measure) => [measure, spreadOf(runs.map((run) => run[measure]))]);
  return { name, figures: Object.fromEntries(figures) };
}

/** The upper median where there are two: a run that never recovered must not be averaged away. */
export function spreadOf(values: readonly (number | null)[]): Spread {
  const sorted = values.toSorted((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY));
  const at = (i: number): number | null => {
    const value = sorted[i] as number | null;
    return value === null ? null : Number(value.toPrecision(6));
  };
  return { least: at(0), median: at(Math.floor(sorted.length / 2)), most: at(sorted.length - 1) };
}
