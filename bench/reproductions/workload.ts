import { type Random, seededRandom } from 'ringback';
import { exponentialGap, lognormal } from './distributions.ts';

/** Callbacks that can be on their way at once, in either approach. */
export const WORKERS = 16;

const CALLBACKS_AN_EVENT = 3;
const ANSWER_MS = 400;
/** The deviation of an answer's time is its mean: half of all answers take under 283 ms, one in twenty over 1,110 ms. */
const ANSWER_VARIATION = 1;
const FAILING_SHARE = 0.02;
/** So many that no limit of a single destination gets in the way. */
const RECEIVERS = 100;
/** Events before this fill the queue, and are not counted. */
export const WARM_UP_MS = 30_000;

export interface PlannedCallback {
  readonly to: string;
  /** How long the receiver takes for the first attempt, and for every later one. */
  readonly answersMs: readonly [first: number, later: number];
  readonly failsOnce: boolean;
}

export interface PlannedEvent {
  readonly atMs: number;
  readonly callbacks: readonly PlannedCallback[];
}

/**
 * Events at random times, as many after the warm-up as asked for. `load` is the share of the workers that sending keeps busy,
 * second attempts included; at 1 the queue would grow for ever. The same seed gives the same events, whatever approach they meet.
 */
export function planEvents(seed: number, load: number, counted: number): readonly PlannedEvent[] {
  const random = seededRandom(`${seed}, load ${load}`);
  const workMs = CALLBACKS_AN_EVENT * ANSWER_MS * (1 + FAILING_SHARE);
  const gapMs = workMs / (WORKERS * load);
  const events: PlannedEvent[] = [];
  let atMs = exponentialGap(gapMs, random);
  for (let left = counted; left > 0; atMs += exponentialGap(gapMs, random)) {
    events.push({ atMs, callbacks: Array.from({ length: CALLBACKS_AN_EVENT }, () => planCallback(random)) });
    if (atMs >= WARM_UP_MS) left--;
  }
  return events;
}

function planCallback(random: Random): PlannedCallback {
  const answerMs = (): number => lognormal(ANSWER_MS, ANSWER_VARIATION, random);
  return {
    to: `https://receiver-${Math.floor(random() * RECEIVERS)}.example/hooks`,
    answersMs: [answerMs(), answerMs()],
    failsOnce: random() < FAILING_SHARE,
  };
}
