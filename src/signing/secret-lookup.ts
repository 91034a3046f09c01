import { type Clock, systemClock } from '../clock.js';
import { isRingbackError, RingbackError } from '../errors.js';
import { checkNames, contractOption, durationOption, functionOption, numberOption } from '../options.js';
import { answerInTime, isPromiseLike } from '../time-limit.js';
import { invalidSignature } from './received.js';
import type { ReceivedMessage, Signable } from './scheme.js';
import { type ParseSecret, parseSecrets } from './secret-list.js';

/**
 * Secrets by a key: the message says which key, `load` gets that key's secrets, once for `ttlMs`. Calls that need a key while
 * it is loaded wait for the same load. A load that fails is not kept, and nothing is signed or verified meanwhile: an enqueued
 * callback is tried again on its schedule, `deliver` fails with the cause `secrets-unavailable`.
 *
 * @example
 * ```ts
 * import { createRingback } from 'ringback';
 * import { standardWebhooks } from 'ringback/signing';
 * import { scriptedTransport } from 'ringback/testing';
 *
 * const secretsOf = new Map([['tenant-1', ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']]]);
 * const transport = scriptedTransport();
 * const ringback = createRingback({
 *   transports: [transport],
 *   signature: standardWebhooks({
 *     secrets: {
 *       keyOf: ({ metadata }) => String(metadata?.tenant),
 *       load: async (tenant) => secretsOf.get(tenant) ?? [],
 *     },
 *   }),
 * });
 * await ringback.deliver({ to: 'https://customer.example/hooks', metadata: { tenant: 'tenant-1' } });
 * console.log(transport.sent[0]?.message.headers['webhook-signature']?.startsWith('v1,')); // true
 * await ringback.close();
 * ```
 */
export interface SecretLookup<Secret = string> {
  /** The key of a message that is to be signed. Default: its destination, `to`. */
  readonly keyOf?: (message: Signable) => string;
  /**
   * The key of a message that was received: from its path or a header, which are not proven yet. Needed to verify. It may throw
   * a RingbackError `invalid-signature` for a message that names none.
   */
  readonly keyOfReceived?: (received: ReceivedMessage) => string;
  /**
   * The secrets of a key, the current ones first; none for a key that you don't know, which fails the signing with
   * `secrets-unavailable` and the verifying with `invalid-signature`. It may be async.
   */
  readonly load: (key: string) => readonly Secret[] | PromiseLike<readonly Secret[]>;
  /** How long what was loaded is used, in ms. Default 300,000: as long as a timestamp is tolerated. */
  readonly ttlMs?: number;
  /** How long a load may take, in ms. Default 5,000: less than any attempt's timeout, which would count against the destination. */
  readonly timeoutMs?: number;
  /** Keys kept at once; at the bound the one loaded longest ago goes. It bounds the loads that run at once too. Default 10,000. */
  readonly maxKeys?: number;
  /** What `timeoutMs` is measured by; the age of what was loaded goes by the messages' own times. Default: the system's. */
  readonly clock?: Clock;
}

interface Loaded<Key> {
  readonly loadedAtMs: number;
  readonly keys: readonly Key[];
}

type Keys<Key> = readonly Key[] | Promise<readonly Key[]>;

const DEFAULT_TTL_MS = 300_000;
const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_MAX_KEYS = 10_000;
const NAMES = ['keyOf', 'keyOfReceived', 'load', 'ttlMs', 'timeoutMs', 'maxKeys', 'clock'];

/** Keys that are loaded when they are needed, parsed, and kept for a while. */
export class LookedUpKeys<Secret, Key> {
  readonly #keyOf: (message: Signable) => string;
  readonly #keyOfReceived: ((received: ReceivedMessage) => string) | undefined;
  readonly #load: SecretLookup<Secret>['load'];
  readonly #parse: ParseSecret<Secret, Key>;
  readonly #ttlMs: number;
  readonly #timeoutMs: number;
  readonly #maxKeys: number;
  readonly #clock: Clock;
  /** In the order of loading. Only what holds secrets is in it: keys that strangers make up push out nothing. */
  readonly #loaded = new Map<string, Loaded<Key>>();
  readonly #loading = new Map<string, Promise<readonly Key[]>>();

