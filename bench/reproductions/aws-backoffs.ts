import type { Random } from 'ringback';

/** How long to wait after attempt `attempt`, from 1; `previousMs` is the wait before that attempt, 0 for the first. */
export type DelayMs = (attempt: number, previousMs: number, random: Random) => number;

/** The backoffs of the AWS architecture blog, and its decorrelated jitter drawn below the cap instead of cut at it. */
export type AwsBackoff =
  | 'exponential'
  | 'equal jitter'
  | 'full jitter'
  | 'decorrelated'
  | 'decorrelated, drawn below the cap'
  | 'no backoff';

export function awsBackoffs(baseMs: number, capMs: number): Readonly<Record<AwsBackoff, DelayMs>> {
  const grown = (attempt: number): number => Math.min(capMs, 2 ** attempt * baseMs);
  const fromBase = (highMs: number, random: Random): number => baseMs + random() * (highMs - baseMs);
  return {
    exponential: grown,
    'equal jitter': (attempt, _previousMs, random) => (grown(attempt) * (1 + random())) / 2,
    'full jitter': (attempt, _previousMs, random) => grown(attempt) * random(),
    decorrelated: (_attempt, previousMs, random) => Math.min(capMs, fromBase(3 * (previousMs || baseMs), random)),
    'decorrelated, drawn below the cap': (_attempt, previousMs, random) =>
      fromBase(Math.min(capMs, 3 * (previousMs || baseMs)), random),
    'no backoff': () => 0,
  };
}
