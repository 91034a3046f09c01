import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from 'node:crypto';

/**
 * Key material in the forms that it is handed over in, as Node's KeyObject; undefined for what is none. Node's own errors stop
 * here: some show the value that they complain about.
 */

const PEM = '-----BEGIN';

/**
 * A JSON Web Key (RFC 7517), by the members that are read here; others may stand beside them. Types of our own, as those of
 * Node have moved from one version of `@types/node` to the next.
 */
export interface Jwk {
  readonly kty?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  /** There in a private key alone. */
  readonly d?: string;
}

/** A shared secret, as text (its UTF-8) or bytes. */
export function sharedSecret(material: unknown): KeyObject | undefined {
  if (typeof material !== 'string' && !(material instanceof Uint8Array)) return undefined;
  const bytes = Buffer.from(material as Uint8Array);
  // A public key as an HMAC secret is the classic confusion: everyone who has it could sign.
  if (bytes.length === 0 || bytes.includes(PEM)) return undefined;
  return createSecretKey(bytes);
}

/** A private or a public key, as PEM, JWK or KeyObject. */
export function keyOfPair(material: unknown): KeyObject | undefined {
  try {
    if (material instanceof KeyObject) return material.type === 'secret' ? undefined : material;
    if (typeof material === 'string') return fromPem(material);
    return isJwk(material) ? fromJwk(material) : undefined;
  } catch {
    return undefined;
  }
}

export const isJwk = (material: unknown): material is Jwk =>
  typeof material === 'object' && material !== null && 'kty' in material && !(material instanceof KeyObject);

function fromPem(pem: string): KeyObject | undefined {
  if (!pem.includes(PEM)) return undefined;
  return pem.includes('PRIVATE KEY-----') ? createPrivateKey(pem) : createPublicKey(pem);
}

function fromJwk(jwk: Jwk): KeyObject {
  const key = { ...jwk };
  return key.d === undefined ? createPublicKey({ key, format: 'jwk' }) : createPrivateKey({ key, format: 'jwk' });
}
