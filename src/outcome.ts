import type { FailureReason } from 'cockatiel';

/**
 * What the end of an attempt means. Policies, retries and the outbox decide on this word alone.
 *
 * | kind | meaning | default retry | counts against the destination |
 * | --- | --- | --- | --- |
 * | `delivered` | it took it | | no |
 * | `rejected` | it is alive and says no (a 4xx) | no; on the schedule by `enqueue` | no |
 * | `gone` | it says never again (410) | no | no |
 * | `overloaded` | it says too much, or not now (429, 502, 503, 504, throttling) | yes | yes; by a 4xx (429) no |
 * | `failed` | it, or the way to it, broke (5xx, connection errors) | yes | yes |
 * | `timed-out` | no answer in time | yes | yes |
 * | `cancelled` | the caller aborted | no | no, and no sample |
 * | `shed` | we refused it ourselves; it may come back | by the outbox | no, and no sample |
 * | `forbidden` | it must not be sent there | never | no, and no sample |
 */
export type OutcomeKind =
  | 'delivered'
  | 'rejected'
  | 'gone'
  | 'overloaded'
  | 'failed'
  | 'timed-out'
  | 'cancelled'
  | 'shed'
  | 'forbidden';

/** What an attempt's end means, and what is known about why. */
export interface Outcome {
  /** The one word that policies, retries and the outbox decide on. */
  readonly kind: OutcomeKind;
  /** The status of the answer, where the protocol has one (HTTP status, SMTP reply code). */
  readonly status?: number | undefined;
  /** The least wait in ms that the other end asked for (Retry-After). A floor for the next attempt, never shortened. */
  readonly retryAfterMs?: number | undefined;
  /** One short phrase for a person: `answered 503`, `connection refused`. Never a secret, never a body. */
  readonly reason?: string | undefined;
}

/** How an attempt ended: by a value or by a throw. cockatiel's own shape, so its tools fit. */
export type AttemptEnd = FailureReason<unknown>;

/**
 * Tells what an attempt's end means. `undefined` means no opinion: the default then applies (a value is `delivered`, a
 * throw is `failed`, the program's own errors are `rejected`).
 */
export type Classify = (end: AttemptEnd) => Outcome | OutcomeKind | undefined;
