import type { AttemptRecord, Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import type { Outcome } from '../outcome.js';
import { TIMED_OUT } from '../policies/pipeline/attempt.js';
import type { CallObserver } from '../policies/pipeline/call.js';
import type { PipelineContext } from '../policies/pipeline/settings.js';
import type { Attempt, Refusal } from '../policies/policy.js';
import type { RetryDecision } from '../policies/retry.js';
import type { SendAttempt } from '../transports/transport.js';
import type { Disabling } from './disabling.js';
import type { EventBus } from './event-bus.js';
import { type LightContext, Sending } from './sending.js';

/** A record keeps the last attempts; the count goes on. */
const MAX_RECORDS = 20;
/** A phase is a phrase; what is longer is cut. */
const MAX_PHASE_LENGTH = 200;

/** Who is told of what a journal writes down. */
export interface JournalSettings {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly disabling: Disabling;
}

type MutableRecord = { -readonly [Key in keyof AttemptRecord]: AttemptRecord[Key] };

/**
 * Writes down what happens to one delivery, attempt by attempt, and tells the listeners. A record is frozen once it is told:
 * receipts, errors, dead letters and events share it.
 */
export class Journal implements CallObserver {
  readonly delivery: Delivery;
  /** Oldest first; the last ones where there were many. */
  records: AttemptRecord[];
  /** Attempts that really began. */
  attemptCount: number;
  /** How the last attempt that really began has ended; a refusal of our own does not hide it. */
  lastOutcome: Outcome | undefined = undefined;
  lastDecision: RetryDecision | undefined = undefined;
  /** Set when the last thing that happened was a refusal of our own. */
  refusal: Refusal | undefined = undefined;
  /** The attempt that runs, or ran last, as its transport sees it. */
  private sending: SendAttempt | undefined = undefined;
  private readonly clock: Clock;
  private readonly events: EventBus;
  private readonly disabling: Disabling;

  constructor(delivery: Delivery, settings: JournalSettings, records: readonly AttemptRecord[] = [], attemptCount = 0) {
    this.delivery = delivery;
    this.clock = settings.clock;
    this.events = settings.events;
    this.disabling = settings.disabling;
    this.records = records.slice();
    this.attemptCount = attemptCount;
  }

  /** What a transport is handed for the attempt that begins. */
  sends(number: number, context: PipelineContext): SendAttempt {
    // A call with options of its own is handed its attempt, which is both.
    this.sending = new Sending(number, context as LightContext);
    return this.sending;
  }

  attemptEnded(attempt: Pick<Attempt, 'startedAtMs'>, ended: Outcome, nowMs: number): void {
    const outcome = ended === TIMED_OUT ? timedOutIn(this.sending) : ended;
    const durationMs = nowMs - attempt.startedAtMs;
    this.attemptCount++;
    this.lastOutcome = outcome;
    this.refusal = undefined;
    const { kind, status, reason } = outcome;
    this.keep({
      attempt: this.attemptCount,
      startedAtMs: Math.round(this.clock.now() - durationMs),
      durationMs: inMicroseconds(durationMs),
      outcome: kind,
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
    });
    if (kind === 'delivered') this.tellAttempt();
  }

  refused(_attempt: number, refusal: Refusal): void {
    this.refusal = refusal;
    const { policy, reason } = refusal;
    const record = { attempt: this.attemptCount + 1, startedAtMs: this.clock.now(), durationMs: 0, outcome: 'shed' as const };
    // A callback may be refused many times while it waits; the last refusal says as much as all of them.
    if (this.records.at(-1)?.refusedBy !== undefined) this.records.pop();
    this.keep(Object.freeze({ ...record, reason, refusedBy: policy }));
    if (this.events.hears('shed')) this.events.emit('shed', { ...this.events.about(this.delivery), refusedBy: policy, reason });
  }

  decided(decision: RetryDecision, budgetBalance: number | undefined): void {
    this.lastDecision = decision;
    const record: MutableRecord | undefined = this.records.at(-1);
    if (record === undefined || Object.isFrozen(record)) return;
    record.why = decision.why;
    if (decision.retry) record.waitMs = inMicroseconds(decision.delayMs);
    if (budgetBalance !== undefined) record.budgetBalance = inMicroseconds(budgetBalance);
    this.tellAttempt();
    if (decision.retry && this.events.hears('retry')) {
      const waitMs = decision.delayMs;
      this.events.emit('retry', { ...this.events.about(this.delivery), record, waitMs });
    }
  }

  private tellAttempt(): void {
    const record = Object.freeze(this.records.at(-1));
    if (record === undefined) return;
    if (this.events.hears('attempt')) this.events.emit('attempt', { ...this.events.about(this.delivery), record });
    this.disabling.attemptEnded(this.delivery, record);
  }

  private keep(record: AttemptRecord): void {
    // Most have one attempt, and the first push onto an array takes room for seventeen.
    if (this.records.length === 0) this.records = [record];
    else this.records.push(record);
    if (this.records.length > MAX_RECORDS) this.records.shift();
  }
}

/** The timeout's outcome with the phase in which it came, where the transport told. */
function timedOutIn(sending: SendAttempt | undefined): Outcome {
  try {
    const phase: unknown = sending?.progress?.phase;
    if (typeof phase !== 'string' || phase === '') return TIMED_OUT;
    return { kind: 'timed-out', reason: `${TIMED_OUT.reason}: ${phase.slice(0, MAX_PHASE_LENGTH)}` };
  } catch {
    // The transport is the user's, and its phase may be a getter that throws.
    return TIMED_OUT;
  }
}

/** Three decimals: a record is for people, and clocks are no finer. */
const inMicroseconds = (value: number): number => Math.round(value * 1_000) / 1_000;
