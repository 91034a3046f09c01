import type { Random } from 'ringback';

const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What comes of one request, before time passes over it. */
export type Reply =
  | 'takes'
  /** Takes the callback, and the connection is reset before its answer is through. */
  | 'takes-unheard'
  | 'errors'
  | 'is-limited'
  | 'refuses'
  | 'hangs';

/** How a receiver is when no outage is on: how often it fails, and in which ways. */
interface Temper {
  readonly share: number;
  readonly replies: readonly (readonly [reply: Reply, chance: number])[];
  readonly meanLatencyMs: number;
}

const TEMPERS: readonly Temper[] = [
  { share: 0.52, replies: [['errors', 0.002]], meanLatencyMs: 80 },
  {
    share: 0.2,
    replies: [
      ['errors', 0.15],
      ['refuses', 0.05],
    ],
    meanLatencyMs: 120,
  },
  { share: 0.1, replies: [['is-limited', 0.2]], meanLatencyMs: 60 },
  { share: 0.06, replies: [['hangs', 0.05]], meanLatencyMs: 2_500 },
  {
    share: 0.06,
    replies: [
      ['takes-unheard', 0.1],
      ['errors', 0.05],
    ],
    meanLatencyMs: 150,
  },
  {
    share: 0.06,
    replies: [
      ['hangs', 0.2],
      ['takes-unheard', 0.02],
    ],
    meanLatencyMs: 400,
  },
];

const OUTAGES: readonly Reply[] = ['refuses', 'errors', 'hangs', 'takes-unheard', 'is-limited'];
const MEAN_UP_MS = 1.5 * DAY_MS;
/** Most outages are short; one in eight takes hours. */
const SHORT_OUTAGE_MS = 4 * MINUTE_MS;
const LONG_OUTAGE_MS = 10 * HOUR_MS;
const SHARE_LONG = 0.125;

/** One destination while it exists: a temper for life, and outages that come and go. */
export class Receiver {
  readonly #random: Random;
  readonly #temper: Temper;
  #outage: Reply | undefined = undefined;
  #changesAtMs: number;
  /** The ordered callback that came last: none before it may come any more. */
  lastOrdered = -1;

  constructor(random: Random, nowMs: number) {
    this.#random = random;
    this.#temper = drawTemper(random);
    this.#changesAtMs = nowMs + exponential(random, MEAN_UP_MS);
  }

  reply(nowMs: number): Reply {
    this.#live(nowMs);
    if (this.#outage !== undefined) return this.#outage;
    let rest = this.#random();
    for (const [reply, chance] of this.#temper.replies) {
      rest -= chance;
      if (rest < 0) return reply;
    }
    return 'takes';
  }

  latencyMs(): number {
    return 1 + exponential(this.#random, this.#temper.meanLatencyMs);
  }

  /** What has begun and ended since the last request. */
  #live(nowMs: number): void {
    const random = this.#random;
    while (this.#changesAtMs <= nowMs) {
      const begins = this.#outage === undefined;
      this.#outage = begins ? OUTAGES[Math.floor(random() * OUTAGES.length)] : undefined;
      const outageMs = random() < SHARE_LONG ? LONG_OUTAGE_MS : SHORT_OUTAGE_MS;
      this.#changesAtMs += 1 + exponential(random, begins ? outageMs : MEAN_UP_MS);
    }
  }
}

function drawTemper(random: Random): Temper {
  let rest = random();
  for (const temper of TEMPERS) {
    rest -= temper.share;
    if (rest < 0) return temper;
  }
  return TEMPERS[0] as Temper;
}

export const exponential = (random: Random, meanMs: number): number => -Math.log(1 - random()) * meanMs;
