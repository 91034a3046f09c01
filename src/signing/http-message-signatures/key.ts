import type { Buffer } from 'node:buffer';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { RingbackError } from '../../errors.js';
import { isJwk, type Jwk, keyOfPair, sharedSecret } from '../key-material.js';
import { ALGORITHMS, type HttpMessageSignatureAlgorithm, isAlgorithm } from './algorithms.js';

/** A secret that both sides hold: who verifies could sign as well. */
export interface HttpMessageSignatureSharedSecret {
  /** What a signature names its key by (`keyid`): 1 to 256 visible ASCII characters. */
  readonly keyId: string;
  readonly algorithm: 'hmac-sha256';
  /** At least 32 bytes; text counts as its UTF-8. */
  readonly key: string | Uint8Array;
}

/** Half of a key pair: the private one signs, and verifies too; the public one verifies. */
export interface HttpMessageSignatureKeyPair {
  /** What a signature names its key by (`keyid`): 1 to 256 visible ASCII characters. */
  readonly keyId: string;
  readonly algorithm: Exclude<HttpMessageSignatureAlgorithm, 'hmac-sha256'>;
  /** PEM (PKCS#8, SEC 1, SPKI), a JWK, or Node's KeyObject. RSA keys have at least 2,048 bits. */
  readonly key: string | Jwk | KeyObject;
}

/** A key of `httpMessageSignatures`, tied to the one algorithm that it is used with. */
export type HttpMessageSignatureKey = HttpMessageSignatureSharedSecret | HttpMessageSignatureKeyPair;

/** A key as it is used. */
export interface ParsedKey {
  readonly keyId: string;
  readonly algorithm: HttpMessageSignatureAlgorithm;
  /** Undefined for a public key. */
  readonly sign: ((base: Buffer) => Buffer) | undefined;
  readonly verify: (base: Buffer, signature: Buffer) => boolean;
}

const FIELDS = ['keyId', 'algorithm', 'key'];
const KEY_ID = /^[!-~]{1,256}$/;

const refuse = (name: string, rule: string): RingbackError => new RingbackError('invalid-secret', `${name} must be ${rule}`);

/** Parses one of `secrets`. No message shows a key. Throws `invalid-secret`. */
export function parseKey(name: string, given: HttpMessageSignatureKey): ParsedKey {
  if (typeof given !== 'object' || given === null) throw refuse(name, `an object of ${FIELDS.join(', ')}, got ${typeof given}`);
  const stranger = Object.keys(given).find((field) => !FIELDS.includes(field));
  if (stranger !== undefined) throw refuse(name, `an object of ${FIELDS.join(', ')}, and of no other field`);
  const { keyId, algorithm, key: material } = given;
  if (typeof keyId !== 'string' || !KEY_ID.test(keyId)) throw refuse(`${name}.keyId`, '1 to 256 visible ASCII characters');
  if (!isAlgorithm(algorithm)) throw refuse(`${name}.algorithm`, `one of ${Object.keys(ALGORITHMS).join(', ')}`);
  const { rule, jwkNames, fits, signer, verifier } = ALGORITHMS[algorithm];
  const key = algorithm === 'hmac-sha256' ? sharedSecret(material) : keyOfPair(material);
  if (key === undefined || !fits(key)) throw refuse(`${name}.key`, `${rule}, to be used with ${algorithm}`);
  if (isJwk(material)) checkPurpose(`${name}.key`, material, jwkNames);
  return {
    keyId,
    algorithm,
    sign: key.type === 'public' ? undefined : signer(key),
    verify: verifier(key.type === 'private' ? createPublicKey(key) : key),
  };
}

/** A JWK may say what it is for. */
function checkPurpose(name: string, { alg, use }: Jwk, jwkNames: readonly string[]): void {
  if (alg !== undefined && !jwkNames.includes(alg)) throw refuse(name, `a JWK whose alg is ${jwkNames[0]} or not given`);
  if (use !== undefined && use !== 'sig') throw refuse(name, 'a JWK whose use is sig or not given');
}
