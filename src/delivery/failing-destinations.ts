import type { Clock } from '../clock.js';
import { RecentMap } from '../recent-map.js';
import { type FailureStreak, isLong, readStreak, withFailure } from './failure-streak.js';

/** What {@link FailingDestinations} is made of. */
export interface FailingSettings {
  readonly disableAfterMs: number;
  readonly maxDestinations: number;
  readonly clock: Clock;
  /** What an earlier instance's snapshot said of them. */
  readonly failing: Readonly<Record<string, FailureStreak>>;
}

/**
 * The destinations that failed and had no success since. They stand apart from the policies' state, which goes when a
 * destination is idle: what is tried every few hours must be remembered for days. Bounded by `maxDestinations`: the one whose
 * last failure is the oldest is forgotten first.
 */
export class FailingDestinations {
  private readonly settings: FailingSettings;
  /** In the order of their last failures. */
  private readonly streaks: RecentMap<FailureStreak>;

  constructor(settings: FailingSettings) {
    const { failing, clock } = settings;
    this.settings = settings;
    this.streaks = new RecentMap(settings.maxDestinations);
    for (const [destination, saved] of Object.entries(failing)) {
      const streak = readStreak(saved, clock.now());
      if (streak !== undefined) this.streaks.set(destination, streak);
    }
  }

  /** On the path of every success: while nothing fails it reads one number. */
  succeeded(destination: string): void {
    if (this.streaks.size > 0) this.streaks.delete(destination);
  }

  failed(destination: string): { readonly streak: FailureStreak; readonly isDue: boolean } {
    const { clock, disableAfterMs } = this.settings;
    const nowMs = clock.now();
    const streak = withFailure(this.streaks.get(destination), nowMs, disableAfterMs);
    const isDue = !streak.told && isLong(streak, nowMs, disableAfterMs);
    this.streaks.set(destination, isDue ? { ...streak, told: true } : streak);
    return { streak, isDue };
  }

  snapshot(): Record<string, FailureStreak> {
    return Object.fromEntries(this.streaks);
  }
}
