import { createHash } from 'node:crypto';
import { RingbackError } from '../../errors.js';
import { decodeStrictly, equalBytes } from '../encoded-bytes.js';
import { invalidSignature } from '../received.js';
import { jsonObject } from './token.js';

/**
 * What a token says about its message.
 *
 * `htm` and `uri` are the names RFC 9635 (GNAP) §7.3.3 binds a request's method and target with. DPoP's `htu` (RFC 9449) is
 * registered as the URI without its query; a callback's query often tells whom it is for, so it must be bound too. `bh` is
 * made as `ath` and `at_hash` are, base64url of a SHA-256; its name is the body hash of DKIM (RFC 6376).
 */
export interface Claims {
  /** Who signed. */
  readonly iss: string;
  /** For whom. We write one; others may write several. */
  readonly aud: string | readonly string[];
  /** Unix seconds at which it was signed. */
  readonly iat: number;
  /** Unix seconds from which it is worth nothing. */
  readonly exp: number;
  /** Unix seconds before which it is worth nothing; we write none. */
  readonly nbf?: number;
  /** The callback's id, the same over all attempts. */
  readonly jti: string;
  /** The method. */
  readonly htm: string;
  /** The target URI with its query, normalised, without fragment. */
  readonly uri: string;
  /** base64url(SHA-256(body)). */
  readonly bh: string;
}

/** What the claims must say of the message that was received. */
export interface ExpectedClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly method: string;
  readonly uri: string;
  readonly body: Uint8Array;
}

/** How long a token may be worth something, and how far two clocks may be apart, in ms. */
export interface LifetimeRule {
  readonly maxAgeMs: number;
  readonly toleranceMs: number;
}

/** As intake has it: 1 to 255 visible ASCII characters. */
const ID = /^[!-~]{1,255}$/;
/** Unix seconds up to the year 5138, as the other schemes have them. */
const MAX_SECONDS = 99_999_999_999;

export const bodyHash = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64url');

/** Parses the claims of a token, strictly. Throws `invalid-signature`. */
export function parseClaims(payload: Uint8Array): Claims {
  const claims = jsonObject(payload, "the token's claims");
  const { iss, aud, iat, exp, nbf, jti, htm, uri, bh } = claims;
  const isAudience = typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'));
  if (!isAudience) throw invalidSignature("the token's aud must be text or an array of text");
  for (const [name, value] of Object.entries({ iss, jti, htm, uri, bh })) {
    if (typeof value !== 'string') throw invalidSignature(`the token's ${name} must be text`);
  }
  for (const [name, value] of Object.entries({ iat, exp, nbf: nbf ?? 0 })) {
    const isSeconds = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SECONDS;
    if (!isSeconds) throw invalidSignature(`the token's ${name} must be whole unix seconds`);
  }
  if (!ID.test(jti as string)) throw invalidSignature("the token's jti must be 1 to 255 visible ASCII characters");
  return claims as unknown as Claims;
}

/** Throws `invalid-signature` for a token that was made for another message, another receiver or by somebody else. */
export function checkBinding(claims: Claims, expected: ExpectedClaims): void {
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  if (claims.iss !== expected.issuer) throw invalidSignature("the token's iss is not the issuer");
  if (!audiences.includes(expected.audience)) throw invalidSignature("the token's aud is not this receiver");
  if (claims.htm !== expected.method) throw invalidSignature("the token's htm is not the method");
  if (claims.uri !== expected.uri) throw invalidSignature("the token's uri is not the target URI");
  const hash = decodeStrictly(claims.bh, 'base64url');
  const actual = createHash('sha256').update(expected.body).digest();
  if (hash === undefined || !equalBytes(hash, actual)) throw invalidSignature("the token's bh is not the hash of the body");
}

/**
 * Throws `invalid-signature` for a token that lives too long whenever it comes, and `stale-signature` for one that comes too
 * early or too late.
 */
export function checkLifetime({ iat, exp, nbf = 0 }: Claims, nowMs: number, { maxAgeMs, toleranceMs }: LifetimeRule): void {
  const livesMs = (exp - iat) * 1000;
  if (livesMs <= 0 || livesMs > maxAgeMs) {
    throw invalidSignature(`the token's exp must lie behind its iat, by at most ${maxAgeMs} ms`);
  }
  const beginsMs = Math.max(iat, nbf) * 1000;
  // Asked for what must hold, so that a `nowMs` that is no number is out of time rather than in it. From `exp` on, a token is
  // worth nothing (RFC 7519 §4.1.4), so the end is open.
  const isInTime = typeof nowMs === 'number' && nowMs >= beginsMs - toleranceMs && nowMs < exp * 1000 + toleranceMs;
  if (!isInTime) {
    throw new RingbackError('stale-signature', `the token's time is over or has not come, by more than ${toleranceMs} ms`);
  }
}
