import type { Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import { isRingbackError } from '../errors.js';
import type { Disposition, OutboxEntry } from '../outbox/outbox.js';
import type { Outcome } from '../outcome.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import type { Pipeline } from '../policies/pipeline/pipeline.js';
import type { Retry } from '../policies/retry.js';
import type { Random } from '../random.js';
import type { Address } from './addresses.js';
import type { Engine } from './direct.js';
import { Journal } from './journal.js';
import type { SendEnd } from './sender.js';

/** How long a refused callback stays away where the policy names no time. */
const REFUSED_MS = 1_000;
/** How long a retry stays away while the budget is empty: at least, and at most. */
const BUDGET_EMPTY_MS = { least: 1_000, most: 10_000 } as const;

/** What makes attempts for the outbox. */
export interface BackgroundEngine extends Engine {
  /** The schedule of `enqueue`, as the same decision that `deliver` asks. */
  readonly retry: Retry;
  readonly random: Random;
  /** Told of what was delivered, before the outbox forgets it. */
  readonly onDelivered: (journal: Journal, end: SendEnd | undefined) => void;
  /** Told of the end of each attempt, before the outbox is. */
  readonly onEnded: (id: string, disposition: Disposition) => void;
}

/** An entry for the time of one attempt, in which the wall clock may be set: its deadline is in monotonic ms here. */
interface TimedEntry extends Omit<OutboxEntry, 'deadlineAtMs'> {
  readonly untilMs: number;
}

/**
 * One attempt of a delivery from the outbox, and what is to become of it. It never rejects: what is accepted must end, also
 * where a setting of the user's throws. In one async frame, as a frame costs a delivery more than most policies do.
 */
export async function attemptInBackground(
  engine: BackgroundEngine,
  handed: OutboxEntry,
  signal: CancelSignal,
): Promise<Disposition> {
  const { delivery, attempts, attemptCount } = handed;
  const entry: TimedEntry = { delivery, attempts, attemptCount, untilMs: monotonicMs(handed.deadlineAtMs, engine.clock) };
  const journal = new Journal(delivery, engine, attempts, attemptCount);
  let disposition: Disposition | undefined;
  try {
    const address = engine.addresses.of(entry.delivery.to);
    const pipeline = pipelineOf(engine, entry.delivery, address);
    disposition = beforeAttempt(engine, pipeline, journal, entry);
    if (disposition === undefined) {
      let end: SendEnd | undefined;
      let cause: unknown;
      try {
        end = await call(engine, pipeline, address, journal, entry, signal);
      } catch (error) {
        cause = error;
      }
      disposition = afterAttempt(engine, pipeline, journal, entry, signal, end, cause);
    }
  } catch (error) {
    disposition = couldNotBegin(engine, journal, entry, error);
  }
  engine.onEnded(entry.delivery.id, disposition);
  return disposition;
}

/** What was accepted under another `destinationOf`, by an earlier process, keeps the destination that it has. */
function pipelineOf({ destinations }: Engine, { destination }: Delivery, address: Address): Pipeline {
  return address.destination === destination ? destinations.pipelineAt(address) : destinations.pipeline(destination);
}

/** A setting of the user's threw. It may not throw the next time, unless it was the schedule: that can't be asked again. */
function couldNotBegin(engine: BackgroundEngine, journal: Journal, entry: TimedEntry, error: unknown): Disposition {
  const reason = isRingbackError(error) ? error.message : 'a setting of yours threw';
  if (journal.attemptCount > entry.attemptCount) return hopeless(journal, reason);
  try {
    return decide(engine, journal, entry, undefined, { kind: 'failed', reason });
  } catch {
    return hopeless(journal, reason);
  }
}

/** Undefined: the attempt may be made, and if it is a retry, its token is paid. */
function beforeAttempt(
  engine: BackgroundEngine,
  { budget }: Pipeline,
  journal: Journal,
  entry: TimedEntry,
): Disposition | undefined {
  const { clock } = engine;
  if (entry.untilMs !== NEVER && entry.untilMs <= clock.monotonic()) return hopeless(journal, 'deadline');
  if (entry.attemptCount === 0 || budget === undefined) return undefined;
  const afterTimeout = isAfterTimeout(entry);
  if (budget.withdraw(afterTimeout, clock.monotonic())) return undefined;
  return postponed(engine, journal, budget.waitMs(afterTimeout, clock.monotonic()));
}

function call(
  { clock, sender }: BackgroundEngine,
  pipeline: Pipeline,
  { transport }: Address,
  journal: Journal,
  entry: TimedEntry,
  signal: CancelSignal,
): Promise<SendEnd> {
  const { delivery, attemptCount, untilMs } = entry;
  const deadlineMs = untilMs === NEVER ? NEVER : untilMs - clock.monotonic();
  return pipeline.call((context) => sender.send(delivery, transport, journal.sends(attemptCount + 1, context)), signal, {
    deadlineMs,
    priority: delivery.priority,
    retries: false,
    observer: journal,
  });
}

function afterAttempt(
  engine: BackgroundEngine,
  { budget }: Pipeline,
  journal: Journal,
  entry: TimedEntry,
  signal: CancelSignal,
  end: SendEnd | undefined,
  cause: unknown,
): Disposition {
  const { clock } = engine;
  const wasMade = journal.attemptCount > entry.attemptCount;
  if (entry.attemptCount > 0 && !wasMade) budget?.giveBack(isAfterTimeout(entry), clock.monotonic());
  if (journal.refusal !== undefined) return later(journal, finite(journal.refusal.retryAfterMs));
  if (wasMade && journal.lastOutcome?.kind === 'delivered') {
    engine.onDelivered(journal, end);
    return DONE;
  }
  const balance = budget?.balance(clock.monotonic());
  if (signal.aborted) {
    // Cut short by a cancel, which the outbox knows of, or by its stop, which hands it back.
    if (wasMade) journal.decided({ retry: false, why: 'not-retryable' }, balance);
    return later(journal, 0);
  }
  if (!wasMade && isRingbackError(cause, 'deadline-exceeded')) return hopeless(journal, 'deadline');
  return decide(engine, journal, entry, balance);
}

/** The schedule's word on a failed attempt. */
function decide(
  engine: BackgroundEngine,
  journal: Journal,
  entry: TimedEntry,
  balance: number | undefined,
  notBegun = NOT_BEGUN,
): Disposition {
  const nowMs = engine.clock.monotonic();
  // What could not even begin (a policy of the user's threw) counts as an attempt too, or it would come back for ever.
  if (journal.attemptCount === entry.attemptCount) journal.attemptEnded({ startedAtMs: nowMs }, notBegun, nowMs);
  const outcome = journal.lastOutcome ?? notBegun;
  const previousDelayMs = lastReal(entry)?.waitMs ?? 0;
  const { attemptCount: attempt } = journal;
  const decision = engine.retry.next({ attempt, previousDelayMs, outcome, nowMs, deadlineAtMs: entry.untilMs });
  journal.decided(decision, balance);
  if (decision.retry) return later(journal, decision.delayMs);
  const why = decision.why === 'not-retryable' ? outcome.kind : decision.why;
  return hopeless(journal, outcome.reason === undefined ? why : `${why}: ${outcome.reason}`);
}

/** An empty budget postpones a retry, and burns no attempt. Jittered, as all that wait for tokens must not come in one moment. */
function postponed({ random }: BackgroundEngine, journal: Journal, waitMs: number): Disposition {
  const retryAfterMs = Math.min(Math.max(waitMs, BUDGET_EMPTY_MS.least), BUDGET_EMPTY_MS.most) * (1 + random());
  const reason = 'it has no token for a retry';
  journal.refused(journal.attemptCount + 1, { code: 'policy-refused', policy: 'retry-budget', reason, retryAfterMs });
  return later(journal, retryAfterMs);
}

function later({ records, attemptCount }: Journal, delayMs: number): Disposition {
  return { next: 'later', delayMs, attempts: records, attemptCount };
}

function hopeless({ records, attemptCount }: Journal, reason: string): Disposition {
  return { next: 'dead', reason, attempts: records, attemptCount };
}

/** A policy of the user's may name a time that no clock can wait for. */
function finite(retryAfterMs: number | undefined): number {
  return retryAfterMs !== undefined && retryAfterMs >= 0 && Number.isFinite(retryAfterMs) ? retryAfterMs : REFUSED_MS;
}

/** The last attempt that really was made; refusals on the way are not what a retry follows. */
function lastReal({ attempts }: Pick<OutboxEntry, 'attempts'>): OutboxEntry['attempts'][number] | undefined {
  return attempts.findLast((record) => record.refusedBy === undefined);
}

/** Which of its prices the retry budget charges for what follows. */
function isAfterTimeout(entry: Pick<OutboxEntry, 'attempts'>): boolean {
  return lastReal(entry)?.outcome === 'timed-out';
}

/** Most have no deadline, and a reading of the clock is felt. */
const NEVER = Number.POSITIVE_INFINITY;
const monotonicMs = (wallMs: number, clock: Clock): number =>
  wallMs === NEVER ? NEVER : clock.monotonic() + (wallMs - clock.now());

const DONE: Disposition = Object.freeze({ next: 'done' });
const NOT_BEGUN: Outcome = Object.freeze({ kind: 'failed', reason: 'the attempt could not begin' });
