import type { Counts, Journal } from './journal.js';
import type { Receiver } from './receiver.js';
import type { Request } from './request.js';
import type { Series } from './series.js';

/** A stretch of a run. */
export interface Phase {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Callbacks that arrived in it. */
  readonly offered: number;
  /** Requests sent in it, whenever their callbacks arrived. */
  readonly attempts: number;
  /** Callbacks delivered in it, whenever they arrived. */
  readonly delivered: number;
  /** Requests sent for each callback that arrived; 0 when none did. */
  readonly loadAmplification: number;
  readonly goodputPerSecond: number;
}

/** Latency from arrival to delivery, of what was delivered; within 2 %, the mean exact. */
export interface LatencySummary {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a run came to. */
export interface Summary {
  /** Callbacks that arrived: `delivered + failed + unfinished`. */
  readonly offered: number;
  readonly delivered: number;
  /** Given up by the client. */
  readonly failed: number;
  /** Still on their way when the run ended. */
  readonly unfinished: number;
  /** Requests that were sent to the receiver. */
  readonly attempts: number;
  /** Attempts for each callback: 1 without any retry. */
  readonly loadAmplification: number;
  readonly goodputPerSecond: number;
  readonly latencyMs: LatencySummary;
  /** Virtual ms of the last delivery; null when there was none. */
  readonly lastDeliveredAtMs: number | null;
  /** What the receiver's workers did for nobody, in ms: for callers who gave up, for answers of 500, and what an outage cut short. */
  readonly wastedWorkMs: number;
  /** Its share of all the work that was done, 0 to 1. */
  readonly wastedWorkShare: number;
  /** Jain's index over what was delivered for each client: 1 when all got the same, 1/n when one got all. */
  readonly fairness: number;
  readonly receiver: {
    /** Requests that a worker began. */
    readonly started: number;
    /** What these had waited for a worker, on average. */
    readonly meanWaitMs: number;
    /** Requests in queue, on average over the run. */
    readonly meanQueue: number;
    /** The share of the workers that was busy, on average over the run. */
    readonly utilization: number;
  };
  /** Until the first fault begins; the whole run without faults. */
  readonly before: Phase;
  /** From the first fault's begin to the last one's end. */
  readonly during: Phase | null;
  readonly after: Phase | null;
  /**
   * From the last fault's end to the begin of the first five buckets in which, together, at least 95 % as much was delivered as
   * arrived; null when that never came, or there was no fault.
   */
  readonly timeToRecoverMs: number | null;
  /** By their number. */
  readonly destinations: readonly {
    readonly offered: number;
    readonly delivered: number;
    readonly latencyP50Ms: number;
    readonly latencyP99Ms: number;
  }[];
}

/** What a summary is made from. */
export interface RunRecord {
  readonly journal: Journal;
  readonly receivers: readonly Receiver<Request>[];
  readonly workers: number;
  readonly series: Series;
  readonly durationMs: number;
  readonly faults: { readonly fromMs: number; readonly untilMs: number } | undefined;
}

export function summarize(run: RunRecord): Summary {
  const { journal, durationMs, faults } = run;
  const { total, latency } = journal;
  const workedMs = sumOf(run.receivers, ({ workedMs }) => workedMs);
  const wastedWorkMs = Math.max(0, workedMs - journal.usefulWorkMs);
  return {
    ...total,
    unfinished: journal.unfinished,
    loadAmplification: ratio(total.attempts, total.offered),
    goodputPerSecond: ratio(total.delivered, durationMs / 1_000),
    latencyMs: { mean: latency.meanMs, p50: latency.quantileMs(0.5), p99: latency.quantileMs(0.99), max: latency.maxMs },
    lastDeliveredAtMs: journal.lastDeliveredAtMs ?? null,
    wastedWorkMs,
    wastedWorkShare: ratio(wastedWorkMs, workedMs),
    fairness: jainIndex(journal.deliveredByClient),
    receiver: receiverSummary(run),
    before: phase(journal.before, 0, faults?.fromMs ?? durationMs),
    during: faults === undefined ? null : phase(journal.during, faults.fromMs, faults.untilMs),
    after: faults === undefined ? null : phase(journal.after, faults.untilMs, durationMs),
    timeToRecoverMs: faults === undefined ? null : timeToRecoverMs(run.series, faults.untilMs),
    destinations: journal.destinations.map(({ offered, delivered, latency: own }) => ({
      offered,
      delivered,
      latencyP50Ms: own.quantileMs(0.5),
      latencyP99Ms: own.quantileMs(0.99),
    })),
  };
}

function receiverSummary({ receivers, workers, durationMs }: RunRecord): Summary['receiver'] {
  const started = sumOf(receivers, (receiver) => receiver.started);
  const busyArea = sumOf(receivers, ({ busy }) => busy.areaAt(durationMs));
  return {
    started,
    meanWaitMs: ratio(
      sumOf(receivers, ({ waitedMs }) => waitedMs),
      started,
    ),
    meanQueue: sumOf(receivers, ({ queued }) => queued.areaAt(durationMs)) / durationMs,
    utilization: busyArea / (durationMs * workers * receivers.length),
  };
}

function phase({ offered, attempts, delivered }: Counts, fromMs: number, untilMs: number): Phase {
  return {
    fromMs,
    untilMs,
    offered,
    attempts,
    delivered,
    loadAmplification: ratio(attempts, offered),
    goodputPerSecond: ratio(delivered, (untilMs - fromMs) / 1_000),
  };
}

const RECOVERED_SHARE = 0.95;
const BUCKETS_TO_TELL = 5;

/** From a fault's end to the begin of the first five buckets that together deliver 95 % of what arrives in them. */
export function timeToRecoverMs(
  { atMs, offeredPerSecond, goodputPerSecond }: Pick<Series, 'atMs' | 'offeredPerSecond' | 'goodputPerSecond'>,
  faultEndMs: number,
): number | null {
  for (let i = 0; i + BUCKETS_TO_TELL <= atMs.length; i++) {
    const fromMs = atMs[i] as number;
    if (fromMs < faultEndMs) continue;
    const offered = sumOf(offeredPerSecond.slice(i, i + BUCKETS_TO_TELL), (rate) => rate);
    const delivered = sumOf(goodputPerSecond.slice(i, i + BUCKETS_TO_TELL), (rate) => rate);
    if (offered > 0 && delivered >= RECOVERED_SHARE * offered) return fromMs - faultEndMs;
  }
  return null;
}

/** Jain's fairness index, `(Σx)² / (n · Σx²)`; 1 when nobody got anything. */
export function jainIndex(shares: Iterable<number>): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const share of shares) {
    count++;
    sum += share;
    squares += share * share;
  }
  return squares === 0 ? 1 : (sum * sum) / (count * squares);
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
