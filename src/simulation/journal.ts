import { Histogram } from './histogram.js';
import type { SimulatedCallback } from './request.js';
import { TimeAverage } from './time-average.js';

/** What was counted in a stretch of time, each at the moment it happened. */
export interface Counts {
  offered: number;
  attempts: number;
  delivered: number;
  failed: number;
}

const noCounts = (): Counts => ({ offered: 0, attempts: 0, delivered: 0, failed: 0 });

/** What happened to the callbacks of one destination. */
export interface DestinationCounts {
  offered: number;
  delivered: number;
  readonly latency: Histogram;
}

/** Counts what happens in a run: in all, before, during and after its faults, for each client and each destination. */
export class Journal {
  readonly total: Counts = noCounts();
  readonly before: Counts = noCounts();
  readonly during: Counts = noCounts();
  readonly after: Counts = noCounts();
  readonly latency: Histogram = new Histogram();
  /** Of what was delivered since the series last cleared it. */
  readonly recentLatency: Histogram = new Histogram();
  readonly inFlight: TimeAverage = new TimeAverage();
  readonly deliveredByClient: Float64Array;
  readonly destinations: readonly DestinationCounts[];
  /** What the receiver worked on answers that delivered a callback. */
  usefulWorkMs = 0;
  lastDeliveredAtMs: number | undefined = undefined;
  readonly #fromMs: number;
  readonly #untilMs: number;

  /** @param faults the span of all faults: at its begin `during` begins, at its end `after` */
  constructor(clients: number, destinations: number, faults: { readonly fromMs: number; readonly untilMs: number } | undefined) {
    this.deliveredByClient = new Float64Array(clients);
    this.destinations = Array.from({ length: destinations }, () => ({ offered: 0, delivered: 0, latency: new Histogram() }));
    this.#fromMs = faults?.fromMs ?? Number.POSITIVE_INFINITY;
    this.#untilMs = faults?.untilMs ?? Number.POSITIVE_INFINITY;
  }

  /** Callbacks that were offered and have not ended. */
  get unfinished(): number {
    return this.total.offered - this.total.delivered - this.total.failed;
  }

  offered({ destination, offeredAtMs }: SimulatedCallback): void {
    this.total.offered++;
    this.#phase(offeredAtMs).offered++;
    this.#of(destination).offered++;
  }

  attempted(nowMs: number): void {
    this.total.attempts++;
    this.#phase(nowMs).attempts++;
    this.inFlight.add(1, nowMs);
  }

  delivered({ client, destination, offeredAtMs, servedMs }: SimulatedCallback, nowMs: number): void {
    const latencyMs = nowMs - offeredAtMs;
    this.total.delivered++;
    this.#phase(nowMs).delivered++;
    this.usefulWorkMs += servedMs;
    this.lastDeliveredAtMs = nowMs;
    this.deliveredByClient[client] = (this.deliveredByClient[client] as number) + 1;
    this.latency.add(latencyMs);
    this.recentLatency.add(latencyMs);
    const counts = this.#of(destination);
    counts.delivered++;
    counts.latency.add(latencyMs);
  }

  failed(nowMs: number): void {
    this.total.failed++;
    this.#phase(nowMs).failed++;
  }

  #phase(nowMs: number): Counts {
    if (nowMs < this.#fromMs) return this.before;
    return nowMs < this.#untilMs ? this.during : this.after;
  }

  #of(destination: number): DestinationCounts {
    return this.destinations[destination] as DestinationCounts;
  }
}
