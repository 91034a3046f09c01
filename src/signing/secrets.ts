import { isRingbackError, RingbackError } from '../errors.js';
import { checkNames, contractOption, durationOption, functionOption, numberOption } from '../options.js';
import type { ReceivedMessage, Signable } from './scheme.js';

/**
 * The secrets of a scheme: a list, the same for every message, or a lookup, where they differ by destination, tenant or
 * delivery. A message is signed with all of its secrets and verified when any of them fits, so a secret is rotated by adding
 * the new one, waiting until every receiver has it, and dropping the old one.
 */
export type Secrets<Secret = string> = readonly Secret[] | SecretLookup<Secret>;

/**
 * Secrets by a key: the message says which key, `load` gets that key's secrets, once for `ttlMs`. Calls that need a key while
 * it is loaded wait for the same load. A load that fails is not kept, and nothing is signed or verified meanwhile.
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
  /** The key of a message that was received: from its path or a header, which are not proven yet. Needed to verify. */
  readonly keyOfReceived?: (received: ReceivedMessage) => string;
  /** The secrets of a key, the current ones first; none for a key that you don't know. May be async. */
  readonly load: (key: string) => readonly Secret[] | Promise<readonly Secret[]>;
  /** How long what was loaded is used, in ms. Default 300,000: as long as a timestamp is tolerated. */
  readonly ttlMs?: number;
  /** Keys kept at once; at the bound the one loaded longest ago goes. Default 10,000. */
  readonly maxKeys?: number;
}

/** Secrets as a scheme uses them: parsed once, at hand for a message. A promise only where a lookup has to load. */
export interface KeySource<Key> {
  forSigning(message: Signable): readonly Key[] | Promise<readonly Key[]>;
  forVerifying(received: ReceivedMessage): readonly Key[] | Promise<readonly Key[]>;
}

/** Every message is checked against each of them, so their number has a bound. */
const MAX_SECRETS = 10;
const DEFAULT_TTL_MS = 300_000;
const DEFAULT_MAX_KEYS = 10_000;

/**
 * Checks a scheme's `secrets` and parses them by `parse`, which throws `invalid-secret` and names the place it is given
 * (`secrets[0]`), never the secret.
 *
 * @throws RingbackError `invalid-secret`, `invalid-option`; its methods `secrets-unavailable` and, for what a lookup loads,
 *   `invalid-secret`.
 */
export function keySource<Secret, Key>(secrets: Secrets<Secret>, parse: (name: string, secret: Secret) => Key): KeySource<Key> {
  if (typeof secrets === 'object' && secrets !== null && 'load' in secrets) return new LookedUpKeys(secrets, parse);
  const keys = parseAll(secrets, parse);
  return { forSigning: () => keys, forVerifying: () => keys };
}

/** Uses keys at once where they are at hand, so that a scheme with fixed secrets stays synchronous. */
export function withKeys<Key, Result>(
  keys: readonly Key[] | Promise<readonly Key[]>,
  use: (keys: readonly Key[]) => Result,
): Result | Promise<Result> {
  return keys instanceof Promise ? keys.then(use) : use(keys);
}

function parseAll<Secret, Key>(secrets: readonly Secret[], parse: (name: string, secret: Secret) => Key): readonly Key[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > MAX_SECRETS) {
    const got = Array.isArray(secrets) ? `an array of ${secrets.length}` : typeof secrets;
    throw new RingbackError('invalid-secret', `secrets must be an array of 1 to ${MAX_SECRETS} secrets, got ${got}`);
  }
  return secrets.map((secret: Secret, index) => parse(`secrets[${index}]`, secret));
}

interface Loaded<Key> {
  readonly loadedAtMs: number;
  readonly keys: readonly Key[] | Promise<readonly Key[]>;
}

class LookedUpKeys<Secret, Key> implements KeySource<Key> {
  readonly #keyOf: (message: Signable) => string;
  readonly #keyOfReceived: ((received: ReceivedMessage) => string) | undefined;
  readonly #load: SecretLookup<Secret>['load'];
  readonly #parse: (name: string, secret: Secret) => Key;
  readonly #ttlMs: number;
  readonly #maxKeys: number;
  readonly #loaded = new Map<string, Loaded<Key>>();

