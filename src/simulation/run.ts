import type { Random } from '../random.js';
import { seededRandom } from '../random.js';
import { VirtualTime } from '../virtual-time.js';
import type { ArrivalTimes } from './arrivals.js';
import type { ClientFactory, ObservedClient, Send } from './client.js';
import { Destination } from './destination.js';
import { boundariesOf, conditionsAt, type Fault, isHerd, spanOf } from './faults.js';
import { Journal } from './journal.js';
import { Receiver, type ReceiverPlan } from './receiver.js';
import { Request, type SimulatedCallback } from './request.js';
import { type Series, SeriesRecorder } from './series.js';
import { type Summary, summarize } from './summary.js';

/** Simulation options, checked. */
export interface RunPlan {
  readonly seed: number | string;
  readonly durationMs: number;
  readonly bucketMs: number;
  readonly clients: number;
  readonly spreadsAtRandom: boolean;
  readonly arrivals: ArrivalTimes;
  readonly receiver: ReceiverPlan;
  readonly faults: readonly Fault[];
  readonly clientFactory: ClientFactory;
}

/** Virtual wall-clock time begins on a day of its own, so that no run depends on today. */
const STARTS_AT_MS = Date.UTC(2025, 0, 1);

/** Callbacks that clients hold at once. A client that never gives up would else fill the memory; what is above it fails. */
const MAX_UNFINISHED = 200_000;

/** One run: clients, receivers and faults on one virtual clock. */
export class Run {
  readonly #plan: RunPlan;
  readonly #time = new VirtualTime(STARTS_AT_MS);
  readonly #journal: Journal;
  readonly #recorder: SeriesRecorder;
  readonly #destinations: readonly Destination[];
  readonly #clients = new Map<number, ObservedClient>();
  readonly #makeClient: ReturnType<ClientFactory>;
  readonly #spread: Random;
  #turn = 0;

  constructor(plan: RunPlan) {
    this.#plan = plan;
    this.#journal = new Journal(plan.clients, plan.receiver.destinations, spanOf(plan.faults, plan.durationMs));
    this.#recorder = new SeriesRecorder(this.#journal);
    this.#destinations = Array.from({ length: plan.receiver.destinations }, (_, i) => {
      const receiver = new Receiver<Request>(plan.receiver, this.#random(`service ${i}`));
      return new Destination(receiver, plan.receiver, this.#time, this.#random(`errors ${i}`));
    });
    this.#makeClient = plan.clientFactory(this.#time, this.#random('pipelines'));
    this.#spread = this.#random('spread');
  }

  async result(): Promise<{ readonly series: Series; readonly summary: Summary }> {
    const { durationMs, faults, receiver, bucketMs } = this.#plan;
    this.#scheduleFaults();
    this.#scheduleBuckets();
    this.#scheduleArrivals();
    await this.#time.run(durationMs);
    this.#endBucket();
    const series = this.#recorder.series(bucketMs);
    const receivers = this.#destinations.map((destination) => destination.receiver);
    const span = spanOf(faults, durationMs);
    const record = { journal: this.#journal, receivers, workers: receiver.workers, series, durationMs, faults: span };
    return { series, summary: summarize(record) };
  }

  /** Each part draws from a stream of its own: another client must not change when callbacks arrive. */
  #random(stream: string): Random {
    return seededRandom(`${this.#plan.seed} ${stream}`);
  }

  #scheduleFaults(): void {
    const { faults } = this.#plan;
    for (const atMs of boundariesOf(faults)) {
      this.#time.setTimer(() => {
        for (const [i, destination] of this.#destinations.entries()) destination.change(conditionsAt(faults, i, atMs));
      }, atMs);
    }
    for (const fault of faults) {
      if (!isHerd(fault)) continue;
      this.#time.setTimer(() => {
        for (let i = 0; i < fault.callbacks; i++) this.#offer(i % this.#plan.clients);
      }, fault.atMs);
    }
  }

  /** Before all arrivals, so that what comes at a bucket's very end is counted in the next. */
  #scheduleBuckets(): void {
    const { bucketMs, durationMs } = this.#plan;
    for (let i = 1; i * bucketMs < durationMs; i++) this.#time.setTimer(() => this.#endBucket(), i * bucketMs);
  }

  #endBucket(): void {
    const nowMs = this.#time.monotonic();
    let queueArea = 0;
    for (const { receiver } of this.#destinations) queueArea += receiver.queued.areaAt(nowMs);
    this.#recorder.endBucket(nowMs, queueArea, this.#clients.values());
  }

  /** One timer at a time, however many callbacks are to come. */
  #scheduleArrivals(): void {
    const times = this.#plan.arrivals(this.#random('arrivals'));
    const next = (): void => {
      const { value: atMs, done } = times.next();
      if (done) return;
      this.#time.setTimer(() => {
        this.#offer(this.#nextClient());
        next();
      }, atMs - this.#time.monotonic());
    };
    next();
  }

  #nextClient(): number {
    const { clients, spreadsAtRandom } = this.#plan;
    return spreadsAtRandom ? Math.floor(this.#spread() * clients) : this.#turn++ % clients;
  }

  #offer(client: number): void {
    const { destinations } = this.#plan.receiver;
    const destination = destinations === 1 ? 0 : Math.floor(this.#spread() * destinations);
    const callback: SimulatedCallback = { client, destination, offeredAtMs: this.#time.monotonic(), servedMs: -1 };
    this.#journal.offered(callback);
    if (this.#journal.unfinished > MAX_UNFINISHED) this.#journal.failed(callback.offeredAtMs);
    else void this.#deliver(callback, this.#client(client, destination));
  }

  async #deliver(callback: SimulatedCallback, client: ObservedClient): Promise<void> {
    const send: Send = (context) => this.#send(callback, context?.signal);
    try {
      await client.execute(send);
    } catch {
      callback.servedMs = -1;
    }
    const nowMs = this.#time.monotonic();
    // A client may resolve with something instead of an answer (a fallback): that delivers nothing.
    if (callback.servedMs >= 0) this.#journal.delivered(callback, nowMs);
    else this.#journal.failed(nowMs);
  }

  #client(client: number, destination: number): ObservedClient {
    const key = client * this.#destinations.length + destination;
    let made = this.#clients.get(key);
    if (made === undefined) {
      const environment = { clock: this.#time, random: this.#random(`client ${key}`), client, destination };
      made = this.#makeClient(environment);
      this.#clients.set(key, made);
    }
    return made;
  }

  #send(callback: SimulatedCallback, signal: AbortSignal | undefined): ReturnType<Send> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      this.#journal.attempted(this.#time.monotonic());
      const request = new Request(callback, signal, this.#left, resolve, reject);
      (this.#destinations[callback.destination] as Destination).send(request);
    });
  }

  readonly #left = (): void => this.#journal.inFlight.add(-1, this.#time.monotonic());
}
