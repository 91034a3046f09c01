import type { Outcome } from '../../outcome.js';
import type { BreakerRule } from '../breaker-rules.js';
import type { Attempt, PolicySnapshot, Refusal, RefusalCode } from '../policy.js';
import type { CircuitBreaker, CircuitState } from './contract.js';
import { Probes } from './probes.js';
import { RampUp } from './ramp-up.js';
import type { CircuitBreakerSettings } from './settings.js';
import { readCircuit, writeCircuit } from './snapshot.js';

/** The mark of an attempt whose outcome was taken in: no epoch, so nothing it does later counts. */
const RECORDED = -1;

/** Does it speak against the destination? Undefined: it says nothing about it. */
function speaksAgainst({ kind, status }: Outcome): boolean | undefined {
  switch (kind) {
    case 'delivered':
    case 'rejected':
    case 'gone':
      return false;
    case 'overloaded':
      return !isClientError(status);
    case 'failed':
    case 'timed-out':
      return true;
    case 'cancelled':
    case 'shed':
    case 'forbidden':
      return undefined;
  }
}

/**
 * A 4xx says that it is alive, a 429 too: it keeps its limit. Opening would answer a limit on the rate by sending nothing, then
 * several probes at once, of which a small bucket refuses all but one: the circuit would hardly ever close.
 */
const isClientError = (status: number | undefined): boolean => status !== undefined && status >= 400 && status < 500;

/**
 * The state machine of the circuit breaker: closed → open → half-open → ramping → closed, and isolated by hand. Time comes in by
 * argument; nothing here waits. Settings that were checked once serve any number of machines.
 */
export class CircuitBreakerMachine implements CircuitBreaker {
  readonly name = 'circuit-breaker';
  private readonly settings: CircuitBreakerSettings;
  private readonly rule: BreakerRule;
  private stateNow: CircuitState = 'closed';
  private epochNow = 0;
  private reasonNow = 'closed from the start';
  private refusalReason = '';
  private openUntilMs = 0;
  private closedAtMs = 0;
  /** Times it opened in a row, with no long enough closed time between. */
  private opens = 0;
  /** Only while half-open. */
  private probes: Probes | undefined;
  /** Only while ramping. */
  private ramp: RampUp | undefined;

  constructor(settings: CircuitBreakerSettings) {
    this.settings = settings;
    this.rule = settings.rule.create();
  }

  get state(): CircuitState {
    return this.stateNow;
  }

  get epoch(): number {
    return this.epochNow;
  }

  get changeReason(): string {
    return this.reasonNow;
  }

  get opensUntilMs(): number {
    return this.openUntilMs;
  }

  peek(nowMs: number): Refusal | undefined {
    switch (this.stateNow) {
      case 'closed':
      // A refusal here would end a call before it adds to the ramp's share, and the share would never grow.
      case 'ramping':
        return undefined;
      case 'open':
        return nowMs < this.openUntilMs ? this.refuse('circuit-open', this.openUntilMs - nowMs) : undefined;
      case 'isolated':
        return this.refuse('circuit-isolated', undefined);
      case 'half-open':
        return this.peekHalfOpen(nowMs);
    }
  }

  acquire(attempt: Attempt, nowMs: number): Refusal | undefined {
    if (this.stateNow !== 'closed') {
      const refusal = this.admit(attempt, nowMs);
      if (refusal !== undefined) return refusal;
    }
    attempt.breakerMark = this.epochNow;
    return undefined;
  }

  record(attempt: Attempt, outcome: Outcome, nowMs: number): void {
    if (attempt.breakerMark !== this.epochNow) return;
    attempt.breakerMark = RECORDED;
    if (this.stateNow === 'closed') this.recordClosed(speaksAgainst(outcome), nowMs - attempt.startedAtMs, nowMs);
    else this.recordOnTheWayBack(attempt, outcome, nowMs);
  }

  /** What nearly every call comes to: short, so that V8 inlines it into the call. */
  private recordClosed(failed: boolean | undefined, durationMs: number, nowMs: number): void {
    if (failed === undefined) return;
    this.rule.record(failed, durationMs, nowMs);
    const reason = this.rule.trips(nowMs);
    if (reason !== undefined) this.open(reason, nowMs);
  }

  private recordOnTheWayBack(attempt: Attempt, outcome: Outcome, nowMs: number): void {
    const failed = speaksAgainst(outcome);
    if (failed === undefined) {
      this.probes?.free(attempt);
      return;
    }
    const durationMs = nowMs - attempt.startedAtMs;
    if (this.probes !== undefined) {
      this.probes.giveUp(nowMs);
      this.probes.end(attempt, failed || this.isSlow(durationMs));
      this.decideProbes(this.probes, nowMs);
      return;
    }
    this.rule.record(failed, durationMs, nowMs);
    this.ramp?.record(failed || this.isSlow(durationMs));
    const reason = this.rule.trips(nowMs) ?? this.ramp?.trips();
    if (reason !== undefined) this.open(reason, nowMs);
  }

  release(attempt: Attempt): void {
    if (attempt.breakerMark !== this.epochNow) return;
    attempt.breakerMark = RECORDED;
    this.probes?.free(attempt);
    this.ramp?.giveBack();
  }

