import type { Delivery, Receipt } from '../callback.js';
import { RingbackError } from '../errors.js';
import type { Disposition, OutboxEntry } from '../outbox/outbox.js';
import type { Outcome } from '../outcome.js';
import type { Pipeline } from '../policies/pipeline.js';
import type { Retry } from '../policies/retry.js';
import type { Random } from '../random.js';
import { type Engine, receiptOf } from './direct.js';
import { Journal } from './journal.js';
import type { SendEnd } from './sender.js';

/** How long a refused callback stays away where the policy knows no time; a release wakes it earlier. */
const REFUSED_MS = 1_000;
/** How long a retry stays away while the budget is empty, at least. */
const BUDGET_EMPTY_MS = 1_000;

/** What makes attempts for the outbox. */
export interface BackgroundEngine extends Engine {
  /** The schedule of `enqueue`, as the same decision that `deliver` asks. */
  readonly retry: Retry;
  readonly random: Random;
  /** Told of each delivery's receipt, before the outbox forgets it. */
  readonly onDelivered: (delivery: Delivery, receipt: Receipt) => void;
}

/** One attempt of a delivery from the outbox, and what is to become of it. It never rejects. */
export async function attemptInBackground(
  engine: BackgroundEngine,
  entry: OutboxEntry,
  signal: AbortSignal,
): Promise<Disposition> {
  const { clock, events } = engine;
  const journal = new Journal(entry.delivery, clock, events, entry.attempts, entry.attemptCount);
  try {
    const pipeline = engine.destinations.pipeline(entry.delivery.destination);
    return await attempt(engine, pipeline, journal, entry, signal);
  } catch (error) {
    // Settings or a scheme of the user's that throw: hopeless for this attempt, and nothing of the destination's doing.
    const reason = error instanceof RingbackError ? error.message : 'an option of createRingback threw';
    return decide(engine, journal, { kind: 'failed', reason }, entry);
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
  const { delivery } = entry;
  const leftMs = deadlineLeftMs(engine, delivery);
  if (leftMs <= 0) return dead(journal, 'deadline');
  const isRetry = entry.attemptCount > 0;
  const afterTimeout = lastReal(entry)?.outcome === 'timed-out';
  const nowMs = clock.monotonic();
  if (isRetry && pipeline.budget?.withdraw(afterTimeout, nowMs) === false) {
    const waitMs = Math.min(pipeline.budget.waitMs(afterTimeout, nowMs), BUDGET_EMPTY_MS * 10);
    return later(journal, Math.max(waitMs, BUDGET_EMPTY_MS) * (1 + engine.random()));
  }
  const { transport } = engine.addresses.of(delivery.to);
  const options = { deadlineMs: leftMs, priority: delivery.priority, retries: false, observer: journal };
  let end: SendEnd | undefined;
  try {
    end = await pipeline.call(
      ({ signal: attemptSignal }) => sender.send(delivery, transport, { number: entry.attemptCount + 1, signal: attemptSignal }),
      signal,
      options,
    );
  } catch {
    // The journal has it: refused, timed out, cancelled or failed.
  }
  if (journal.refusal !== undefined) {
    if (isRetry) pipeline.budget?.giveBack(afterTimeout, clock.monotonic());
    return later(journal, journal.refusal.retryAfterMs ?? REFUSED_MS);
  }
  if (end?.outcome.kind === 'delivered') {
    engine.onDelivered(delivery, receiptOf(journal, end, clock, events));
    return { next: 'done' };
  }
  // Cut short by a cancel, which the outbox knows of, or by its stop, which hands it back: delivered it was not.
  if (signal.aborted) return later(journal, 0);
  const balance = pipeline.budget?.balance(clock.monotonic());
  return decide(engine, journal, journal.lastOutcome ?? { kind: 'failed', reason: 'the attempt did not begin' }, entry, balance);
}

/** The schedule's word on a failed attempt. */
function decide(
  engine: BackgroundEngine,
  journal: Journal,
  outcome: Outcome,
  entry: OutboxEntry,
  budgetBalance?: number,
): Disposition {
  const nowMs = engine.clock.monotonic();
  // An attempt that could not even begin counts too, or a fault of ours would come back for ever.
  if (journal.attemptCount === entry.attemptCount) journal.attemptEnded(neverBegun(nowMs), outcome, nowMs);
  const previousDelayMs = lastReal(entry)?.waitMs ?? 0;
  const deadlineAtMs = nowMs + deadlineLeftMs(engine, entry.delivery);
  const decision = engine.retry.next({ attempt: journal.attemptCount, previousDelayMs, outcome, nowMs, deadlineAtMs });
  journal.decided(decision, budgetBalance);
  if (decision.retry) return later(journal, decision.delayMs);
  const why = decision.why === 'not-retryable' ? outcome.kind : decision.why;
  return dead(journal, outcome.reason === undefined ? why : `${why}: ${outcome.reason}`);
}

const later = ({ records, attemptCount }: Journal, delayMs: number): Disposition => ({
  next: 'later',
  delayMs,
  attempts: records,
  attemptCount,
});

const dead = ({ records, attemptCount }: Journal, reason: string): Disposition => ({
  next: 'dead',
  reason,
  attempts: records,
  attemptCount,
});

function deadlineLeftMs({ clock }: Engine, { deadlineMs, acceptedAtMs }: Delivery): number {
  return deadlineMs === undefined ? Number.POSITIVE_INFINITY : acceptedAtMs + deadlineMs - clock.now();
}

/** The last attempt that really was made; refusals on the way are not what a retry follows. */
function lastReal({ attempts }: OutboxEntry): OutboxEntry['attempts'][number] | undefined {
  return attempts.findLast((record) => record.refusedBy === undefined);
}

const neverBegun = (nowMs: number): Parameters<Journal['attemptEnded']>[0] => ({
  number: 1,
  destination: undefined,
  priority: 0,
  enqueuedAtMs: nowMs,
  deadlineAtMs: Number.POSITIVE_INFINITY,
  startedAtMs: nowMs,
  breakerMark: 0,
  limiterMark: undefined,
  rateMark: 0,
});
