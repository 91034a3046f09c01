import { isJwk, type Jwk } from '../key-material.js';
import { isJwtAlgorithm, type JwtAlgorithm } from './algorithms.js';
import { type ParsedKey, parseKey } from './key.js';

/** Public keys as RFC 7517 §5 publishes them, with what else the document may hold. */
export interface JwtKeySet {
  readonly keys: readonly Jwk[];
}

const MAX_KEYS = 100;

/**
 * The keys of a set that a token can be verified with; undefined for what is no key set of at most 100 keys. As RFC 7517 §5
 * asks, keys of other kinds and for other uses are passed over, and so are malformed ones; private and shared ones have no
 * business in a set.
 */
export function parseKeySet(set: unknown): readonly ParsedKey[] | undefined {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  return keys.flatMap((jwk: unknown) => usableKey(jwk) ?? []);
}

function usableKey(jwk: unknown): ParsedKey | undefined {
  if (!isJwk(jwk) || 'd' in jwk) return undefined;
  const alg = pinnedAlgorithm(jwk);
  if (alg === undefined) return undefined;
  try {
    return parseKey('jwks', { alg, key: jwk });
  } catch {
    return undefined;
  }
}

/**
 * One algorithm for each key, so that a token can't choose. An RSA key that names none is taken for RS256, which is what those
 * who leave it out sign with.
 */
function pinnedAlgorithm({ alg, kty, crv }: Jwk): Exclude<JwtAlgorithm, 'HS256'> | undefined {
  if (alg === undefined) {
    if (kty === 'EC' && crv === 'P-256') return 'ES256';
    if (kty === 'OKP' && crv === 'Ed25519') return 'Ed25519';
    return kty === 'RSA' ? 'RS256' : undefined;
  }
  if (alg === 'EdDSA') return 'Ed25519';
  return isJwtAlgorithm(alg) && alg !== 'HS256' ? alg : undefined;
}
