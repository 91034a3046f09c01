import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { RingbackError } from '../errors.js';
import { decodeStrictly } from './encoded-bytes.js';
import { type HmacDigest, hmacDigest } from './hmac-digest.js';

/** A secret of Standard Webhooks as a key: its version is that of the signatures it makes and checks. */
export type StandardWebhooksKey =
  | { readonly version: 'v1'; readonly hmac: HmacDigest }
  /** Without a private half it only verifies. */
  | { readonly version: 'v1a'; readonly publicKey: KeyObject; readonly privateKey: KeyObject | undefined };

export type Version = StandardWebhooksKey['version'];

interface Kind {
  readonly rule: string;
  readonly fits: (length: number) => boolean;
  /** Undefined for bytes of a fitting length that are no such key. */
  readonly keyOf: (bytes: Buffer) => StandardWebhooksKey | undefined;
}

const ED25519_BYTES = 32;
/** What stands before the 32 bytes of an ed25519 key in DER (RFC 8410), which is how node:crypto takes raw keys. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

const KINDS: ReadonlyMap<string, Kind> = new Map([
  [
    'whsec_',
    {
      rule: '24 to 64 bytes',
      fits: (length) => length >= 24 && length <= 64,
      keyOf: (bytes) => ({ version: 'v1', hmac: hmacDigest('sha256', createSecretKey(bytes)) }),
    },
  ],
  [
    'whsk_',
    {
      rule: '64 bytes, an ed25519 seed and its public key, or of the 32 of the seed',
      fits: (length) => length === ED25519_BYTES || length === 2 * ED25519_BYTES,
      keyOf: privateKeyOf,
    },
  ],
  [
    'whpk_',
    {
      rule: '32 bytes, an ed25519 public key',
      fits: (length) => length === ED25519_BYTES,
      keyOf: (bytes) => ({ version: 'v1a', publicKey: rawPublicKey(bytes), privateKey: undefined }),
    },
  ],
]);

/** A secret as a key. No message here ever shows a secret, only its type or length. Throws `invalid-secret`. */
export function standardWebhooksKey(name: string, secret: unknown): StandardWebhooksKey {
  if (typeof secret !== 'string') throw refuse(name, `a string that begins with ${PREFIXES}`, typeof secret);
  const prefix = secret.slice(0, secret.indexOf('_') + 1);
  const kind = KINDS.get(prefix);
  if (kind === undefined) throw refuse(name, `a string that begins with ${PREFIXES}`, 'one that does not');
  const rule = `${prefix} and the base64 of ${kind.rule}`;
  const bytes = decodeStrictly(secret.slice(prefix.length), 'base64');
  if (bytes === undefined) throw refuse(name, rule, 'something that is not base64 in its standard, padded form');
  if (!kind.fits(bytes.length)) throw refuse(name, rule, `${bytes.length} bytes`);
  const key = kind.keyOf(bytes);
  if (key === undefined) throw refuse(name, rule, 'a public key that is not that of the seed');
  return key;
}

const PREFIXES = [...KINDS.keys()].join(', ');

const refuse = (name: string, rule: string, got: string): RingbackError =>
  new RingbackError('invalid-secret', `${name} must be ${rule}, got ${got}`);

function rawPublicKey(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' });
}

/** The public key, where it is given, must be the seed's: with another, receivers would refuse all that is signed. */
function privateKeyOf(bytes: Buffer): StandardWebhooksKey | undefined {
  const seed = bytes.subarray(0, ED25519_BYTES);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  if (bytes.length > ED25519_BYTES && !publicKey.equals(rawPublicKey(bytes.subarray(ED25519_BYTES)))) return undefined;
  return { version: 'v1a', publicKey, privateKey };
}
