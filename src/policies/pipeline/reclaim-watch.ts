import type { Clock, TimerHandle } from '../../clock.js';
import type { ConcurrencyLimiter } from '../concurrency-limiter.js';

/**
 * Takes slots back from work that never ends, while anybody waits for one: the limiter knows when one is due, and has no timer
 * of its own. One timer for the whole line, set only while somebody waits and something is due.
 */
export class ReclaimWatch {
  private readonly limiter: ConcurrencyLimiter;
  private readonly clock: Clock;
  private timer: TimerHandle | undefined = undefined;
  private dueAtMs: number = Number.POSITIVE_INFINITY;

  constructor(limiter: ConcurrencyLimiter, clock: Clock) {
    this.limiter = limiter;
    this.clock = clock;
  }

  /** To be called when somebody began or ceased to wait, and when work was answered before it ended. */
  look(): void {
    const { limiter, clock } = this;
    const dueAtMs = limiter.waiting === 0 ? Number.POSITIVE_INFINITY : limiter.reclaimDueAtMs;
    if (dueAtMs === this.dueAtMs) return;
    if (this.timer !== undefined) clock.clearTimer(this.timer);
    this.dueAtMs = dueAtMs;
    this.timer = dueAtMs === Number.POSITIVE_INFINITY ? undefined : this.setTimer(dueAtMs);
  }

  private setTimer(dueAtMs: number): TimerHandle {
    const delayMs = Math.max(0, dueAtMs - this.clock.monotonic());
    return this.clock.setTimer(() => {
      this.timer = undefined;
      this.dueAtMs = Number.POSITIVE_INFINITY;
      // A timer of the platform's may fire a little early, and its clock may be a fake that has not moved: its time has come.
      this.limiter.reclaim(Math.max(dueAtMs, this.clock.monotonic()));
      this.look();
    }, delayMs);
  }
}