  isolate(): void {
    if (this.stateNow === 'isolated') return;
    this.change('isolated', 'isolated by hand', Number.POSITIVE_INFINITY);
    this.refusalReason = this.reasonNow;
  }

  close(): void {
    this.rule.reset();
    this.opens = 0;
    if (this.stateNow !== 'closed') this.change('closed', 'closed by hand');
  }

  snapshot(nowMs: number, wallMs: number): PolicySnapshot {
    const memory = {
      state: this.stateNow,
      reason: this.reasonNow,
      opens: this.opens,
      openForMs: this.openUntilMs - nowMs,
      sinceMs: this.ramp?.elapsedMs(nowMs) ?? nowMs - this.closedAtMs,
      rule: { name: this.settings.rule.name, snapshot: this.rule.snapshot(nowMs, wallMs) },
    };
    return writeCircuit(memory, wallMs);
  }

  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void {
    const memory = readCircuit(snapshot, wallMs);
    if (memory === undefined) return;
    const { state, reason, opens, openForMs, sinceMs, rule } = memory;
    if (rule.name === this.settings.rule.name) this.rule.restore(rule.snapshot, nowMs, wallMs);
    this.opens = opens;
    if (state === 'closed') {
      this.closedAtMs = nowMs - sinceMs;
      if (this.stateNow !== 'closed') this.change('closed', reason);
    } else if (state === 'ramping') {
      this.change('ramping', reason);
      this.ramp = new RampUp(this.settings, nowMs - sinceMs);
    } else if (state === 'isolated') {
      this.isolate();
    } else {
      // Probes don't outlive their process: what was half-open is open with its time over, and sends fresh ones.
      this.change('open', reason, nowMs + Math.min(openForMs, this.settings.maxOpenMs));
      this.refusalReason = `open after ${reason}`;
    }
  }

  private peekHalfOpen(nowMs: number): Refusal | undefined {
    const { probes } = this;
    if (probes === undefined || !probes.isFull || probes.giveUpAtMs <= nowMs) return undefined;
    // Most probes end long before they are given up, so nobody is sent away for longer than a first open time.
    return this.refuse('circuit-open', Math.min(probes.giveUpAtMs - nowMs, this.settings.openMs));
  }

  private admit(attempt: Attempt, nowMs: number): Refusal | undefined {
    this.catchUp(nowMs);
    const refusal = this.peek(nowMs);
    if (refusal !== undefined) return refusal;
    this.probes?.admit(attempt, nowMs);
    const step = this.ramp?.step(nowMs);
    if (this.ramp === undefined || step === undefined || this.ramp.admits(step)) return undefined;
    this.refusalReason = step.refusal;
    return this.refuse('circuit-open', this.ramp.stepEndsInMs(nowMs));
  }

  /** Makes the one change that time alone has brought. */
  private catchUp(nowMs: number): void {
    if (this.stateNow === 'open' && nowMs >= this.openUntilMs) {
      this.change('half-open', 'its open time is over');
      this.refusalReason = 'half-open, its probes are under way';
      this.probes = new Probes(this.settings);
    } else if (this.probes !== undefined) {
      this.probes.giveUp(nowMs);
      this.decideProbes(this.probes, nowMs);
    } else if (this.ramp !== undefined && this.ramp.step(nowMs) === undefined) {
      this.closedAtMs = nowMs;
      this.change('closed', 'ramped up');
    }
  }

  private decideProbes(probes: Probes, nowMs: number): void {
    const verdict = probes.verdict();
    if (verdict === undefined) return;
    if (!verdict.alive) {
      this.open(verdict.reason, nowMs);
      return;
    }
    this.rule.reset();
    if (this.settings.ramp.length === 0) {
      this.closedAtMs = nowMs;
      this.change('closed', verdict.reason);
    } else {
      this.change('ramping', verdict.reason);
      this.ramp = new RampUp(this.settings, nowMs);
    }
  }

  private open(reason: string, nowMs: number): void {
    const stayedClosed = this.stateNow === 'closed' && nowMs - this.closedAtMs >= this.openTimeMs();
    this.opens = stayedClosed ? 1 : this.opens + 1;
    this.change('open', reason, nowMs + this.openTimeMs());
    this.refusalReason = `open after ${reason}`;
  }

  /** How long it stays open for the opening that `opens` counted last. */
  private openTimeMs(): number {
    return Math.min(this.settings.maxOpenMs, this.settings.openMs * 2 ** (this.opens - 1));
  }

  private change(state: CircuitState, reason: string, openUntilMs = 0): void {
    this.stateNow = state;
    this.epochNow++;
    this.reasonNow = reason;
    this.openUntilMs = openUntilMs;
    this.probes = undefined;
    this.ramp = undefined;
  }

  private isSlow(durationMs: number): boolean {
    return this.rule.slowMs !== undefined && durationMs >= this.rule.slowMs;
  }

  private refuse(code: RefusalCode, retryAfterMs: number | undefined): Refusal {
    return { code, policy: this.name, reason: this.refusalReason, retryAfterMs };
  }
}
