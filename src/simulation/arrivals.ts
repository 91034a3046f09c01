import { checkNames, invalidOption, numberOption, requiredNumber } from '../options.js';
import type { Random } from '../random.js';

/** The time in which callbacks arrive. */
export interface ArrivalWindow {
  /** Virtual ms at which they begin. Default 0. */
  readonly fromMs?: number;
  /** Virtual ms at which they end. Default: the end of the run. */
  readonly untilMs?: number;
}

/** When services have callbacks to send. Rates are those of all clients together. */
export type Arrivals =
  | (ArrivalWindow & { readonly kind: 'constant'; readonly perSecond: number })
  /** Independent of one another, as those of many users are. */
  | (ArrivalWindow & { readonly kind: 'poisson'; readonly perSecond: number })
  /** `size` at one instant, every `everyMs`: a job that runs by the clock. */
  | (ArrivalWindow & { readonly kind: 'burst'; readonly size: number; readonly everyMs: number })
  /** Times from a log of yours, in virtual ms, ascending. */
  | { readonly kind: 'recorded'; readonly atMs: readonly number[] };

/** The moments at which callbacks arrive, ascending. */
export type ArrivalTimes = (random: Random) => Iterator<number>;

/** As many as a run can take in an hour or so; more is a mistyped rate. */
const MAX_CALLBACKS = 1e8;

const WINDOW = ['kind', 'fromMs', 'untilMs'];

/** Checks arrivals, and gives their times. */
export function arrivalTimes(option: Arrivals, durationMs: number): ArrivalTimes {
  const kind: unknown = (option as Arrivals | null | undefined)?.kind;
  switch (option?.kind) {
    case 'constant':
    case 'poisson': {
      checkNames('arrivals', option, [...WINDOW, 'perSecond']);
      const perSecond = requiredNumber('arrivals.perSecond', option.perSecond, { above: 0, to: 1e7 });
      const { fromMs, untilMs } = checkWindow(option, durationMs);
      checkCount(((untilMs - fromMs) / 1_000) * perSecond);
      const gapMs = 1_000 / perSecond;
      return option.kind === 'constant'
        ? () => evenly(fromMs, untilMs, gapMs, 1)
        : (random) => poisson(fromMs, untilMs, gapMs, random);
    }
    case 'burst': {
      checkNames('arrivals', option, [...WINDOW, 'size', 'everyMs']);
      const size = requiredNumber('arrivals.size', option.size, { from: 1, to: 1e6, integer: true });
      const everyMs = requiredNumber('arrivals.everyMs', option.everyMs, { above: 0 });
      const { fromMs, untilMs } = checkWindow(option, durationMs);
      checkCount(((untilMs - fromMs) / everyMs) * size);
      return () => evenly(fromMs, untilMs, everyMs, size);
    }
    case 'recorded': {
      checkNames('arrivals', option, ['kind', 'atMs']);
      const atMs = checkRecord(option.atMs);
      return () => atMs.values();
    }
    default:
      throw invalidOption('arrivals.kind', 'one of constant, poisson, burst, recorded', kind);
  }
}

function checkWindow({ fromMs: from, untilMs: until }: ArrivalWindow, durationMs: number): { fromMs: number; untilMs: number } {
  const fromMs = numberOption('arrivals.fromMs', from, 0, { from: 0 });
  const untilMs = numberOption('arrivals.untilMs', until, durationMs, { above: fromMs });
  return { fromMs, untilMs: Math.min(untilMs, durationMs) };
}

function checkCount(callbacks: number): void {
  if (callbacks > MAX_CALLBACKS)
    throw invalidOption('arrivals', `at most ${MAX_CALLBACKS} callbacks in a run`, Math.round(callbacks));
}

function checkRecord(atMs: readonly number[]): readonly number[] {
  const fits =
    Array.isArray(atMs) &&
    atMs.length <= MAX_CALLBACKS &&
    atMs.every((at, i) => Number.isFinite(at) && at >= ((atMs[i - 1] as number | undefined) ?? 0));
  if (!fits) throw invalidOption('arrivals.atMs', 'an array of ms, from 0, ascending', atMs);
  return [...atMs];
}

function* evenly(fromMs: number, untilMs: number, gapMs: number, size: number): Generator<number, void> {
  // Each from its number, as a sum of gaps would drift.
  for (let i = 0, atMs = fromMs; atMs < untilMs; i++, atMs = fromMs + i * gapMs) {
    for (let j = 0; j < size; j++) yield atMs;
  }
}

function* poisson(fromMs: number, untilMs: number, gapMs: number, random: Random): Generator<number, void> {
  for (let atMs = fromMs; ; ) {
    atMs -= gapMs * Math.log(1 - random());
    if (atMs >= untilMs) return;
    yield atMs;
  }
}
