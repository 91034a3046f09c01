import type { AttemptRecord } from '../callback.js';
import { RingbackError } from '../errors.js';
import type { Outcome } from '../outcome.js';
import type { GiveUpReason } from '../policies/retry.js';

/** Why a delivery ended without success. */
export type DeliveryFailure = GiveUpReason | 'rejected' | 'gone' | 'forbidden' | 'shed' | 'cancelled' | 'dead-letter';

/** What a {@link DeliveryError} is made of. */
export interface DeliveryErrorDetails {
  readonly id: string;
  readonly destination: string;
  readonly why: DeliveryFailure;
  readonly outcome: Outcome;
  readonly attempts: readonly AttemptRecord[];
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/**
 * A delivery that ended without success, with every attempt in it: when, how long, the outcome, the status, the wait that
 * followed and why, which policy refused, the budget's balance. Its message tells the story in one paragraph.
 */
export class DeliveryError extends RingbackError {
  readonly id: string;
  readonly destination: string;
  /** Why there was no further attempt. */
  readonly why: DeliveryFailure;
  /** The last outcome. */
  readonly outcome: Outcome;
  readonly attempts: readonly AttemptRecord[];
  readonly correlationId: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;

  constructor(details: DeliveryErrorDetails) {
    super('delivery-failed', describe(details), { cause: details.cause });
    this.id = details.id;
    this.destination = details.destination;
    this.why = details.why;
    this.outcome = details.outcome;
    this.attempts = details.attempts;
    this.correlationId = details.correlationId;
    this.metadata = details.metadata;
  }
}

function describe({ id, destination, why, attempts, outcome }: DeliveryErrorDetails): string {
  const tries = attempts.map((record) => {
    const status = record.status === undefined ? '' : ` ${record.status}`;
    const wait = record.waitMs === undefined ? '' : `, then waited ${Math.round(record.waitMs)} ms`;
    return `#${record.attempt} ${record.outcome}${status} after ${Math.round(record.durationMs)} ms${wait}`;
  });
  const story = tries.length === 0 ? '' : `: ${tries.join('; ')}`;
  return `${id} was not delivered to ${destination} (${why}; ${outcome.reason ?? outcome.kind})${story}`;
}