  constructor(lookup: SecretLookup<Secret>, parse: (name: string, secret: Secret) => Key) {
    checkNames('secrets', lookup, ['keyOf', 'keyOfReceived', 'load', 'ttlMs', 'maxKeys']);
    this.#keyOf = functionOption('secrets.keyOf', lookup.keyOf, ({ to }: Signable) => to);
    this.#keyOfReceived = functionOption('secrets.keyOfReceived', lookup.keyOfReceived, undefined);
    this.#load = contractOption('secrets', lookup, ['load']).load;
    this.#parse = parse;
    this.#ttlMs = durationOption('secrets.ttlMs', lookup.ttlMs, DEFAULT_TTL_MS);
    this.#maxKeys = numberOption('secrets.maxKeys', lookup.maxKeys, DEFAULT_MAX_KEYS, { from: 1, integer: true });
  }

  forSigning(message: Signable): readonly Key[] | Promise<readonly Key[]> {
    return this.#get(keyBy(this.#keyOf, message, 'keyOf'), message.timestampMs);
  }

  forVerifying(received: ReceivedMessage): readonly Key[] | Promise<readonly Key[]> {
    if (this.#keyOfReceived === undefined)
      throw unavailable('secrets.keyOfReceived is missing, which tells whose secrets to verify with');
    return this.#get(keyBy(this.#keyOfReceived, received, 'keyOfReceived'), received.nowMs);
  }

  #get(key: string, nowMs: number): readonly Key[] | Promise<readonly Key[]> {
    const kept = this.#loaded.get(key);
    // A clock that was set back must not keep secrets for ever.
    if (kept !== undefined && Math.abs(nowMs - kept.loadedAtMs) < this.#ttlMs) return kept.keys;
    const keys = this.#loadNow(key);
    // Deleted first, so that the map's order is the order of loading.
    this.#loaded.delete(key);
    if (this.#loaded.size >= this.#maxKeys) this.#loaded.delete(this.#loaded.keys().next().value as string);
    const loaded: Loaded<Key> = { loadedAtMs: nowMs, keys };
    this.#loaded.set(key, loaded);
    if (keys instanceof Promise) this.#settle(key, loaded, keys);
    return keys;
  }

  /** Puts the keys in their promise's place, so that later calls are synchronous; a failure is forgotten. */
  #settle(key: string, loading: Loaded<Key>, promise: Promise<readonly Key[]>): void {
    const isCurrent = (): boolean => this.#loaded.get(key) === loading;
    promise.then(
      (keys) => {
        if (isCurrent()) this.#loaded.set(key, { loadedAtMs: loading.loadedAtMs, keys });
      },
      () => {
        if (isCurrent()) this.#loaded.delete(key);
      },
    );
  }

  #loadNow(key: string): readonly Key[] | Promise<readonly Key[]> {
    let secrets: readonly Secret[] | Promise<readonly Secret[]>;
    try {
      secrets = this.#load(key);
    } catch (cause) {
      throw unavailable('secrets.load threw', cause);
    }
    return secrets instanceof Promise ? this.#parseLater(secrets) : this.#parseLoaded(secrets);
  }

  async #parseLater(promise: Promise<readonly Secret[]>): Promise<readonly Key[]> {
    let secrets: readonly Secret[];
    try {
      secrets = await promise;
    } catch (cause) {
      throw unavailable('secrets.load rejected', cause);
    }
    return this.#parseLoaded(secrets);
  }

  #parseLoaded(secrets: readonly Secret[]): readonly Key[] {
    if (Array.isArray(secrets) && secrets.length === 0) throw unavailable('secrets.load knows no secret for this message');
    return parseAll(secrets, this.#parse);
  }
}

function keyBy<Subject>(keyOf: (subject: Subject) => string, subject: Subject, name: string): string {
  let key: unknown;
  try {
    key = keyOf(subject);
  } catch (cause) {
    throw unavailable(`secrets.${name} threw`, cause);
  }
  if (typeof key !== 'string') throw unavailable(`secrets.${name} must give a string, got ${typeof key}`);
  return key;
}

function unavailable(fault: string, cause?: unknown): RingbackError {
  if (isRingbackError(cause)) return cause;
  return new RingbackError('secrets-unavailable', fault, cause === undefined ? undefined : { cause });
}
