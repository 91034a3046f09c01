/** What the benchmark measures, topic by topic: the contract between those who measure and those who judge and print. */

/** One candidate's cost over all rounds. Lower is better. */
export interface Figure {
  /** What is compared: a quarter of the rounds were cheaper. Noise only ever adds cost, and a minimum may be a fluke. */
  readonly lowerQuartile: number;
  readonly median: number;
  readonly min: number;
  readonly rounds: number;
}

/** Candidates that did the same thing in the same rounds. */
export interface TopicFigures {
  readonly unit: string;
  readonly candidates: Readonly<Record<string, Figure>>;
}

export const TOPICS = [
  'no-op',
  'signal',
  'refusal',
  'signing',
  'verifying',
  'http',
  'destinations',
  'smallest',
  'memory',
] as const;
export type Topic = (typeof TOPICS)[number];

export type Measurements = Readonly<Partial<Record<Topic, TopicFigures>>>;

/** The names that targets compare; candidates beside them are there to look at. */
export const BARE_AWAIT = 'bare await';
export const RINGBACK = 'ringback, all seven parts';
export const COCKATIEL = 'cockatiel, wrap of four';
export const COCKATIEL_BREAKER = 'cockatiel, circuit breaker';
export const BARE_HMAC = 'createHmac on a cached key';
export const STANDARD_WEBHOOKS = 'ringback standardWebhooks, v1';
export const REFERENCE_SIGNER = 'standardwebhooks, the package';
export const BARE_REQUEST = 'undici.request on a Pool';
export const DELIVER = 'ringback deliver, signed';
export const COCKATIEL_REQUEST = 'cockatiel wrap of four + standardwebhooks + undici.request';
export const FEW_DESTINATIONS = 'deliver, signed, 10 destinations';
export const MANY_DESTINATIONS = 'deliver, signed, 100,000 destinations';
export const SMALLEST_TO_FEW = 'deliver, smallest, 10 destinations';
export const SMALLEST_TO_MANY = 'deliver, smallest, 100,000 destinations';
export const IDLE_DESTINATION = 'one idle destination of 100,000';

/** How long a run takes. `quick` shows that everything runs; its figures are too few to judge by. */
export interface Size {
  readonly rounds: number;
  /** How long one candidate of a micro benchmark runs in one round. */
  readonly sliceMs: number;
  readonly requestsPerRound: number;
  readonly deliveriesPerRound: number;
  /** How many destinations stand for many. */
  readonly destinations: number;
}

/** Many short rounds rather than few long ones: on a busy machine a short one can pass undisturbed, whatever its candidate. */
export const SIZES: Readonly<Record<'full' | 'quick', Size>> = {
  full: { rounds: 121, sliceMs: 10, requestsPerRound: 1_500, deliveriesPerRound: 5_000, destinations: 100_000 },
  quick: { rounds: 2, sliceMs: 2, requestsPerRound: 200, deliveriesPerRound: 500, destinations: 1_000 },
};
