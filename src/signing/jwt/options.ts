import { RingbackError } from '../../errors.js';
import { FRAMING_HEADERS, isHeaderName } from '../../header-grammar.js';
import { checkNames, durationOption, invalidOption, numberOption } from '../../options.js';
import { type KeySource, keySource, type Secrets, withKeys } from '../secrets.js';
import { candidates, type JwtKey, type ParsedKey, parseKey } from './key.js';
import { type JwtKeySet, parseKeySet } from './key-set.js';
import { RemoteKeySet } from './remote-key-set.js';
import type { SenderRule } from './signed-token.js';
import type { ReceiverRule } from './verification.js';

/** Settings of `jwt`: who signed, and either the keys or where their public halves are published. */
export type JwtOptions = JwtSettings & JwtKeys;

/** Keys of one's own, or a published set of public keys. */
export type JwtKeys =
  | {
      /**
       * 1 to 10 keys, each with its algorithm. The first one that can sign does; a token is verified by the key that its `kid`
       * names, or else by any that fits. To rotate, let receivers have the new key first, then put it in front.
       */
      readonly secrets: Secrets<JwtKey>;
      readonly jwks?: undefined;
    }
  | {
      /**
       * For a receiver: the sender's public keys, as a key set (RFC 7517) or the URL of one; `https:`, and `http:` on loopback
       * only. It is fetched when first needed and used for 5 minutes; a token that names an unknown key has it fetched again,
       * once in 30 seconds at most, also while that fails.
       */
      readonly jwks: JwtKeySet | string | URL;
      readonly secrets?: undefined;
    };

/** What is said and insisted on beside the keys. */
export interface JwtSettings {
  /** Who signs, `iss`; a receiver takes tokens of this issuer only. 1 to 256 characters; a URL of yours is a good one. */
  readonly issuer: string;
  /** For whom, `aud`. Default: the origin of the URL that the message is sent to. 1 to 256 characters. */
  readonly audience?: string;
  /** How long a token is worth something, in ms, rounded down to seconds; from 1,000 to `maxAgeMs`. Default 60,000. */
  readonly lifetimeMs?: number;
  /**
   * A token that lives longer is refused when verified, whatever its `exp` says, in ms; from 1,000 to 3,600,000. Default
   * 300,000: as long as other schemes take a timestamp.
   */
  readonly maxAgeMs?: number;
  /** How far the clocks of both sides may be apart, in ms. Default 30,000: RFC 7519 §4.1.4 allows a small leeway. */
  readonly toleranceMs?: number;
  /**
   * The header with the token. In `authorization` it stands behind `Bearer`, in any other alone. Default `authorization`
   * (RFC 6750).
   */
  readonly header?: string;
}

const OPTIONS = ['secrets', 'jwks', 'issuer', 'audience', 'lifetimeMs', 'maxAgeMs', 'toleranceMs', 'header'];
const DEFAULT_LIFETIME_MS = 60_000;
const DEFAULT_MAX_AGE_MS = 300_000;
const DEFAULT_TOLERANCE_MS = 30_000;
const MIN_LIFETIME_MS = 1_000;
const LONGEST_MAX_AGE_MS = 3_600_000;
const MAX_NAME_LENGTH = 256;

/** What both ends of a scheme go by. */
export interface JwtRules {
  readonly sender: SenderRule;
  readonly receiver: ReceiverRule;
}

/** Checks the options and parses the keys. Throws `invalid-option` or `invalid-secret`. */
export function jwtRules(options: JwtOptions): JwtRules {
  checkNames('jwt', options, OPTIONS);
  const maxAgeMs = numberOption('maxAgeMs', options.maxAgeMs, DEFAULT_MAX_AGE_MS, {
    from: MIN_LIFETIME_MS,
    to: LONGEST_MAX_AGE_MS,
  });
  const lifetimeMs = numberOption('lifetimeMs', options.lifetimeMs, DEFAULT_LIFETIME_MS, {
    from: MIN_LIFETIME_MS,
    to: maxAgeMs,
  });
  const toleranceMs = durationOption('toleranceMs', options.toleranceMs, DEFAULT_TOLERANCE_MS);
  const issuer = checkName('issuer', options.issuer);
  const audience = options.audience === undefined ? undefined : checkName('audience', options.audience);
  const header = checkHeader(options.header ?? 'authorization');
  const { source, find } = keysOf(options);
  return {
    sender: { header, issuer, audience, lifetimeSeconds: Math.floor(lifetimeMs / 1000), source },
    receiver: { header, issuer, audience, maxAgeMs, toleranceMs, candidates: find },
  };
}

function checkName(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH) return value;
  throw invalidOption(name, `text of 1 to ${MAX_NAME_LENGTH} characters`, value);
}

function checkHeader(name: unknown): string {
  if (typeof name !== 'string' || !isHeaderName(name) || FRAMING_HEADERS.has(name.toLowerCase())) {
    throw invalidOption('header', 'the name of a header that may be set', name);
  }
  return name.toLowerCase();
}

interface Keys {
  /** Undefined where there are public keys only. */
  readonly source: KeySource<ParsedKey> | undefined;
  readonly find: ReceiverRule['candidates'];
}

function keysOf({ secrets, jwks }: JwtOptions): Keys {
  if ((secrets === undefined) === (jwks === undefined)) {
    throw new RingbackError('invalid-option', 'jwt needs one of secrets and jwks, and not both');
  }
  if (jwks === undefined) {
    const source = keySource(secrets as Secrets<JwtKey>, parseKey);
    return { source, find: (header, received) => withKeys(source.forVerifying(received), (keys) => candidates(keys, header)) };
  }
  if (typeof jwks === 'string' || jwks instanceof URL) {
    const remote = new RemoteKeySet(checkUrl(jwks));
    return { source: undefined, find: (header) => remote.candidates(header) };
  }
  const keys = parseKeySet(jwks);
  if (keys === undefined || keys.length === 0) {
    throw new RingbackError('invalid-secret', 'jwks must hold 1 to 100 keys, one of them a public key that jwt can use');
  }
  return { source: undefined, find: (header) => candidates(keys, header) };
}

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

function checkUrl(jwks: string | URL): URL {
  const url = URL.parse(String(jwks));
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  throw new RingbackError('invalid-option', 'jwks must be a key set or its URL: https:, or http: on loopback');
}
