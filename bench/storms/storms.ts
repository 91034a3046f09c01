import type { Fault, ReceiverOptions, SimulationOptions } from 'ringback/simulation';
import { COCKATIEL, EXPONENTIAL, FIXED, NAIVE, NO_RETRIES, RINGBACK, UNLIMITED } from './clients.ts';

/** What happens to a receiver and its callers. */
export interface Storm {
  readonly id: string;
  readonly title: string;
  readonly simulation: Omit<SimulationOptions, 'seed' | 'pipeline'>;
  /** The worst of it, in virtual ms: where figures are of a while, they are of this one. */
  readonly worst: { readonly fromMs: number; readonly untilMs: number };
  /** When arrivals end: what is on its way then still has time to end. */
  readonly arrivalsEndMs: number;
  /** When the receiver's capacity changes, and to what, where more arrives than it can answer; ascending. */
  readonly capacities?: readonly { readonly fromMs: number; readonly perSecond: number }[];
  /** So many of the destinations are bad, the first ones. Default none. */
  readonly badDestinations?: number;
  /** Rows that it says nothing about. */
  readonly without?: readonly string[];
}

/** A full queue is 20 s of work, and callers wait 10 s: what stands at its end is done for nobody. */
const RECEIVER = {
  workers: 5,
  service: { kind: 'exponential', meanMs: 100 },
  maxQueue: 1_000,
} as const;

/** What a receiver can answer at best. */
export const capacityPerSecond = ({ workers, service }: ReceiverOptions): number => (workers * 1_000) / service.meanMs;

/** Few enough that each sees what happens: a circuit breaker and a retry budget need calls to judge by. */
const CLIENTS = 5;

const poisson = (load: number, untilMs: number) =>
  ({ kind: 'poisson', perSecond: load * capacityPerSecond(RECEIVER), untilMs }) as const;

const BROWN_OUT_CAPACITY = 0.3;

/** What the receiver can do at best while it is browned out. */
export const BROWN_OUT_PER_SECOND = BROWN_OUT_CAPACITY * capacityPerSecond(RECEIVER);

const OUTAGE: Storm = {
  id: 'outage',
  title: 'A full outage of 60 s at 70 % load',
  worst: { fromMs: 30_000, untilMs: 90_000 },
  arrivalsEndMs: 270_000,
  simulation: {
    // Seven minutes from the outage's end.
    durationMs: 510_000,
    clients: CLIENTS,
    arrivals: poisson(0.7, 270_000),
    receiver: RECEIVER,
    faults: [{ kind: 'outage', fromMs: 30_000, untilMs: 90_000 }],
  },
};

const METASTABLE: Storm = {
  id: 'metastable',
  title: 'A short trigger at 85 % load: for 20 s a tenth of the capacity',
  worst: { fromMs: 30_000, untilMs: 50_000 },
  arrivalsEndMs: 200_000,
  simulation: {
    durationMs: 600_000,
    clients: CLIENTS,
    arrivals: poisson(0.85, 200_000),
    receiver: RECEIVER,
    faults: [{ kind: 'brown-out', capacity: 0.1, fromMs: 30_000, untilMs: 50_000 }],
  },
};

const TRANSIENT_ERRORS: Storm = {
  id: 'transient-errors',
  title: '5 % of answers are errors, at 50 % load',
  worst: { fromMs: 0, untilMs: 240_000 },
  arrivalsEndMs: 240_000,
  simulation: {
    // Time enough for four attempts of `enqueue`, the last one half an hour after the third.
    durationMs: 2_700_000,
    bucketMs: 1_000,
    clients: CLIENTS,
    arrivals: poisson(0.5, 240_000),
    receiver: { ...RECEIVER, errorRate: 0.05 },
  },
};

const BROWN_OUT: Storm = {
  id: 'brown-out',
  title: 'A brown-out to 30 % of the capacity for 60 s, at 70 % load',
  worst: { fromMs: 30_000, untilMs: 90_000 },
  arrivalsEndMs: 200_000,
  simulation: {
    durationMs: 600_000,
    clients: CLIENTS,
    arrivals: poisson(0.7, 200_000),
    receiver: RECEIVER,
    faults: [{ kind: 'brown-out', capacity: BROWN_OUT_CAPACITY, fromMs: 30_000, untilMs: 90_000 }],
  },
};

