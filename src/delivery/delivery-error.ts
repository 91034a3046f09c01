import type { AttemptRecord, Response } from '../callback.js';
import { RingbackError } from '../errors.js';
import type { Outcome } from '../outcome.js';
import type { GiveUpReason } from '../policies/retry.js';

/**
 * Why a delivery ended without success, or rather why there was no further attempt:
 *
 * - `rejected`, `gone`, `forbidden`: the last outcome is one that trying again does not change;
 * - `not-retryable`: an outcome that your settings don't retry;
 * - `attempts-exhausted`, `budget-empty`, `deadline`, `retry-after-too-long`: retrying came to its end;
 * - `shed`: one of our own policies refused it, or the signer failed;
 * - `cancelled`: the caller's signal was aborted; `closed`: the instance was closed before it ended;
 * - `dead-letter`: it was joined by its idempotency key to a callback in the outbox, which was given up.
 */
export type DeliveryFailure = GiveUpReason | 'rejected' | 'gone' | 'forbidden' | 'shed' | 'cancelled' | 'closed' | 'dead-letter';

/** What a {@link DeliveryError} is made of. */
export interface DeliveryErrorDetails {
  readonly id: string;
  readonly destination: string;
  readonly why: DeliveryFailure;
  readonly outcome: Outcome;
  readonly attempts: readonly AttemptRecord[];
  /** The longest wait that the other end may ask for; the message of `retry-after-too-long` names it. */
  readonly maxRetryAfterMs?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly response?: Response | undefined;
  readonly cause?: unknown;
}

/**
 * A delivery that ended without success, with every attempt in it: when, how long, the outcome, the status, the wait that
 * followed and why, which policy refused, the budget's balance. Its message tells the story in one paragraph. Its `cause` is
 * the error of the last attempt, where it ended in one; an error that your own code threw stands there as it is.
 */
export class DeliveryError extends RingbackError {
  readonly id: string;
  readonly destination: string;
  /** Why there was no further attempt. */
  readonly why: DeliveryFailure;
  /** How the last attempt ended. A refusal of our own is the outcome only if no attempt was made. */
  readonly outcome: Outcome;
  /** Oldest first; the last 20 where there were more. */
  readonly attempts: readonly AttemptRecord[];
  readonly correlationId: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly #response: Response | undefined;

  constructor(details: DeliveryErrorDetails) {
    super('delivery-failed', describe(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.id = details.id;
    this.destination = details.destination;
    this.why = details.why;
    this.outcome = details.outcome;
    this.attempts = details.attempts;
    this.correlationId = details.correlationId;
    this.metadata = details.metadata;
    this.#response = details.response;
  }

  /** What the other end answered last, where it answered. It does not show when the error is printed, as a body is not for logs. */
  get response(): Response | undefined {
    return this.#response;
  }
}

const WHY: Readonly<Record<DeliveryFailure, string>> = {
  'not-retryable': 'this outcome is not retried',
  'attempts-exhausted': 'no attempts are left',
  deadline: 'the deadline came first',
  'budget-empty': 'the retry budget is empty',
  'retry-after-too-long': 'it asked for a longer wait than retrying allows',
  rejected: 'it was rejected',
  gone: 'the destination is gone for good',
  forbidden: 'it must not be sent there',
  shed: 'it was refused on our own side',
  cancelled: 'the caller cancelled it',
  closed: 'ringback was closed',
  'dead-letter': 'it is a dead letter',
};

function describe(details: DeliveryErrorDetails): string {
  const { id, destination, attempts, outcome } = details;
  const story = attempts.length === 0 ? 'no attempt was made' : attempts.map(describeAttempt).join('; ');
  const reason = outcome.reason ?? outcome.kind;
  const why = describeWhy(details);
  const end = reason === story ? why : `${why} (${reason})`;
  return `${id} was not delivered to ${destination}: ${end}; ${story}`;
}

function describeWhy({ why, outcome: { retryAfterMs }, maxRetryAfterMs }: DeliveryErrorDetails): string {
  if (why !== 'retry-after-too-long' || retryAfterMs === undefined || maxRetryAfterMs === undefined) return WHY[why];
  return `it asked for a wait of ${Math.round(retryAfterMs)} ms, and retry.maxRetryAfterMs is ${maxRetryAfterMs}`;
}

function describeAttempt({ attempt, outcome, status, reason, durationMs, refusedBy, ...next }: AttemptRecord): string {
  if (refusedBy !== undefined) return `attempt ${attempt} refused by ${refusedBy}: ${reason}`;
  const what = status === undefined ? outcome : `${outcome} ${status}`;
  const notes = [next.why, next.budgetBalance === undefined ? undefined : `budget ${next.budgetBalance}`];
  const note = notes.filter((part) => part !== undefined).join(', ');
  const wait = next.waitMs === undefined ? '' : `, then a wait of ${Math.round(next.waitMs)} ms`;
  return `attempt ${attempt} ${what} after ${Math.round(durationMs)} ms${wait}${note === '' ? '' : ` (${note})`}`;
}
