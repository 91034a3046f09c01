import type { IBackoff, IRetryBackoffContext } from 'cockatiel';
import { checkNames, invalidOption, numberOption } from '../options.js';
import { type Random, systemRandom } from '../random.js';

/**
 * How long to wait before the next attempt: a pure function of what went before and of randomness. It is a cockatiel
 * `IBackoffFactory` too (on `systemRandom`), so it also fits cockatiel's own `retry`.
 */
export interface Backoff {
  /**
   * The delay in ms before attempt `attempt + 1`, or undefined when there is to be none.
   *
   * @param attempt the attempt that just ended, from 1
   * @param previousDelayMs the delay before that attempt; 0 for the first
   */
  delayMs(attempt: number, previousDelayMs: number, random: Random): number | undefined;
  /** cockatiel's contract. It can't end a retry: past the end of a schedule the last delay repeats until `maxAttempts`. */
  next(context: IRetryBackoffContext<unknown>): IBackoff<IRetryBackoffContext<unknown>>;
}

/** Delays above a year are a mistake in units. */
const MAX_DELAY_MS = 366 * 24 * 3_600_000;

function backoff(delayMs: Backoff['delayMs']): Backoff {
  const after = (previousDelayMs: number) => (context: IRetryBackoffContext<unknown>) => {
    const duration = delayMs(context.attempt, previousDelayMs, systemRandom) ?? previousDelayMs;
    return { duration, next: after(duration) };
  };
  return { delayMs, next: after(0) };
}

function requiredMs(name: string, value: unknown, fromMs = 0): number {
  if (value === undefined) throw invalidOption(name, `a finite number from ${fromMs} to ${MAX_DELAY_MS}`, value);
  return numberOption(name, value, 0, { from: fromMs, to: MAX_DELAY_MS });
}

/** The base and cap that growing delays have in common. */
function range(owner: string, options: { readonly baseMs: number; readonly capMs: number }): [baseMs: number, capMs: number] {
  const baseMs = requiredMs(`${owner}.baseMs`, options.baseMs, 1);
  return [baseMs, requiredMs(`${owner}.capMs`, options.capMs, baseMs)];
}

/** Spreads a delay evenly by a share of itself, up and down. */
const spread = (delayMs: number, share: number, random: Random): number => delayMs * (1 - share + 2 * share * random());

/**
 * Decorrelated jitter: each delay is drawn evenly between the base and three times the one before, or the cap where that is
 * less. The one to start with: it spreads a herd of clients widest, and clients that keep failing wait longer.
 *
 * AWS's published formula draws up to three times the last and then cuts at the cap, so that after a dozen attempts a quarter
 * of its delays are exactly the cap. This one draws below the cap: jitter survives it.
 *
 * @param options.baseMs the shortest delay, in ms, at least 1
 * @param options.capMs the longest delay, in ms, at least the base
 * @throws RingbackError `invalid-option` for a value out of range or an unknown name.
 * @example
 * ```ts
 * import { decorrelatedJitter, seededRandom } from 'ringback';
 *
 * const backoff = decorrelatedJitter({ baseMs: 200, capMs: 10_000 });
 * const delayMs = backoff.delayMs(1, 0, seededRandom(1)) ?? 0;
 * console.log(delayMs >= 200 && delayMs <= 600); // true
 * ```
 */
export function decorrelatedJitter(options: { readonly baseMs: number; readonly capMs: number }): Backoff {
  checkNames('decorrelatedJitter', options, ['baseMs', 'capMs']);
  const [baseMs, capMs] = range('decorrelatedJitter', options);
  return backoff((_attempt, previousDelayMs, random) => {
    const highMs = Math.min(capMs, 3 * Math.max(baseMs, previousDelayMs));
    return baseMs + random() * (highMs - baseMs);
  });
}

/** Settings of {@link exponential}. */
export interface ExponentialOptions {
  /** The first delay, before jitter, in ms, at least 1. */
  readonly baseMs: number;
  /** What each delay is multiplied by to give the next, at least 1. Default 2. */
  readonly factor?: number;
  /** The longest delay, in ms, at least the base. */
  readonly capMs: number;
  /**
   * `full`: anything from 0 to the delay. `equal`: at least half of it. `none`: exactly it, so that clients which failed together
   * come back together; for a single client. Default `full` (AWS).
   */
  readonly jitter?: 'none' | 'full' | 'equal';
}