const RATE_LIMIT: Storm = {
  id: 'rate-limit',
  title: 'A limit of 40 a second with Retry-After, at 35 a second and 150 more at once',
  // The crowd comes within a bucket: what happens at a bucket's edge is counted in the one before.
  worst: { fromMs: 30_000, untilMs: 60_000 },
  arrivalsEndMs: 150_000,
  simulation: {
    durationMs: 600_000,
    clients: CLIENTS,
    arrivals: poisson(0.7, 150_000),
    receiver: { ...RECEIVER, rateLimit: { perSecond: 40 } },
    faults: [{ kind: 'herd', atMs: 30_500, callbacks: 150 }],
  },
};

/** 20 times the receiver, so that ten seconds would do for all if they came in line. */
const HERD: Storm = {
  id: 'herd',
  title: 'A herd: 10,000 clients send one callback each at the same moment',
  // With one call each, there is nothing to limit.
  without: [UNLIMITED],
  worst: { fromMs: 0, untilMs: 60_000 },
  arrivalsEndMs: 60_000,
  simulation: {
    durationMs: 600_000,
    // Waves come close to one another.
    bucketMs: 500,
    clients: 10_000,
    arrivals: { kind: 'recorded', atMs: [] },
    receiver: { ...RECEIVER, workers: 20 * RECEIVER.workers, maxQueue: 2_000 },
    faults: [{ kind: 'herd', atMs: 0, callbacks: 10_000 }],
  },
};

/** Constant service, so that what is answered a second tells the capacity and not its noise. */
const CHANGING_CAPACITY: Storm = {
  id: 'changing-capacity',
  title: 'A receiver whose capacity halves and doubles, under 120 callbacks a second of 100 clients',
  worst: { fromMs: 60_000, untilMs: 120_000 },
  arrivalsEndMs: 300_000,
  capacities: [
    { fromMs: 60_000, perSecond: 25 },
    { fromMs: 120_000, perSecond: 50 },
    { fromMs: 180_000, perSecond: 100 },
    { fromMs: 240_000, perSecond: 50 },
  ],
  // They fail all alike, at four times the work.
  without: [NAIVE, FIXED, EXPONENTIAL],
  simulation: {
    durationMs: 300_000,
    clients: 100,
    arrivals: { kind: 'poisson', perSecond: 120 },
    receiver: { ...RECEIVER, service: { kind: 'constant', meanMs: 100 } },
    faults: [
      { kind: 'brown-out', capacity: 0.5, fromMs: 60_000, untilMs: 120_000 },
      { kind: 'brown-out', capacity: 2, fromMs: 180_000, untilMs: 240_000 },
    ],
  },
};

const ALL_WELL: Storm = {
  id: 'all-well',
  title: '100 destinations, and all are well',
  worst: { fromMs: 30_000, untilMs: 90_000 },
  arrivalsEndMs: 120_000,
  // Their clients share nothing between destinations, so nothing could spread.
  without: [NO_RETRIES, FIXED, EXPONENTIAL, COCKATIEL, RINGBACK, UNLIMITED],
  simulation: {
    durationMs: 600_000,
    clients: 1,
    arrivals: { kind: 'poisson', perSecond: 100, untilMs: 120_000 },
    receiver: { ...RECEIVER, destinations: 100 },
  },
};

/** All is well but for so many destinations, which take requests and answer none. */
function silentDestinations(badDestinations: number): Omit<Storm, 'id' | 'title'> {
  const silent = (_: unknown, destination: number): Fault => ({
    kind: 'outage',
    answers: 'silent',
    destination,
    fromMs: 30_000,
    untilMs: 90_000,
  });
  const faults = Array.from({ length: badDestinations }, silent);
  return { ...ALL_WELL, badDestinations, simulation: { ...ALL_WELL.simulation, faults } };
}

const ONE_BAD_DESTINATION: Storm = {
  ...silentDestinations(1),
  id: 'one-bad-destination',
  title: '100 destinations, and one answers nothing for 60 s',
};

/** As when a provider falls with whom many have their endpoints. */
const MANY_BAD_DESTINATIONS: Storm = {
  ...silentDestinations(20),
  id: 'many-bad-destinations',
  title: '100 destinations, and twenty answer nothing for 60 s',
};

export const STORMS: readonly Storm[] = [
  OUTAGE,
  METASTABLE,
  TRANSIENT_ERRORS,
  BROWN_OUT,
  CHANGING_CAPACITY,
  RATE_LIMIT,
  HERD,
  ALL_WELL,
  ONE_BAD_DESTINATION,
  MANY_BAD_DESTINATIONS,
];
