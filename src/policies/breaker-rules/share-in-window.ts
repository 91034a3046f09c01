import { numberOption } from '../../options.js';
import type { BreakerRule } from '../breaker-rules.js';
import type { PolicySnapshot } from '../policy.js';
import { isCount } from './count.js';

/** Checked settings; shared by all rules of one spec. */
export interface ShareInWindowSettings {
  readonly threshold: number;
  readonly minimumCalls: number;
  readonly windowMs: number;
  /** From this duration on a call is slow, and slow calls are the bad ones; undefined: failures are. */
  readonly slowMs: number | undefined;
  /** What the bad ones did, for the reason: `failed in 30 s`. */
  readonly badCallsDid: string;
}

/** What both rules let the user set. */
type ShareOptions = Pick<ShareInWindowSettings, 'threshold' | 'minimumCalls' | 'windowMs'>;

/** The options that both rules have, checked. `owner` is the factory's name. */
export function checkShareOptions(owner: string, options: Partial<ShareOptions>): ShareOptions {
  return {
    threshold: numberOption(`${owner}.threshold`, options.threshold, 0.5, { above: 0, to: 1 }),
    minimumCalls: numberOption(`${owner}.minimumCalls`, options.minimumCalls, 20, { from: 1, to: 1_000_000, integer: true }),
    windowMs: numberOption(`${owner}.windowMs`, options.windowMs, 30_000, { above: 0 }),
  };
}

/** Ten: a sample leaves the window after nine to ten tenths of its length, and a whole window is ten numbers. */
const BUCKETS = 10;

/**
 * Opens when the share of bad calls in a sliding window of time reaches the threshold. The window is a ring of buckets; it
 * turns when a call finds that time has moved on, by as many buckets as have passed, so after any silence old calls are gone.
 */
export class ShareInWindow implements BreakerRule {
  private readonly settings: ShareInWindowSettings;
  /** Calls per bucket. Made at the first call: most breakers of a large map are idle. */
  private calls: number[] | undefined;
  /** Bad calls per bucket. Made at the first bad call: most destinations are healthy. */
  private bad: number[] | undefined;
  private callsInWindow = 0;
  private badInWindow = 0;
  private current = 0;
  private currentEndsAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: ShareInWindowSettings) {
    this.settings = settings;
  }

  get slowMs(): number | undefined {
    return this.settings.slowMs;
  }

  record(failed: boolean, durationMs: number, nowMs: number): void {
    if (nowMs >= this.currentEndsAtMs) this.turn(nowMs);
    this.calls ??= emptyBuckets();
    this.calls[this.current] = (this.calls[this.current] as number) + 1;
    this.callsInWindow++;
    const { slowMs } = this.settings;
    const isBad = slowMs === undefined ? failed : durationMs >= slowMs;
    if (!isBad) return;
    this.bad ??= emptyBuckets();
    this.bad[this.current] = (this.bad[this.current] as number) + 1;
    this.badInWindow++;
  }

  trips(nowMs: number): string | undefined {
    // Nothing bad in the window, and no window to count then: what nearly every call finds.
    if (this.badInWindow === 0) return undefined;
    if (nowMs >= this.currentEndsAtMs) this.turn(nowMs);
    const { threshold, minimumCalls, badCallsDid } = this.settings;
    const { callsInWindow, badInWindow } = this;
    if (callsInWindow < minimumCalls || badInWindow < threshold * callsInWindow) return undefined;
    return `${badInWindow} of ${callsInWindow} calls ${badCallsDid}`;
  }

  reset(): void {
    this.calls = undefined;
    this.bad = undefined;
    this.callsInWindow = 0;
    this.badInWindow = 0;
  }

  snapshot(nowMs: number, wallMs: number): PolicySnapshot {
    if (nowMs >= this.currentEndsAtMs) this.turn(nowMs);
    return {
      windowMs: this.settings.windowMs,
      currentEndsAtMs: wallMs + (this.currentEndsAtMs - nowMs),
      calls: oldestFirst(this.calls, this.current),
      bad: oldestFirst(this.bad, this.current),
    };
  }

  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void {
    const { windowMs, currentEndsAtMs, calls, bad } = snapshot;
    if (windowMs !== this.settings.windowMs || !isBuckets(calls) || !isBuckets(bad)) return;
    if (!Number.isFinite(currentEndsAtMs) || !calls.every((count, bucket) => count >= (bad[bucket] as number))) return;
    this.calls = [...calls];
    this.bad = [...bad];
    this.callsInWindow = sum(calls);
    this.badInWindow = sum(bad);
    this.current = BUCKETS - 1;
    // A clock ahead of this one may have written it: its samples then count as fresh, and still expire in their time.
    const endsInMs = Math.min((currentEndsAtMs as number) - wallMs, windowMs / BUCKETS);
    this.currentEndsAtMs = nowMs + endsInMs;
  }

  /** Moves the window to where `nowMs` stands. Each step empties the oldest bucket and makes it the current one. */
  private turn(nowMs: number): void {
    const bucketMs = this.settings.windowMs / BUCKETS;
    const steps = Math.floor((nowMs - this.currentEndsAtMs) / bucketMs) + 1;
    if (!(steps < BUCKETS)) {
      this.reset();
      this.currentEndsAtMs = nowMs + bucketMs;
      return;
    }
    for (let step = 0; step < steps; step++) {
      this.current = this.current + 1 === BUCKETS ? 0 : this.current + 1;
      if (this.calls !== undefined) {
        this.callsInWindow -= this.calls[this.current] as number;
        this.calls[this.current] = 0;
      }
      if (this.bad !== undefined) {
        this.badInWindow -= this.bad[this.current] as number;
        this.bad[this.current] = 0;
      }
    }
    this.currentEndsAtMs += steps * bucketMs;
  }
}

const emptyBuckets = (): number[] => new Array<number>(BUCKETS).fill(0);

const sum = (buckets: readonly number[]): number => buckets.reduce((total, count) => total + count, 0);

function oldestFirst(buckets: readonly number[] | undefined, current: number): readonly number[] {
  if (buckets === undefined) return emptyBuckets();
  return [...buckets.slice(current + 1), ...buckets.slice(0, current + 1)];
}

function isBuckets(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === BUCKETS && value.every(isCount);
}
