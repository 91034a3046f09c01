import type { Delivery, Receipt } from '../callback.js';
import { isRingbackError } from '../errors.js';
import type { Disposition, OutboxEntry } from '../outbox/outbox.js';
import type { Outcome } from '../outcome.js';
import type { Pipeline } from '../policies/pipeline/pipeline.js';
import type { Retry } from '../policies/retry.js';
import type { Random } from '../random.js';
import { receiptOf } from './delivery-end.js';
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
  /** Told of each delivery's receipt, before the outbox forgets it. */
  readonly onDelivered: (delivery: Delivery, receipt: Receipt) => void;
}

/**
 * One attempt of a delivery from the outbox, and what is to become of it. It never rejects: what is accepted must end, also
 * where a setting of the user's throws.
 */
export async function attemptInBackground(
  engine: BackgroundEngine,
  entry: OutboxEntry,
  signal: AbortSignal,
): Promise<Disposition> {
  const journal = new Journal(entry.delivery, engine, entry.attempts, entry.attemptCount);
  try {
    const pipeline = engine.destinations.pipeline(entry.delivery.destination);
    return await attempt(engine, pipeline, journal, entry, signal);
  } catch (error) {
    return couldNotBegin(engine, journal, entry, error);
  }
}

/** A setting of the user's threw. It may not throw the next time, unless it was the schedule: that can't be asked again. */
function couldNotBegin(engine: BackgroundEngine, journal: Journal, entry: OutboxEntry, error: unknown): Disposition {
  const reason = isRingbackError(error) ? error.message : 'a setting of yours threw';
  if (journal.attemptCount > entry.attemptCount) return hopeless(journal, reason);
  try {
    return decide(engine, journal, entry, undefined, { kind: 'failed', reason });
  } catch {
    return hopeless(journal, reason);
  }
}

async function attempt(
  engine: BackgroundEngine,
  pipeline: Pipeline,
  journal: Journal,
  entry: OutboxEntry,
  signal: AbortSignal,
): Promise<Disposition> {
  const { clock, events, sender } = engine;
  const { delivery, attemptCount } = entry;
  const leftMs = entry.deadlineAtMs - clock.now();
  if (leftMs <= 0) return hopeless(journal, 'deadline');
  const isRetry = attemptCount > 0;
  const afterTimeout = lastReal(entry)?.outcome === 'timed-out';
  if (isRetry && pipeline.budget?.withdraw(afterTimeout, clock.monotonic()) === false) {
    return postponed(engine, journal, pipeline.budget.waitMs(afterTimeout, clock.monotonic()));
  }
  const { transport } = engine.addresses.of(delivery.to);
  const options = { deadlineMs: leftMs, priority: delivery.priority, retries: false, observer: journal };
  let end: SendEnd | undefined;
  let cause: unknown;
  try {
    end = await pipeline.call(
      (context) => sender.send(delivery, transport, journal.sends(attemptCount + 1, context)),
      signal,
      options,
    );
  } catch (error) {
    cause = error;
  }
  const wasMade = journal.attemptCount > attemptCount;
  if (isRetry && !wasMade) pipeline.budget?.giveBack(afterTimeout, clock.monotonic());
  if (journal.refusal !== undefined) return later(journal, finite(journal.refusal.retryAfterMs));
  if (wasMade && journal.lastOutcome?.kind === 'delivered') {
    engine.onDelivered(delivery, receiptOf(journal, end, clock, events));
    return { next: 'done' };
  }
  const balance = pipeline.budget?.balance(clock.monotonic());
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
  entry: OutboxEntry,
  balance: number | undefined,
  notBegun = NOT_BEGUN,
): Disposition {
  const nowMs = engine.clock.monotonic();
  // What could not even begin (a policy of the user's threw) counts as an attempt too, or it would come back for ever.
  if (journal.attemptCount === entry.attemptCount) journal.attemptEnded({ startedAtMs: nowMs }, notBegun, nowMs);
  const outcome = journal.lastOutcome ?? notBegun;
  const previousDelayMs = lastReal(entry)?.waitMs ?? 0;
  const deadlineAtMs = nowMs + (entry.deadlineAtMs - engine.clock.now());
  const decision = engine.retry.next({ attempt: journal.attemptCount, previousDelayMs, outcome, nowMs, deadlineAtMs });
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
function lastReal({ attempts }: OutboxEntry): OutboxEntry['attempts'][number] | undefined {
  return attempts.findLast((record) => record.refusedBy === undefined);
}

const NOT_BEGUN: Outcome = Object.freeze({ kind: 'failed', reason: 'the attempt could not begin' });
