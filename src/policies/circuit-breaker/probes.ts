import { durationText } from '../breaker-rules/duration-text.js';
import type { Attempt } from '../policy.js';
import type { CircuitBreakerSettings } from './settings.js';

/** What the probes came to, and why. */
export type ProbesVerdict = { readonly alive: boolean; readonly reason: string };

/**
 * The calls that a half-open circuit lets in. At most `probes` are under way or decided; as many must succeed as
 * `probesToClose` says, and as soon as that can't be reached any more they have failed. So a full set always decides.
 */
export class Probes {
  private readonly settings: CircuitBreakerSettings;
  /** Each probe under way, and when it is given up. A Map keeps its order, so the first is the first to be given up. */
  private readonly underWay = new Map<Attempt, number>();
  private succeeded = 0;
  private failed = 0;
  private givenUp = 0;

  constructor(settings: CircuitBreakerSettings) {
    this.settings = settings;
  }

  /** No room for another one. */
  get isFull(): boolean {
    return this.underWay.size + this.succeeded + this.failed >= this.settings.probes;
  }

  /** When the next probe is given up; `Infinity` when none is under way. */
  get giveUpAtMs(): number {
    for (const dueAtMs of this.underWay.values()) return dueAtMs;
    return Number.POSITIVE_INFINITY;
  }

  admit(attempt: Attempt, nowMs: number): void {
    this.underWay.set(attempt, nowMs + this.settings.probeTimeoutMs);
  }

  /** Takes an outcome in. One of a probe that was given up, or is unknown, counts for nothing. */
  end(attempt: Attempt, failed: boolean): void {
    if (!this.underWay.delete(attempt)) return;
    if (failed) this.failed++;
    else this.succeeded++;
  }

  /** It ended without telling anything: its place is free again. */
  free(attempt: Attempt): void {
    this.underWay.delete(attempt);
  }

  /** Counts as failed what has been under way for too long. */
  giveUp(nowMs: number): void {
    for (const [attempt, dueAtMs] of this.underWay) {
      if (dueAtMs > nowMs) return;
      this.underWay.delete(attempt);
      this.failed++;
      this.givenUp++;
    }
  }

  /** Undefined while it may still go either way. */
  verdict(): ProbesVerdict | undefined {
    const { probes, probesToClose, probeTimeoutMs } = this.settings;
    if (this.succeeded >= probesToClose) return { alive: true, reason: `${this.succeeded} of ${probes} probes succeeded` };
    if (this.failed <= probes - probesToClose) return undefined;
    const silent = this.givenUp === 0 ? '' : ` (${this.givenUp} without an answer in ${durationText(probeTimeoutMs)})`;
    return { alive: false, reason: `${this.failed} of ${probes} probes failed${silent}` };
  }
}
