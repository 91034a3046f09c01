/**
 * The failures of one destination since its last success: plain JSON. Times are wall-clock ms, as they must mean something
 * after a restart, and a clock that is set right makes little difference to days.
 */
export interface FailureStreak {
  /** When the first of them ended. */
  readonly sinceMs: number;
  /** How many attempts failed. */
  readonly failures: number;
  /** How many of them came a while after the one counted here before: one outage makes many failures, but few of these. */
  readonly spaced: number;
  /** When the last of those ended. */
  readonly lastSpacedMs: number;
  /** Whether `disable` was told. It is told once. */
  readonly told: boolean;
}

/**
 * How many failures must be a while apart, so that two short outages with silence between are not taken for a long one. Svix
 * lets its five days begin with failures that are at least 12 hours apart; five of these ask for no less.
 */
const LEAST_SPACED = 5;
/** How far apart, as a share of the whole time: 12 hours of five days. */
const SPACING = 0.1;

/** The streak after one more failure. */
export function withFailure(streak: FailureStreak | undefined, atMs: number, longMs: number): FailureStreak {
  if (streak === undefined) return { sinceMs: atMs, failures: 1, spaced: 1, lastSpacedMs: atMs, told: false };
  const failures = streak.failures + 1;
  if (atMs - streak.lastSpacedMs < SPACING * longMs) return { ...streak, failures };
  return { ...streak, failures, spaced: streak.spaced + 1, lastSpacedMs: atMs };
}

/** Whether it has failed for at least `longMs`, and often enough to be sure. */
export function isLong({ sinceMs, spaced }: FailureStreak, atMs: number, longMs: number): boolean {
  return atMs - sinceMs >= longMs && spaced >= LEAST_SPACED;
}

/** What was saved, if it is a streak; undefined for what can't be read. One that begins in the future begins now. */
export function readStreak(saved: unknown, nowMs: number): FailureStreak | undefined {
  if (typeof saved !== 'object' || saved === null) return undefined;
  const { sinceMs, failures, spaced, lastSpacedMs, told } = saved as Partial<Record<keyof FailureStreak, unknown>>;
  if (!isTime(sinceMs) || !isTime(lastSpacedMs) || !isCount(failures) || !isCount(spaced)) return undefined;
  return {
    sinceMs: Math.min(sinceMs, nowMs),
    failures,
    spaced,
    lastSpacedMs: Math.min(lastSpacedMs, nowMs),
    told: told === true,
  };
}

const isTime = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
