import { Buffer } from 'node:buffer';
import { constants, type KeyObject, sign } from 'node:crypto';
import { hmacDigest } from '../hmac-digest.js';

/** What tokens are signed with, by its registered name (RFC 7518, and RFC 9864 for Ed25519). */
export type JwtAlgorithm = 'HS256' | 'ES256' | 'Ed25519' | 'RS256' | 'PS256';

/** Everything that differs from one algorithm to the next. */
export interface Algorithm {
  /** What a token's header may call it. Its own name comes first, and is what we write. */
  readonly names: readonly string[];
  /** What a key must be, for messages. */
  readonly rule: string;
  readonly fits: (key: KeyObject) => boolean;
  /** Signs the first two parts of a token and gives the third. */
  readonly signer: (key: KeyObject) => (input: string) => string;
}

const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2_048;
/** RFC 7518 §3.5: the salt is as long as the hash. */
const PSS_SALT_BYTES = 32;

const isRsa = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;

const RSA_RULE = `an RSA key of at least ${MIN_RSA_BITS} bits`;

export const ALGORITHMS: Readonly<Record<JwtAlgorithm, Algorithm>> = {
  HS256: {
    names: ['HS256'],
    rule: `text or bytes of at least ${MIN_SECRET_BYTES} bytes, and no PEM`,
    fits: (key) => (key.symmetricKeySize ?? 0) >= MIN_SECRET_BYTES,
    signer: (key) => {
      const hmac = hmacDigest('sha256', key);
      return (input) => hmac.text([input], 'base64url');
    },
  },
  ES256: {
    names: ['ES256'],
    rule: 'an EC key on the curve P-256',
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    signer: (key) => {
      // A JWS holds r and s side by side (RFC 7518 §3.4); Node's default is DER.
      const how = { key, dsaEncoding: 'ieee-p1363' } as const;
      return (input) => sign('sha256', Buffer.from(input), how).toString('base64url');
    },
  },
  Ed25519: {
    // RFC 9864 replaces EdDSA, which most signers still write.
    names: ['Ed25519', 'EdDSA'],
    rule: 'an Ed25519 key',
    fits: (key) => key.asymmetricKeyType === 'ed25519',
    signer: (key) => (input) => sign(null, Buffer.from(input), key).toString('base64url'),
  },
  RS256: {
    names: ['RS256'],
    rule: RSA_RULE,
    fits: isRsa,
    signer: (key) => (input) => sign('sha256', Buffer.from(input), key).toString('base64url'),
  },
  PS256: {
    names: ['PS256'],
    rule: RSA_RULE,
    fits: isRsa,
    signer: (key) => {
      const how = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES };
      return (input) => sign('sha256', Buffer.from(input), how).toString('base64url');
    },
  },
};

export const isJwtAlgorithm = (name: unknown): name is JwtAlgorithm =>
  typeof name === 'string' && Object.hasOwn(ALGORITHMS, name);
