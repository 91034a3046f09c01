/** Long enough to outlast an overload that the limit is about to end. */
const WINDOW_MS = 120_000;

/**
 * The fastest answer of the last one to two windows. What never answers faster than in six seconds is slow by nature, and six
 * seconds there say nothing of too much load.
 */
export class FastestOfLate {
  private inWindowMs: number = Number.POSITIVE_INFINITY;
  private inWindowBeforeMs: number = Number.POSITIVE_INFINITY;
  private windowEndsAtMs = 0;

  /** Takes in an answer's time; gives the fastest, itself included. */
  of(durationMs: number, nowMs: number): number {
    if (nowMs >= this.windowEndsAtMs) {
      this.inWindowBeforeMs = nowMs < this.windowEndsAtMs + WINDOW_MS ? this.inWindowMs : Number.POSITIVE_INFINITY;
      this.inWindowMs = Number.POSITIVE_INFINITY;
      this.windowEndsAtMs = nowMs + WINDOW_MS;
    }
    if (durationMs < this.inWindowMs) this.inWindowMs = durationMs;
    return Math.min(this.inWindowMs, this.inWindowBeforeMs);
  }
}