  constructor(lookup: SecretLookup<Secret>, parse: ParseSecret<Secret, Key>) {
    checkNames('secrets', lookup, NAMES);
    this.#keyOf = functionOption('secrets.keyOf', lookup.keyOf, ({ to }: Signable) => to);
    this.#keyOfReceived = functionOption('secrets.keyOfReceived', lookup.keyOfReceived, undefined);
    const { load } = contractOption('secrets', lookup, ['load']);
    this.#load = (key) => load.call(lookup, key);
    this.#parse = parse;
    this.#ttlMs = durationOption('secrets.ttlMs', lookup.ttlMs, DEFAULT_TTL_MS);
    this.#timeoutMs = numberOption('secrets.timeoutMs', lookup.timeoutMs, DEFAULT_TIMEOUT_MS, { above: 0 });
    this.#maxKeys = numberOption('secrets.maxKeys', lookup.maxKeys, DEFAULT_MAX_KEYS, { from: 1, integer: true });
    this.#clock = contractOption('secrets.clock', lookup.clock ?? systemClock, ['setTimer', 'clearTimer']);
  }

  forSigning(message: Signable): Keys<Key> {
    const keys = this.#get(keyBy(this.#keyOf, message, 'keyOf'), message.timestampMs);
    return keys instanceof Promise ? keys.then(toSignWith) : toSignWith(keys);
  }

  forVerifying(received: ReceivedMessage): Keys<Key> {
    if (this.#keyOfReceived === undefined) {
      throw unavailable('secrets.keyOfReceived is missing, which tells whose secrets to verify with');
    }
    const keys = this.#get(keyBy(this.#keyOfReceived, received, 'keyOfReceived'), received.nowMs);
    return keys instanceof Promise ? keys.then(toVerifyWith) : toVerifyWith(keys);
  }

  /** None for a key without secrets. */
  #get(key: string, nowMs: number): Keys<Key> {
    const kept = this.#loaded.get(key);
    // A clock that was set back must not keep secrets for ever.
    if (kept !== undefined && Math.abs(nowMs - kept.loadedAtMs) < this.#ttlMs) return kept.keys;
    return this.#loading.get(key) ?? this.#loadNow(key, nowMs);
  }

  #loadNow(key: string, nowMs: number): Keys<Key> {
    if (this.#loading.size >= this.#maxKeys) throw unavailable(`secrets of ${this.#maxKeys} keys are being loaded already`);
    this.#loaded.delete(key);
    let answer: readonly Secret[] | PromiseLike<readonly Secret[]>;
    try {
      answer = this.#load(key);
    } catch (cause) {
      throw unavailable('secrets.load threw', cause);
    }
    if (!isPromiseLike(answer)) return this.#keep(key, nowMs, answer);
    const loading = this.#inTime(answer)
      .then((secrets) => this.#keep(key, nowMs, secrets))
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Whatever the promise does, this one settles. */
  async #inTime(answer: PromiseLike<readonly Secret[]>): Promise<readonly Secret[]> {
    const timeoutMs = this.#timeoutMs;
    try {
      return await answerInTime(answer, this.#clock, timeoutMs, () =>
        unavailable(`secrets.load did not answer in ${timeoutMs} ms`),
      );
    } catch (cause) {
      throw isRingbackError(cause, 'secrets-unavailable') ? cause : unavailable('secrets.load rejected', cause);
    }
  }

  #keep(key: string, nowMs: number, secrets: readonly Secret[]): readonly Key[] {
    if (Array.isArray(secrets) && secrets.length === 0) return [];
    const keys = parseSecrets(secrets, this.#parse);
    if (this.#loaded.size >= this.#maxKeys) this.#loaded.delete(this.#loaded.keys().next().value as string);
    this.#loaded.set(key, { loadedAtMs: nowMs, keys });
    return keys;
  }
}

function toSignWith<Key>(keys: readonly Key[]): readonly Key[] {
  if (keys.length === 0) throw unavailable('secrets.load knows no secret to sign this message with');
  return keys;
}

/** The key came with the message: one that nobody knows says nothing about our secrets, and everything about the message. */
function toVerifyWith<Key>(keys: readonly Key[]): readonly Key[] {
  if (keys.length === 0) throw invalidSignature('the message names a key that has no secrets, so it proves nothing');
  return keys;
}

function keyBy<Subject>(keyOf: (subject: Subject) => string, subject: Subject, name: string): string {
  let key: unknown;
  try {
    key = keyOf(subject);
  } catch (cause) {
    if (isRingbackError(cause, 'invalid-signature')) throw cause;
    throw unavailable(`secrets.${name} threw`, cause);
  }
  if (typeof key !== 'string') throw unavailable(`secrets.${name} must give a string, got ${typeof key}`);
  return key;
}

function unavailable(fault: string, cause?: unknown): RingbackError {
  return new RingbackError('secrets-unavailable', fault, cause === undefined ? undefined : { cause });
}
