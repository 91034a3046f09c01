import type { ObservedClient } from './client.js';
import type { Counts, Journal } from './journal.js';

/**
 * A run over time, in buckets of `bucketMs` (the last may be shorter): each array has one number for each. `null` stands where there
 * is nothing to tell: no latency where nothing was delivered, no limit without a limiter or in a client that is not ringback's.
 */
export interface Series {
  readonly bucketMs: number;
  /** Virtual ms at which each bucket begins. */
  readonly atMs: readonly number[];
  /** Callbacks that arrived, a second. */
  readonly offeredPerSecond: readonly number[];
  /** Requests that were sent to the receiver, a second. */
  readonly attemptsPerSecond: readonly number[];
  /** Callbacks that were delivered, a second. */
  readonly goodputPerSecond: readonly number[];
  /** Callbacks that were given up, a second. */
  readonly failedPerSecond: readonly number[];
  /** Attempts that some caller waits for, on average over the bucket. */
  readonly inFlight: readonly number[];
  /** Requests in all receivers' queues, on average over the bucket. */
  readonly queue: readonly number[];
  /** The concurrency limit, the mean of all pipelines at the bucket's end. */
  readonly limit: readonly (number | null)[];
  /** Tokens in the retry budget, the mean of all pipelines at the bucket's end. */
  readonly budget: readonly (number | null)[];
  /** The share of circuits that are open at the bucket's end. */
  readonly circuitsOpen: readonly (number | null)[];
  /** The share of circuits that are half-open or ramp up at the bucket's end. */
  readonly circuitsRecovering: readonly (number | null)[];
  /** From arrival to delivery, of what was delivered in the bucket: the median. */
  readonly latencyP50Ms: readonly (number | null)[];
  /** The same: what 1 in 100 exceeds. */
  readonly latencyP99Ms: readonly (number | null)[];
}

type Column = Exclude<keyof Series, 'bucketMs'>;

/** A series that still grows. */
type Growing = { readonly [Name in Column]: (number | null)[] };

/** Writes one row at the end of each bucket. */
export class SeriesRecorder {
  readonly #journal: Journal;
  readonly #rows: Growing = {
    atMs: [],
    offeredPerSecond: [],
    attemptsPerSecond: [],
    goodputPerSecond: [],
    failedPerSecond: [],
    inFlight: [],
    queue: [],
    limit: [],
    budget: [],
    circuitsOpen: [],
    circuitsRecovering: [],
    latencyP50Ms: [],
    latencyP99Ms: [],
  };
  #counted: Counts = { offered: 0, attempts: 0, delivered: 0, failed: 0 };
  #inFlightArea = 0;
  #queueArea = 0;
  #sinceMs = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Ends the bucket at `nowMs`. `queueArea` is what stood in queues, times ms, since the start. */
  endBucket(nowMs: number, queueArea: number, clients: Iterable<ObservedClient>): void {
    const lengthMs = nowMs - this.#sinceMs;
    if (lengthMs <= 0) return;
    const { total, inFlight, recentLatency } = this.#journal;
    const perSecond = (name: keyof Counts): number => ((total[name] - this.#counted[name]) * 1_000) / lengthMs;
    const inFlightArea = inFlight.areaAt(nowMs);
    const isEmpty = recentLatency.count === 0;
    this.#push({
      atMs: this.#sinceMs,
      offeredPerSecond: perSecond('offered'),
      attemptsPerSecond: perSecond('attempts'),
      goodputPerSecond: perSecond('delivered'),
      failedPerSecond: perSecond('failed'),
      inFlight: (inFlightArea - this.#inFlightArea) / lengthMs,
      queue: (queueArea - this.#queueArea) / lengthMs,
      ...meanGauges(clients, nowMs),
      latencyP50Ms: isEmpty ? null : recentLatency.quantileMs(0.5),
      latencyP99Ms: isEmpty ? null : recentLatency.quantileMs(0.99),
    });
    recentLatency.clear();
    this.#counted = { ...total };
    this.#inFlightArea = inFlightArea;
    this.#queueArea = queueArea;
    this.#sinceMs = nowMs;
  }

  series(bucketMs: number): Series {
    // Only the gauges and the latencies are ever null.
    return { bucketMs, ...this.#rows } as Series;
  }

  #push(row: Readonly<Record<Column, number | null>>): void {
    for (const [name, column] of Object.entries(this.#rows)) column.push(rounded(row[name as Column]));
  }
}

/** Six digits are more than a simulation means, and a quarter of the file. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}

type GaugeColumn = 'limit' | 'budget' | 'circuitsOpen' | 'circuitsRecovering';

function meanGauges(clients: Iterable<ObservedClient>, nowMs: number): Record<GaugeColumn, number | null> {
  const limits = { sum: 0, count: 0 };
  const budgets = { sum: 0, count: 0 };
  const circuits = { open: 0, recovering: 0, count: 0 };
  for (const client of clients) {
    const gauges = client.gauges?.(nowMs);
    if (gauges?.limit !== undefined) {
      limits.sum += gauges.limit;
      limits.count++;
    }
    if (gauges?.budget !== undefined) {
      budgets.sum += gauges.budget;
      budgets.count++;
    }
    if (gauges?.circuit !== undefined) {
      circuits.count++;
      if (gauges.circuit !== 'closed') circuits[gauges.circuit]++;
    }
  }
  return {
    limit: mean(limits.sum, limits.count),
    budget: mean(budgets.sum, budgets.count),
    circuitsOpen: mean(circuits.open, circuits.count),
    circuitsRecovering: mean(circuits.recovering, circuits.count),
  };
}

const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);
