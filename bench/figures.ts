/** What the benchmark measures, topic by topic: the contract between those who measure and those who judge, print and draw. */
import type { Topic } from './topics.ts';

/** One thing that is measured of every candidate of a topic. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
}

export const NS_A_CALL: Measure = { name: 'time', unit: 'ns a call', better: 'less' };
/** Of the candidate's process alone, all its threads; only of rounds that say how many operations they were. */
export const CPU: Measure = { name: 'CPU', unit: 'µs CPU each', better: 'less' };
/** Of the candidate's process from its start: Node, and what strips the types of the benchmark's files, take some 100 MB of it. */
export const PEAK_MEMORY: Measure = { name: 'peak memory', unit: 'MB resident, at most', better: 'less' };
/** By a call and the `await` on it. */
export const ALLOCATED: Measure = { name: 'allocated', unit: 'bytes allocated', better: 'less' };
/** Of the heap, once all that can go is gone. */
export const BYTES_EACH: Measure = { name: 'bytes', unit: 'bytes a destination at rest', better: 'less' };

export const ENQUEUE_P99: Measure = { name: 'taken p99', unit: 'µs until taken in, p99', better: 'less' };
/** Minified by esbuild, compressed by brotli. */
export const BUNDLE: Measure = { name: 'bundle', unit: 'KB brotli, without dependencies', better: 'less' };
export const BUNDLE_WITH_DEPENDENCIES: Measure = { name: 'whole bundle', unit: 'KB brotli, with them', better: 'less' };
export const MEGABYTES: Measure = { name: 'megabytes', unit: 'MB on disk', better: 'less' };
export const PACKAGES: Measure = { name: 'packages', unit: 'packages', better: 'less' };

/** One measure of one candidate over all rounds. */
export interface Figure {
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly rounds: number;
}

/** Candidates that did the same thing in the same rounds; what they are compared in is the first measure. */
export interface TopicFigures {
  readonly measures: readonly Measure[];
  /** What a reader must know of this run: which server there was, what was left out and why. */
  readonly remark?: string;
  readonly candidates: Readonly<Record<string, CandidateFigures>>;
}

/** By the name of the measure. */
export type CandidateFigures = Readonly<Record<string, Figure>>;

export type Measurements = Readonly<Partial<Record<Topic, TopicFigures>>>;

/** The quartile that ratios and targets compare, the better one: noise only ever makes a round worse, and the best may be a fluke. */
export function compared({ better }: Measure, { lowerQuartile, upperQuartile }: Figure): number {
  return better === 'less' ? lowerQuartile : upperQuartile;
}

/** The names that targets compare; candidates beside them are there to look at. */
export const BARE_AWAIT = 'bare await';
export const HAND_WRITTEN = 'hand-written, seven parts in one frame';
export const RINGBACK = 'ringback, all seven parts';
export const COCKATIEL = 'cockatiel, wrap of four';
export const COCKATIEL_BREAKER = 'cockatiel, circuit breaker';
export const BARE_HMAC = 'createHmac on a cached key';
export const STANDARD_WEBHOOKS = 'ringback standardWebhooks, v1';
export const REFERENCE_SIGNER = 'standardwebhooks, the package';
export const BARE_REQUEST = 'undici.request on a Pool';
export const DELIVER = 'ringback deliver, signed';
export const COCKATIEL_REQUEST = 'cockatiel + standardwebhooks + undici.request';
export const QUEUE = 'p-queue around a no-op';
export const QUEUE_AROUND_DELIVER = 'p-queue around ringback deliver';
export const ENQUEUE = 'ringback enqueue';
export const FEW_DESTINATIONS = 'ringback, 10 destinations';
export const MANY_DESTINATIONS = 'ringback, 100,000 destinations';
export const MOST_DESTINATIONS = 'ringback, 1,000,000 destinations';

/** How long a run takes. `quick` shows that everything runs; its figures are too few to judge by. */
export interface Size {
  readonly rounds: number;
  /** How long one candidate of a micro benchmark runs in one round. */
  readonly sliceMs: number;
  /** Fewer, longer rounds than elsewhere, as connections and queues must settle in each. */
  readonly httpRounds: number;
  readonly requestsPerRound: number;
  /** Origins that are called seldom, and the time in which each gets one call. */
  readonly origins: number;
  readonly originsPassMs: number;
  readonly deliveriesPerRound: number;
  /** How many destinations stand for many. */
  readonly destinations: number;
}

/** Many short rounds rather than few long ones: on a busy machine a short one can pass undisturbed, whatever its candidate. */
export const SIZES: Readonly<Record<'full' | 'quick', Size>> = {
  full: {
    rounds: 121,
    sliceMs: 10,
    httpRounds: 41,
    requestsPerRound: 2_000,
    origins: 5_000,
    originsPassMs: 60_000,
    deliveriesPerRound: 5_000,
    destinations: 100_000,
  },
  quick: {
    rounds: 2,
    sliceMs: 2,
    httpRounds: 2,
    requestsPerRound: 200,
    origins: 50,
    originsPassMs: 500,
    deliveriesPerRound: 500,
    destinations: 1_000,
  },
};
