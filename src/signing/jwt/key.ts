import { Buffer } from 'node:buffer';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { RingbackError } from '../../errors.js';
import { isJwk, type Jwk, keyOfPair, sharedSecret } from '../key-material.js';
import { ALGORITHMS, isJwtAlgorithm, type JwtAlgorithm } from './algorithms.js';

/** A secret that both sides hold: who verifies could sign as well. */
export interface JwtSharedSecret {
  readonly alg: 'HS256';
  /** At least 32 bytes; text counts as its UTF-8 (RFC 7518 §3.2). */
  readonly key: string | Uint8Array;
  /** Tells the receiver which key this is. Up to 256 visible ASCII characters. */
  readonly kid?: string;
}

/** Half of a key pair: the private one signs, and verifies too; the public one verifies. */
export interface JwtKeyPair {
  readonly alg: Exclude<JwtAlgorithm, 'HS256'>;
  /** PEM (PKCS#8, SPKI), a JWK, or Node's KeyObject. RSA keys have at least 2,048 bits (RFC 7518 §3.3). */
  readonly key: string | Jwk | KeyObject;
  /** Tells the receiver which key this is. Up to 256 visible ASCII characters. Default: the `kid` of a JWK, else none. */
  readonly kid?: string;
}

/** A key of `jwt`, tied to the one algorithm that it is used with. */
export type JwtKey = JwtSharedSecret | JwtKeyPair;

/** A key as it is used: parsed once, its part of the token's header written once. */
export interface ParsedKey {
  /** What a token that this key is to verify may name as its algorithm. */
  readonly algorithms: readonly string[];
  readonly kid: string | undefined;
  readonly verifyWith: KeyObject;
  /** The encoded header of the tokens it signs. */
  readonly header: string;
  /** Undefined for a public key. */
  readonly sign: ((input: string) => string) | undefined;
}

/** What the token says it is, so that a token made for something else is never taken for one of these (RFC 8725 §3.11). */
export const TOKEN_TYPE = 'callback+jwt';

const FIELDS = ['alg', 'key', 'kid'];
const KID = /^[!-~]{1,256}$/;

const refuse = (name: string, rule: string): RingbackError => new RingbackError('invalid-secret', `${name} must be ${rule}`);

/** Parses one of `secrets`. No message shows a key. Throws `invalid-secret`. */
export function parseKey(name: string, given: JwtKey): ParsedKey {
  if (typeof given !== 'object' || given === null) throw refuse(name, `an object with alg and key, got ${typeof given}`);
  const stranger = Object.keys(given).find((field) => !FIELDS.includes(field));
  if (stranger !== undefined) throw refuse(name, `an object of ${FIELDS.join(', ')}, and of no other field`);
  const { alg, key: material } = given;
  if (!isJwtAlgorithm(alg)) throw refuse(`${name}.alg`, `one of ${Object.keys(ALGORITHMS).join(', ')}`);
  if (isJwk(material)) checkPurpose(name, material, alg);
  const { names, rule, fits, signer } = ALGORITHMS[alg];
  const key = alg === 'HS256' ? sharedSecret(material) : keyOfPair(material);
  if (key === undefined || !fits(key)) throw refuse(`${name}.key`, formRule(alg, rule));
  const kid = checkKid(name, given.kid ?? (isJwk(material) ? material.kid : undefined));
  return {
    algorithms: names,
    kid,
    verifyWith: key.type === 'private' ? createPublicKey(key) : key,
    header: Buffer.from(JSON.stringify({ alg, typ: TOKEN_TYPE, kid })).toString('base64url'),
    sign: key.type === 'public' ? undefined : signer(key),
  };
}

const formRule = (alg: JwtAlgorithm, rule: string): string =>
  alg === 'HS256' ? `${rule}, to be used with HS256` : `${rule} as PEM, JWK or KeyObject, to be used with ${alg}`;

/** A JWK may say what it is for. */
function checkPurpose(name: string, { alg, use }: Jwk, pinned: JwtAlgorithm): void {
  if (alg !== undefined && !ALGORITHMS[pinned].names.includes(alg)) {
    throw refuse(`${name}.key`, `a JWK whose alg is ${pinned} or not given`);
  }
  if (use !== undefined && use !== 'sig') throw refuse(`${name}.key`, 'a JWK whose use is sig or not given');
}

function checkKid(name: string, kid: unknown): string | undefined {
  if (kid === undefined || (typeof kid === 'string' && KID.test(kid))) return kid;
  throw refuse(`${name}.kid`, `1 to 256 visible ASCII characters, got ${typeof kid}`);
}

/** What a token's header says to choose a key by. */
export interface KeyChoice {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Every candidate costs a verification, so a token that fits more keys than this has to name its own. */
const MAX_TRIED_KEYS = 10;

/**
 * The keys that may have signed a token. Its header chooses among keys, each with its own algorithm; it never chooses the
 * algorithm of a key. A key without a kid fits any.
 */
export function candidates(keys: readonly ParsedKey[], { alg, kid }: KeyChoice): readonly ParsedKey[] {
  const fits = (key: ParsedKey): boolean =>
    key.algorithms.includes(alg) && (kid === undefined || key.kid === undefined || key.kid === kid);
  return keys.filter(fits).slice(0, MAX_TRIED_KEYS);
}
