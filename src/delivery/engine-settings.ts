import { type Clock, systemClock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { guardedLogger } from '../guarded-logger.js';
import { memoryIdempotencyStore } from '../idempotency/memory-store.js';
import type { IdempotencyStore } from '../idempotency/store.js';
import type { Logger } from '../logger.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../options.js';
import { memoryOutbox } from '../outbox/memory-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import { type Backoff, STANDARD_WEBHOOKS_SCHEDULE_MS, schedule } from '../policies/backoff.js';
import { createRetry, type Retry } from '../policies/retry.js';
import { type Random, systemRandom } from '../random.js';
import type { SignatureScheme } from '../signing/scheme.js';
import type { Transport } from '../transports/transport.js';
import { destinationKey } from './destinations.js';
import type { FailureStreak } from './failure-streak.js';
import type { DestinationSettings, OnDisable, RingbackOptions, SignatureFor } from './options.js';

const NAMES = [
  'transports',
  'signature',
  'pipeline',
  'budget',
  'destination',
  'maxDestinations',
  'disableAfterMs',
  'onDisable',
  'failing',
  'outbox',
  'schedule',
  'idempotency',
  'logger',
  'clock',
  'random',
];

const DAY_MS = 86_400_000;
/** A schedule ends by itself; this only bounds one that does not. */
const MAX_SCHEDULED_ATTEMPTS = 100;
/** The outbox waits as long as it is asked to, within reason. */
const MAX_RETRY_AFTER_MS = 7 * DAY_MS;

const SILENT: Logger = Object.freeze({ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} });

/** `createRingback`'s options, checked. */
export interface EngineSettings {
  readonly transports: readonly Transport[];
  readonly signature: SignatureScheme | SignatureFor | undefined;
  readonly pipeline: DestinationSettings | ((destination: string) => DestinationSettings);
  readonly budget: RingbackOptions['budget'];
  readonly destinationOf: (to: URL) => string;
  readonly maxDestinations: number;
  readonly disableAfterMs: number;
  readonly onDisable: OnDisable | undefined;
  readonly failing: Readonly<Record<string, FailureStreak>>;
  readonly outbox: Outbox;
  readonly retry: Retry;
  readonly store: IdempotencyStore;
  readonly leaseMs: number;
  readonly ttlMs: number;
  readonly logger: Logger;
  /** False when the user gave no logger: dead letters that nobody hears of then get one warning on the console. */
  readonly hasLogger: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws RingbackError `invalid-option`. */
export function checkOptions(options: RingbackOptions): EngineSettings {
  checkNames('createRingback', options, NAMES);
  const { clock: brought = systemClock } = options;
  const clock = contractOption('clock', brought, ['now', 'monotonic', 'setTimer', 'clearTimer', 'sleep']);
  const random = functionOption('random', options.random, systemRandom);
  const { logger = SILENT, idempotency = {} } = options;
  contractOption('logger', logger, ['debug', 'info', 'warn', 'error']);
  checkNames('idempotency', idempotency, ['store', 'leaseMs', 'ttlMs']);
  const { store = memoryIdempotencyStore({ clock, random }) } = idempotency;
  return {
    transports: checkTransports(options.transports),
    signature: checkSignature(options.signature),
    pipeline: options.pipeline === undefined ? {} : options.pipeline,
    budget: options.budget,
    destinationOf: safeKey(functionOption('destination', options.destination, destinationKey)),
    maxDestinations: numberOption('maxDestinations', options.maxDestinations, 10_000, { from: 1, to: 1_000_000, integer: true }),
    disableAfterMs: numberOption('disableAfterMs', options.disableAfterMs, 5 * DAY_MS, { above: 0 }),
    onDisable: functionOption('onDisable', options.onDisable, undefined),
    failing: checkFailing(options.failing),
    outbox: checkOutbox(options.outbox),
    retry: createRetry(
      {
        maxAttempts: MAX_SCHEDULED_ATTEMPTS,
        backoff: checkSchedule(options.schedule),
        on: ['failed', 'overloaded', 'timed-out', 'rejected', 'shed'],
        maxRetryAfterMs: MAX_RETRY_AFTER_MS,
      },
      random,
    ),
    store: contractOption('idempotency.store', store, ['claim', 'renew', 'complete', 'release']),
    leaseMs: numberOption('idempotency.leaseMs', idempotency.leaseMs, 60_000, { from: 100 }),
    ttlMs: numberOption('idempotency.ttlMs', idempotency.ttlMs, DAY_MS, { above: 0 }),
    logger: guardedLogger(logger),
    hasLogger: options.logger !== undefined,
    clock,
    random,
  };
}

function checkOutbox(outbox: Outbox = memoryOutbox()): Outbox {
  contractOption('outbox', outbox, ['add', 'start', 'wake', 'cancel', 'status', 'drain', 'stop', 'snapshot']);
  contractOption('outbox.deadLetters', outbox.deadLetters, ['list', 'replay', 'purge']);
  return outbox;
}

function checkFailing(failing: RingbackOptions['failing'] = {}): Readonly<Record<string, FailureStreak>> {
  if (typeof failing === 'object' && failing !== null && !Array.isArray(failing)) return failing;
  throw invalidOption('failing', 'what snapshot().failing gave', failing);
}

function checkSchedule(backoff: Backoff = schedule(STANDARD_WEBHOOKS_SCHEDULE_MS)): Backoff {
  return contractOption('schedule', backoff, ['delayMs', 'next']);
}

function checkTransports(transports: RingbackOptions['transports']): readonly Transport[] {
  if (!Array.isArray(transports) || transports.length === 0) {
    throw invalidOption('transports', 'an array of at least one transport', transports);
  }
  return transports.map((transport: Transport, index) => contractOption(`transports[${index}]`, transport, ['accepts', 'send']));
}

function checkSignature(signature: RingbackOptions['signature']): SignatureScheme | SignatureFor | undefined {
  if (signature === undefined || typeof signature === 'function') return signature;
  return contractOption('signature', signature, ['sign', 'verify']);
}

/** A user's key function may answer anything; a key is a short string. */
function safeKey(keyOf: (to: URL) => string): (to: URL) => string {
  if (keyOf === destinationKey) return keyOf;
  return (to) => {
    const key = askKey(keyOf, to);
    if (typeof key !== 'string' || key.length === 0 || key.length > 2_048) {
      throw invalidOption('destination(to)', 'a string of 1 to 2,048 characters', key);
    }
    return key;
  };
}

function askKey(keyOf: (to: URL) => unknown, to: URL): unknown {
  try {
    return keyOf(to);
  } catch (cause) {
    throw new RingbackError('invalid-option', 'the function given as destination threw', { cause });
  }
}
