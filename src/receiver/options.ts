import { type Clock, systemClock } from '../clock.js';
import { guardedLogger } from '../guarded-logger.js';
import type { IdempotencyStore } from '../idempotency/store.js';
import type { Logger } from '../logger.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../options.js';
import type { ReceivedMessage, SignatureScheme, Verified } from '../signing/scheme.js';
import type { IdOf } from './callback-id.js';
import { type ConsentSettings, consentSettings } from './consent.js';
import type { ReceivedCallback } from './received-callback.js';

/** Settings of `receiver`. */
export interface ReceiverOptions {
  /** What verifies. Several, at most 10, while a sender changes its scheme: a message is taken when one of them accepts it. */
  readonly signature: SignatureScheme | readonly SignatureScheme[];
  /** Where ids are remembered. One that all your processes share, such as those of `ringback/postgres` or `ringback/redis`. */
  readonly store: IdempotencyStore;
  /**
   * Runs once per id, for callbacks whose signature holds. The sender is answered with the `Response` that it gives, or 204 when
   * it gives nothing. A throw, or a response that is no 2xx, frees the id, so that a retry runs it again. May be async.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: async functions that return nothing are typed so.
  readonly onCallback: (callback: ReceivedCallback) => Response | undefined | void | Promise<Response | undefined | void>;
  /**
   * The id to deduplicate by, for schemes that vouch for none, and for several tenants on one receiver. Take it from what is
   * signed: an id in a header that no signature covers can be changed by who replays the message. Default: the id that the scheme
   * vouches for.
   */
  readonly idOf?: (received: ReceivedMessage, verified: Verified) => string;
  /** Keeps the ids of this receiver apart from all others in the store. 1 to 40 of `A-Z a-z 0-9 . _ -`. Default `receiver`. */
  readonly name?: string;
  /** True gives duplicates the answer of the first run, kept in the store, instead of 204. Default false. */
  readonly replay?: boolean;
  /** The largest body, in bytes; reading stops there. Default 1,048,576 (1 MiB; senders of webhooks send far less). */
  readonly maxBytes?: number;
  /** How long a claim outlives a process that died, in ms, at least 100; renewed while the handler runs. Default 60,000. */
  readonly leaseMs?: number;
  /** How long a handler may run, in ms. Then its signal is aborted and its id is no longer held. Default 300,000. */
  readonly timeoutMs?: number;
  /**
   * How long an id is remembered, in ms. Default 604,800,000 (7 days): longer than senders retry (76 h by the schedule of
   * Standard Webhooks, 3 days at Stripe), with time for a person to send again. Keep it above twice the tolerance of timestamps.
   */
  readonly ttlMs?: number;
  /**
   * The origin that senders call: `https://api.example`. Set it for schemes that sign the URL. Default: as the request says, where
   * whoever sends it chooses the host, so that a message signed for another receiver's host could be taken here.
   */
  readonly origin?: string;
  /**
   * The senders that are given consent when they ask for it by the web-hook handshake of CloudEvents (OPTIONS): DNS names, at most 1,000,
   * or `*` for any. It is no authentication: the signature is. Default: none, and OPTIONS is answered with 405.
   */
  readonly allowedOrigins?: readonly string[];
  /** How many callbacks a minute such a sender may send: an integer from 1 to 1,000,000. Default: no limit is told. */
  readonly allowedRatePerMinute?: number;
  /** Default: errors on the console, the rest nowhere. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** The same, checked. */
export interface ReceiverSettings {
  readonly schemes: readonly SignatureScheme[];
  readonly store: IdempotencyStore;
  readonly onCallback: (callback: ReceivedCallback) => unknown;
  readonly idOf: IdOf | undefined;
  readonly name: string;
  readonly replay: boolean;
  readonly maxBytes: number;
  readonly leaseMs: number;
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly origin: string | undefined;
  readonly consent: ConsentSettings;
  readonly logger: Logger;
  readonly clock: Clock;
}

const NAMES: readonly (keyof ReceiverOptions)[] = [
  'signature',
  'store',
  'onCallback',
  'idOf',
  'name',
  'replay',
  'maxBytes',
  'leaseMs',
  'timeoutMs',
  'ttlMs',
  'origin',
  'allowedOrigins',
  'allowedRatePerMinute',
  'logger',
  'clock',
];

/** Each proof is tried for each message, so their number has a bound. */
const MAX_SCHEMES = 10;
/** No colon, so that the first one in a key ends the name: no name and id make the key of another name and id. */
const NAME = /^[A-Za-z0-9._-]{1,40}$/;
const MIB = 1_048_576;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A failure that nobody hears of would be looked for on the sender's side. */
const ERRORS_ON_CONSOLE: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (fields, message) => globalThis.console.error(message, fields),
};

/** @throws RingbackError `invalid-option`. */
export function receiverSettings(options: ReceiverOptions): ReceiverSettings {
  checkNames('receiver', options, NAMES);
  const { onCallback, name = 'receiver', replay = false, logger = ERRORS_ON_CONSOLE } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalidOption('name', '1 to 40 letters, digits, dots, underscores or hyphens', name);
  }
  if (typeof replay !== 'boolean') throw invalidOption('replay', 'true or false', replay);
  if (onCallback === undefined) throw invalidOption('onCallback', 'a function', onCallback);
  return {
    schemes: schemesOf(options.signature),
    store: contractOption('store', options.store, ['claim', 'renew', 'complete', 'release']),
    onCallback: functionOption('onCallback', onCallback, onCallback),
    idOf: functionOption('idOf', options.idOf, undefined),
    name,
    replay,
    maxBytes: numberOption('maxBytes', options.maxBytes, MIB, { from: 1, integer: true }),
    leaseMs: numberOption('leaseMs', options.leaseMs, MINUTE_MS, { from: 100 }),
    timeoutMs: numberOption('timeoutMs', options.timeoutMs, 5 * MINUTE_MS, { above: 0 }),
    ttlMs: numberOption('ttlMs', options.ttlMs, 7 * DAY_MS, { above: 0 }),
    origin: originOf(options.origin),
    consent: consentSettings(options.allowedOrigins, options.allowedRatePerMinute),
    logger: guardedLogger(contractOption('logger', logger, ['debug', 'info', 'warn', 'error'])),
    clock: contractOption('clock', options.clock ?? systemClock, ['now', 'monotonic', 'setTimer', 'clearTimer']),
  };
}

function schemesOf(signature: ReceiverOptions['signature']): readonly SignatureScheme[] {
  const schemes: readonly SignatureScheme[] = Array.isArray(signature) ? signature : [signature];
  if (schemes.length === 0 || schemes.length > MAX_SCHEMES) {
    throw invalidOption('signature', `a scheme, or 1 to ${MAX_SCHEMES} of them`, signature);
  }
  return schemes.map((scheme) => contractOption('signature', scheme, ['verify']));
}

function originOf(origin: unknown): string | undefined {
  if (origin === undefined) return undefined;
  const url = typeof origin === 'string' ? URL.parse(origin) : null;
  if (url === null || url.origin === 'null' || url.origin !== origin) {
    throw invalidOption('origin', 'scheme and host as in https://api.example, nothing behind it', origin);
  }
  return url.origin;
}
