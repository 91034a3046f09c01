import type { OutcomeKind } from '../../src/outcome.js';
import type { CircuitState } from '../../src/policies/circuit-breaker.js';

/** The settings a random run is made with. The rule is `consecutiveFailures({ threshold })`. */
export interface ModelSettings {
  readonly threshold: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly probes: number;
  readonly probesToClose: number;
  readonly probeTimeoutMs: number;
  /** In percent, so that the model reckons in whole numbers. */
  readonly rampPercent: readonly number[];
  readonly rampStepMs: number;
}

/** A call that was let in, and in which epoch. */
export interface ModelCall {
  readonly epoch: number;
  readonly admittedAtMs: number;
  spent: boolean;
}

const FAILURES: readonly OutcomeKind[] = ['overloaded', 'failed', 'timed-out'];
const NO_SAMPLE: readonly OutcomeKind[] = ['shed', 'cancelled', 'forbidden'];

/** The circuit breaker as one would tell it: it keeps every call of the current state and counts anew at each question. */
export class CircuitModel {
  readonly settings: ModelSettings;
  nowMs = 0;
  state: CircuitState = 'closed';
  epoch = 0;
  openUntilMs = 0;
  private opens = 0;
  private closedAtMs = 0;
  private rampStartedAtMs = 0;
  private inARow = 0;
  private percentOffered = 0;
  private letInByRamp = 0;
  private probes: { call: ModelCall; ended: 'no' | 'well' | 'badly' }[] = [];
  private rampEnds: boolean[] = [];

  constructor(settings: ModelSettings) {
    this.settings = settings;
  }

  /** Undefined when it refuses. */
  enter(): ModelCall | undefined {
    if (this.state === 'open' && this.nowMs >= this.openUntilMs) this.moveTo('half-open');
    if (this.state === 'half-open') this.giveUpProbes();
    const step = Math.floor((this.nowMs - this.rampStartedAtMs) / this.settings.rampStepMs);
    if (this.state === 'ramping' && step >= this.settings.rampPercent.length) this.moveTo('closed');
    if (this.state === 'open' || this.state === 'isolated') return undefined;
    if (this.state === 'half-open' && this.probes.length >= this.settings.probes) return undefined;
    if (this.state === 'ramping') {
      this.percentOffered += this.settings.rampPercent[step] as number;
      if (this.percentOffered < (this.letInByRamp + 1) * 100) return undefined;
      this.letInByRamp++;
    }
    const call: ModelCall = { epoch: this.epoch, admittedAtMs: this.nowMs, spent: false };
    if (this.state === 'half-open') this.probes.push({ call, ended: 'no' });
    return call;
  }

  record(call: ModelCall, kind: OutcomeKind): void {
    if (call.spent || call.epoch !== this.epoch) return;
    call.spent = true;
    if (NO_SAMPLE.includes(kind)) {
      this.dropProbe(call);
      return;
    }
    const failed = FAILURES.includes(kind);
    if (this.state === 'half-open') {
      this.giveUpProbes(call, failed);
      return;
    }
    this.inARow = failed ? this.inARow + 1 : 0;
    if (this.state === 'ramping') this.rampEnds.push(failed);
    const bad = this.rampEnds.filter(Boolean).length;
    const rampFailed = this.rampEnds.length >= this.settings.probes && bad > this.rampEnds.length / 2;
    if (this.inARow >= this.settings.threshold || rampFailed) this.moveTo('open');
  }

  release(call: ModelCall): void {
    if (call.spent || call.epoch !== this.epoch) return;
    call.spent = true;
    this.dropProbe(call);
    if (this.state === 'ramping') this.letInByRamp--;
  }

  isolate(): void {
    if (this.state !== 'isolated') this.moveTo('isolated');
  }

  close(): void {
    this.opens = 0;
    this.inARow = 0;
    if (this.state !== 'closed') this.moveTo('closed');
  }

  /** Another process takes over: what was under way is gone, and probes start anew. */
  restart(): void {
    if (this.state === 'half-open') this.state = 'open';
    if (this.state === 'open') this.openUntilMs = Math.max(this.openUntilMs, this.nowMs);
    this.probes = [];
    this.percentOffered = 0;
    this.letInByRamp = 0;
    this.rampEnds = [];
    this.epoch = this.state === 'closed' ? 0 : 1;
  }

  /** A probe that is gone leaves its place, unless it was given up before. */
  private dropProbe(call: ModelCall): void {
    this.probes = this.probes.filter((probe) => probe.call !== call || probe.ended !== 'no');
  }

  /** Probes that are overdue have failed; then `call`, if it is not one of them, has ended. */
  private giveUpProbes(call?: ModelCall, failed = false): void {
    for (const probe of this.probes) {
      if (probe.ended !== 'no') continue;
      if (probe.call.admittedAtMs + this.settings.probeTimeoutMs <= this.nowMs) probe.ended = 'badly';
      else if (probe.call === call) probe.ended = failed ? 'badly' : 'well';
    }
    const well = this.probes.filter(({ ended }) => ended === 'well').length;
    const badly = this.probes.filter(({ ended }) => ended === 'badly').length;
    if (well >= this.settings.probesToClose) {
      this.inARow = 0;
      this.moveTo(this.settings.rampPercent.length === 0 ? 'closed' : 'ramping');
    } else if (badly > this.settings.probes - this.settings.probesToClose) {
      this.moveTo('open');
    }
  }

  private moveTo(state: CircuitState): void {
    const { openMs, maxOpenMs } = this.settings;
    const openTimeMs = (): number => Math.min(maxOpenMs, openMs * 2 ** (this.opens - 1));
    if (state === 'open') {
      const stayedClosed = this.state === 'closed' && this.nowMs - this.closedAtMs >= openTimeMs();
      this.opens = stayedClosed ? 1 : this.opens + 1;
    }
    this.openUntilMs = state === 'open' ? this.nowMs + openTimeMs() : state === 'isolated' ? Number.POSITIVE_INFINITY : 0;
    if (state === 'closed') this.closedAtMs = this.nowMs;
    if (state === 'ramping') this.rampStartedAtMs = this.nowMs;
    this.state = state;
    this.epoch++;
    this.percentOffered = 0;
    this.letInByRamp = 0;
    this.rampEnds = [];
    this.probes = [];
  }
}
