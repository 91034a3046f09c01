import type { CircuitBreakerSettings, RampStep } from './settings.js';

/** Sums of shares such as ten times 0.1 come out a hair under one; they let a call in all the same. */
const ROUNDING = 1e-9;

/**
 * The way from half-open to closed: a growing share of calls is let in, so that a destination that has just come back does not
 * meet everything that has waited for it. The share is exact and needs no randomness: each call adds it to a credit, and one
 * whole credit lets a call in. It starts empty: of a thousand quiet clients, none sends its first call at once.
 */
export class RampUp {
  private readonly settings: CircuitBreakerSettings;
  private readonly startedAtMs: number;
  private credit = 0;
  private calls = 0;
  private failed = 0;

  constructor(settings: CircuitBreakerSettings, startedAtMs: number) {
    this.settings = settings;
    this.startedAtMs = startedAtMs;
  }

  /** The step that this moment stands in; undefined once the ramp is over. */
  step(nowMs: number): RampStep | undefined {
    return this.settings.ramp[Math.floor((nowMs - this.startedAtMs) / this.settings.rampStepMs)];
  }

  /** How long ago it started, in ms. */
  elapsedMs(nowMs: number): number {
    return nowMs - this.startedAtMs;
  }

  /** How long the step lasts that this moment stands in, from now. */
  stepEndsInMs(nowMs: number): number {
    const { rampStepMs } = this.settings;
    return rampStepMs - ((nowMs - this.startedAtMs) % rampStepMs);
  }

  /** Is this call among the share? Every call asks once: those that are not bring the next one closer. */
  admits(step: RampStep): boolean {
    this.credit += step.share;
    if (this.credit < 1 - ROUNDING) return false;
    this.credit -= 1;
    return true;
  }

  /** A call that was let in never began. */
  giveBack(): void {
    this.credit += 1;
  }

  record(failed: boolean): void {
    this.calls++;
    if (failed) this.failed++;
  }

  /**
   * The reason to open again: more than half of its calls failed, once there are as many as a set of probes. The breaker's rule
   * judges beside it, but may want more calls than a ramp lets in.
   */
  trips(): string | undefined {
    if (this.calls < this.settings.probes || this.failed * 2 <= this.calls) return undefined;
    return `${this.failed} of ${this.calls} calls failed while ramping up`;
  }
}
