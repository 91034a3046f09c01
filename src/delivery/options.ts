import type { Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import type { IdempotencyStore } from '../idempotency/store.js';
import type { Logger } from '../logger.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Backoff } from '../policies/backoff.js';
import type { PipelineSettings } from '../policies/pipeline/settings.js';
import type { RetryBudgetOptions } from '../policies/retry-budget.js';
import type { Random } from '../random.js';
import type { SignatureScheme } from '../signing/scheme.js';
import type { Transport } from '../transports/transport.js';
import type { DisableEvent } from './events.js';
import type { FailureStreak } from './failure-streak.js';

/**
 * Picks the scheme for a delivery: per destination, per tenant. `null` sends it unsigned; `undefined`, as a lookup gives that
 * finds nothing, does not. Asked once at the door, where a throw fails the call with `signing-failed`, and again at each attempt,
 * where a throw sheds the attempt: nothing is sent, and it does not count against the destination.
 */
export type SignatureFor = (delivery: Delivery) => SignatureScheme | null | Promise<SignatureScheme | null>;

/** The service's own way to disable a destination. `delivery.to` is the URI, which no event shows. */
export type OnDisable = (event: DisableEvent, delivery: Delivery) => unknown;

/** The pipeline settings of one destination: clock and random are the instance's. */
export type DestinationSettings = Omit<PipelineSettings, 'clock' | 'random' | 'classify'>;

/** Settings of `createRingback`. Only `transports` is required. */
export interface RingbackOptions {
  /** What carries callbacks; the first that accepts a destination is taken. At least one. */
  readonly transports: readonly Transport[];
  /** How callbacks are signed. Default: not at all. */
  readonly signature?: SignatureScheme | SignatureFor;
  /**
   * Policies per destination. Plain settings make fresh policies for each destination; a function may give instances. Defaults
   * as in `resiliencePipeline`, with attempts of 15 s, and every budget nested in one for the whole client.
   */
  readonly pipeline?: DestinationSettings | ((destination: string) => DestinationSettings);
  /** The whole client's retry budget, parent of every destination's. `false` for none. Default: 20 % of calls, 100 tokens, 10 a second (Finagle). */
  readonly budget?: RetryBudgetOptions | false;
  /**
   * The key by which policies and lines are kept. Default: the origin; a mail's domain; the URI without its query. It stands in
   * events, errors and logs: leave out what is secret. It is asked once per URI, as answers are remembered.
   */
  readonly destination?: (to: URL) => string;
  /** How many destinations keep their policies' state. Default 10,000. Idle and healthy ones go first. */
  readonly maxDestinations?: number;
  /**
   * How long a destination may fail, without one success between, before `disable` is told, in ms. Five failures at least a tenth of
   * that apart are asked for, so that two short outages with silence between don't count. Default 432,000,000: five days (Svix).
   */
  readonly disableAfterMs?: number;
  /**
   * Called where `disable` is told, with the callback that showed it: disable the destination in your own records. Nothing waits
   * for it but `drain` and `close`. A throw or a rejection is logged.
   */
  readonly onDisable?: OnDisable;
  /**
   * `snapshot().failing` of the instance before this one, so that days of failing count over a restart. What can't be read of it is
   * ignored. Default: none.
   */
  readonly failing?: Readonly<Record<string, FailureStreak>>;
  /** Default `memoryOutbox()`. */
  readonly outbox?: Outbox;
  /** When `enqueue` tries again. Default 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, jittered (Standard Webhooks). */
  readonly schedule?: Backoff;
  /** Where idempotency keys are kept, and for how long. Default `memoryIdempotencyStore()`. */
  readonly idempotency?: IdempotencyOptions;
  /** pino and console fit. One that throws harms nothing. Default: silent, but for one warning on `console` when dead letters fall and nobody listens. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** How idempotency keys are kept. */
export interface IdempotencyOptions {
  readonly store?: IdempotencyStore;
  /** How long a claim holds if its owner dies, in ms; it is renewed while work runs. Default 60,000. */
  readonly leaseMs?: number;
  /** How long a receipt answers for its key, in ms. Default 86,400,000 (Stripe keeps keys 24 h). */
  readonly ttlMs?: number;
}