/**
 * Exponential backoff: `min(capMs, baseMs × factor ^ (attempt - 1))`, with jitter. Choose it where a partner's documentation
 * asks for it.
 *
 * @throws RingbackError `invalid-option` for a value out of range or an unknown name.
 * @example
 * ```ts
 * import { exponential, systemRandom } from 'ringback';
 *
 * const backoff = exponential({ baseMs: 100, capMs: 1_000, jitter: 'none' });
 * console.log([1, 2, 3, 4, 5].map((attempt) => backoff.delayMs(attempt, 0, systemRandom))); // [ 100, 200, 400, 800, 1000 ]
 * ```
 */
export function exponential(options: ExponentialOptions): Backoff {
  checkNames('exponential', options, ['baseMs', 'factor', 'capMs', 'jitter']);
  const [baseMs, capMs] = range('exponential', options);
  const factor = numberOption('exponential.factor', options.factor, 2, { from: 1, to: 100 });
  const floor = { none: 1, equal: 0.5, full: 0 }[options.jitter ?? 'full'];
  if (floor === undefined) throw invalidOption('exponential.jitter', "'none', 'full' or 'equal'", options.jitter);
  return backoff((attempt, _previousDelayMs, random) => {
    const delayMs = Math.min(capMs, baseMs * factor ** (attempt - 1));
    return floor === 1 ? delayMs : delayMs * (floor + (1 - floor) * random());
  });
}

/**
 * The same delay each time, give or take a share. For a partner with a stated pace; it does not slow down while things get
 * worse.
 *
 * @param options.delayMs the delay in ms
 * @param options.jitter how far a delay may be off, as a share from 0 to 1. Default 0.2 (Svix)
 * @throws RingbackError `invalid-option` for a value out of range or an unknown name.
 * @example
 * ```ts
 * import { constant, systemRandom } from 'ringback';
 *
 * console.log(constant({ delayMs: 1_000, jitter: 0 }).delayMs(1, 0, systemRandom)); // 1000
 * ```
 */
export function constant(options: { readonly delayMs: number; readonly jitter?: number }): Backoff {
  checkNames('constant', options, ['delayMs', 'jitter']);
  const delayMs = requiredMs('constant.delayMs', options.delayMs);
  const jitter = numberOption('constant.jitter', options.jitter, 0.2, { from: 0, to: 1 });
  return backoff((_attempt, _previousDelayMs, random) => spread(delayMs, jitter, random));
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The delays of the example schedule in the Standard Webhooks specification, for {@link schedule}: 5 s, 5 m, 30 m, 2 h, 5 h,
 * 10 h, 14 h, 20 h, 24 h. The specification's leading 0 is the first attempt itself, so these make ten attempts over 75 hours.
 */
export const STANDARD_WEBHOOKS_SCHEDULE_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/**
 * A fixed schedule, as webhook senders publish them. `delaysMs[0]` is the wait before the second attempt, and so on; after the
 * last there is no further attempt.
 *
 * @param delaysMs at most 99 delays in ms. An empty list means one attempt only
 * @param options.jitter how far a delay may be off, as a share from 0 to 1. Default 0.2 (Svix)
 * @throws RingbackError `invalid-option` for a value out of range or an unknown name.
 * @example
 * ```ts
 * import { schedule, STANDARD_WEBHOOKS_SCHEDULE_MS, systemRandom } from 'ringback';
 *
 * const backoff = schedule(STANDARD_WEBHOOKS_SCHEDULE_MS, { jitter: 0 });
 * console.log(backoff.delayMs(1, 0, systemRandom), backoff.delayMs(10, 0, systemRandom)); // 5000 undefined
 * ```
 */
export function schedule(delaysMs: readonly number[], options: { readonly jitter?: number } = {}): Backoff {
  if (!Array.isArray(delaysMs) || delaysMs.length > 99)
    throw invalidOption('schedule', 'an array of at most 99 delays', delaysMs);
  checkNames('schedule', options, ['jitter']);
  const checkedMs = delaysMs.map((delayMs, index) => requiredMs(`schedule[${index}]`, delayMs));
  const jitter = numberOption('schedule.jitter', options.jitter, 0.2, { from: 0, to: 1 });
  return backoff((attempt, _previousDelayMs, random) => {
    const delayMs = checkedMs[attempt - 1];
    return delayMs === undefined ? undefined : spread(delayMs, jitter, random);
  });
}
