import { checkNames, invalidOption, numberOption, requiredNumber } from '../options.js';
import { type Arrivals, arrivalTimes } from './arrivals.js';
import { clientFactory, type MakeClient, type SimulatedPipeline } from './client.js';
import { checkFaults, type Fault } from './faults.js';
import { type ReceiverOptions, receiverPlan } from './receiver.js';
import { Run, type RunPlan } from './run.js';
import type { Series } from './series.js';
import type { Summary } from './summary.js';

/** Settings of {@link simulate}. */
export interface SimulationOptions {
  /** The same seed gives the same run, byte for byte. Default 1. */
  readonly seed?: number | string;
  /** How long the run lasts, in virtual ms; what is unfinished then is counted as such. At most a year. */
  readonly durationMs: number;
  /** How many clients share the arrivals, each with its own pipeline; 1 to 100,000. Default 1. */
  readonly clients?: number;
  /** When callbacks arrive, at all clients together. */
  readonly arrivals: Arrivals;
  /** What they are sent to. */
  readonly receiver: ReceiverOptions;
  /** What goes wrong, and when. Default: nothing. */
  readonly faults?: readonly Fault[];
  /** Settings as for `resiliencePipeline`, or a function that makes a client of your own. Default: the defaults of `resiliencePipeline`. */
  readonly pipeline?: SimulatedPipeline | MakeClient;
  /** The length of a bucket of the series, in virtual ms. Default 1,000, or a 3,600th of a run of more than an hour. */
  readonly bucketMs?: number;
}

/** A run over time, and what it came to. Plain JSON. */
export interface SimulationResult {
  readonly durationMs: number;
  readonly faults: readonly Fault[];
  readonly series: Series;
  readonly summary: Summary;
}

const NAMES = ['seed', 'durationMs', 'clients', 'arrivals', 'receiver', 'faults', 'pipeline', 'bucketMs'];
const YEAR_MS = 366 * 24 * 3_600_000;
const MAX_BUCKETS = 100_000;
const BUCKETS_BY_DEFAULT = 3_600;

/**
 * Runs the real policies against a receiver that can fall over, in virtual time: try a configuration against an outage before
 * you ship it. No sockets, no waiting; a hundred thousand callbacks take a few seconds.
 *
 * @throws RingbackError `invalid-option`, as a rejection, for an option that is unknown or out of range; what `pipeline` throws when it is asked for a client.
 * @example
 * ```ts
 * import { simulate } from 'ringback/simulation';
 *
 * const { summary } = await simulate({
 *   durationMs: 60_000,
 *   clients: 10,
 *   arrivals: { kind: 'poisson', perSecond: 50 },
 *   receiver: { workers: 5, service: { kind: 'exponential', meanMs: 50 } },
 *   faults: [{ kind: 'outage', fromMs: 20_000, untilMs: 30_000 }],
 *   pipeline: { retry: { maxAttempts: 3 } },
 * });
 * console.log(summary.during !== null && summary.during.loadAmplification < 2); // prints true
 * ```
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const plan = runPlan(options);
  const result = await new Run(plan).result();
  return { durationMs: plan.durationMs, faults: plan.faults, ...result };
}

function runPlan(options: SimulationOptions): RunPlan {
  checkNames('simulate', options, NAMES);
  const { seed = 1 } = options;
  if (typeof seed !== 'string' && !Number.isFinite(seed)) throw invalidOption('seed', 'a finite number or a string', seed);
  const durationMs = requiredNumber('durationMs', options.durationMs, { above: 0, to: YEAR_MS });
  const bucketMs = Math.max(1_000, Math.ceil(durationMs / BUCKETS_BY_DEFAULT));
  const receiver = receiverPlan(options.receiver);
  return {
    seed,
    durationMs,
    bucketMs: numberOption('bucketMs', options.bucketMs, bucketMs, { from: durationMs / MAX_BUCKETS, above: 0 }),
    clients: numberOption('clients', options.clients, 1, { from: 1, to: 100_000, integer: true }),
    arrivals: arrivalTimes(options.arrivals, durationMs),
    spreadsAtRandom: options.arrivals.kind === 'poisson',
    receiver,
    faults: checkFaults(options.faults ?? [], durationMs, receiver.destinations),
    clientFactory: clientFactory(options.pipeline ?? {}),
  };
}
