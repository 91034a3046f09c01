import type { Delivery } from '../../callback.js';
import { type Clock, systemClock } from '../../clock.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../../options.js';
import type { SnsClient } from './client.js';

/** Settings of `sns`. */
export interface SnsOptions {
  /**
   * Yours, made with `maxAttempts: 1`: a client that retries by itself is refused when it is first used. It stays yours: `close` does
   * not destroy it.
   */
  readonly client: SnsClient;
  /** The subject, for subscribers by mail: 1 to 100 characters without control characters. By a function, each delivery's own. Default: none. */
  readonly subject?: string | ((delivery: Delivery) => string | undefined);
  /**
   * `json` where the body has a text for each protocol, under `default` and their names. SNS then delivers no attributes, so no
   * signature. By a function, each delivery's own. Default: none, and the body goes to all as it is.
   */
  readonly structure?: 'json' | ((delivery: Delivery) => 'json' | undefined);
  /** What a message may have, body and attributes, and a batch in all, in bytes; 1 to 1,048,576. Default 262,144: what a topic takes unless it was told otherwise. */
  readonly maxBytes?: number;
  /** How long a message waits for others to go with it, in ms; to 1,000. 0 sends each alone. Default 5. */
  readonly gatherMs?: number;
  /** What the gathering waits on. Default `systemClock`. */
  readonly clock?: Clock;
}

/** The same, checked and complete. */
export interface SnsSettings {
  readonly client: SnsClient;
  readonly subjectOf: (delivery: Delivery) => unknown;
  readonly structureOf: (delivery: Delivery) => unknown;
  readonly maxBytes: number;
  readonly gatherMs: number;
  readonly clock: Clock;
}

const NAMES: readonly (keyof SnsOptions)[] = ['client', 'subject', 'structure', 'maxBytes', 'gatherMs', 'clock'];

const DEFAULT_MAX_BYTES = 262_144;
const DEFAULT_GATHER_MS = 5;
const MAX_SUBJECT_LENGTH = 100;

/** Whether SNS takes it as a subject. */
export const isSubject = (subject: unknown): subject is string =>
  typeof subject === 'string' && subject.length > 0 && subject.length <= MAX_SUBJECT_LENGTH && !/\p{Cc}/u.test(subject);

/** Checks all options. Throws `invalid-option`. */
export function snsSettings(options: SnsOptions): SnsSettings {
  checkNames('sns', options, NAMES);
  const { subject, structure } = options;
  const client = contractOption('sns.client', options.client, ['send']);
  contractOption('sns.client.config', client.config, ['maxAttempts']);
  if (typeof subject === 'string' && !isSubject(subject)) {
    throw invalidOption('sns.subject', `1 to ${MAX_SUBJECT_LENGTH} characters without control characters`, subject);
  }
  if (typeof structure === 'string' && structure !== 'json') throw invalidOption('sns.structure', 'json', structure);
  return {
    client,
    subjectOf: typeof subject === 'string' ? () => subject : functionOption('sns.subject', subject, () => undefined),
    structureOf: typeof structure === 'string' ? () => structure : functionOption('sns.structure', structure, () => undefined),
    maxBytes: numberOption('sns.maxBytes', options.maxBytes, DEFAULT_MAX_BYTES, { from: 1, to: 2 ** 20, integer: true }),
    gatherMs: numberOption('sns.gatherMs', options.gatherMs, DEFAULT_GATHER_MS, { from: 0, to: 1_000 }),
    clock: contractOption('sns.clock', options.clock ?? systemClock, ['setTimer', 'clearTimer']),
  };
}
