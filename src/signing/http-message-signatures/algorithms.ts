import type { Buffer } from 'node:buffer';
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { equalBytes } from '../encoded-bytes.js';
import { hmacDigest } from '../hmac-digest.js';

/** What a message is signed with, by its name in the registry of RFC 9421 §6.2. */
export type HttpMessageSignatureAlgorithm = 'hmac-sha256' | 'ed25519' | 'ecdsa-p256-sha256' | 'rsa-pss-sha512';

/** Everything that differs from one algorithm to the next. */
export interface Algorithm {
  /** What a key must be, for messages. */
  readonly rule: string;
  /** What a JWK that says its algorithm may call it. */
  readonly jwkNames: readonly string[];
  readonly fits: (key: KeyObject) => boolean;
  readonly signer: (key: KeyObject) => (base: Buffer) => Buffer;
  readonly verifier: (key: KeyObject) => (base: Buffer, signature: Buffer) => boolean;
}

const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2_048;

/** RFC 9421 §3.3.1: the salt is as long as the hash. */
const PSS_SALT_BYTES = 64;
const pss = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES });

/** RFC 9421 §3.3.4: r and s side by side; Node's default is DER. */
const sideBySide = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' }) as const;

function fitsPss({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, hashAlgorithm = 'sha512', mgf1HashAlgorithm = 'sha512', saltLength = 0 } = asymmetricKeyDetails;
  if (modulusLength < MIN_RSA_BITS) return false;
  // A key of the type rsa-pss may be bound to a hash and to a least length of the salt.
  const isFree = hashAlgorithm === 'sha512' && mgf1HashAlgorithm === 'sha512' && saltLength <= PSS_SALT_BYTES;
  return asymmetricKeyType === 'rsa' || (asymmetricKeyType === 'rsa-pss' && isFree);
}

export const ALGORITHMS: Readonly<Record<HttpMessageSignatureAlgorithm, Algorithm>> = {
  'hmac-sha256': {
    rule: `text or bytes of at least ${MIN_SECRET_BYTES} bytes, and no PEM`,
    jwkNames: [],
    fits: (key) => (key.symmetricKeySize ?? 0) >= MIN_SECRET_BYTES,
    signer: (key) => {
      const hmac = hmacDigest('sha256', key);
      return (base) => hmac.bytes([base]);
    },
    verifier: (key) => {
      const hmac = hmacDigest('sha256', key);
      return (base, signature) => equalBytes(hmac.bytes([base]), signature);
    },
  },
  ed25519: {
    rule: 'an Ed25519 key as PEM, JWK or KeyObject',
    jwkNames: ['EdDSA', 'Ed25519'],
    fits: (key) => key.asymmetricKeyType === 'ed25519',
    signer: (key) => (base) => sign(null, base, key),
    verifier: (key) => (base, signature) => verify(null, base, key, signature),
  },
  'ecdsa-p256-sha256': {
    rule: 'an EC key on the curve P-256 as PEM, JWK or KeyObject',
    jwkNames: ['ES256'],
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    signer: (key) => (base) => sign('sha256', base, sideBySide(key)),
    verifier: (key) => (base, signature) => verify('sha256', base, sideBySide(key), signature),
  },
  'rsa-pss-sha512': {
    rule: `an RSA key of at least ${MIN_RSA_BITS} bits as PEM, JWK or KeyObject`,
    jwkNames: ['PS512'],
    fits: fitsPss,
    signer: (key) => (base) => sign('sha512', base, pss(key)),
    verifier: (key) => (base, signature) => verify('sha512', base, pss(key), signature),
  },
};

export const isAlgorithm = (name: unknown): name is HttpMessageSignatureAlgorithm =>
  typeof name === 'string' && Object.hasOwn(ALGORITHMS, name);
