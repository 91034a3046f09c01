import { Buffer } from 'node:buffer';
import { RingbackError } from '../../errors.js';
import type { Signable } from '../scheme.js';
import { checkUntaken } from '../scheme-headers.js';
import { type KeySource, withKeys } from '../secrets.js';
import { bodyHash, type Claims } from './claims.js';
import type { ParsedKey } from './key.js';
import { targetOf } from './target.js';

/** What a sender writes into its tokens, and where they go. */
export interface SenderRule {
  /** The header for the token, in lower case. */
  readonly header: string;
  readonly issuer: string;
  /** Undefined for the origin of the URL that the message goes to. */
  readonly audience: string | undefined;
  readonly lifetimeSeconds: number;
  /** Undefined where there are public keys only. */
  readonly source: KeySource<ParsedKey> | undefined;
}

/** A token carries the URI, in base64, and stays under the 8,192 characters that a receiver takes. */
const MAX_URI_LENGTH = 2_048;

/** What a token needs of a callback. Throws `invalid-callback`. */
export function checkMessage({ headers, to }: Pick<Signable, 'headers' | 'to'>, header: string): void {
  checkUntaken(headers, [header]);
  if (to.length > MAX_URI_LENGTH) {
    throw new RingbackError('invalid-callback', `to must be at most ${MAX_URI_LENGTH} characters for jwt, got ${to.length}`);
  }
}

/** The header with a token made for this message. Throws `invalid-callback`, and `invalid-secret` when nothing can sign. */
export function signMessage(message: Signable, rule: SenderRule): Record<string, string> | Promise<Record<string, string>> {
  const { header, source } = rule;
  checkMessage(message, header);
  if (source === undefined) throw new RingbackError('invalid-secret', 'jwks holds no private key: jwt signs with secrets');
  const payload = encodedClaims(message, rule);
  return withKeys(source.forSigning(message), (keys) => {
    const token = signedToken(keys, payload);
    return { [header]: header === 'authorization' ? `Bearer ${token}` : token };
  });
}

function encodedClaims(message: Signable, { issuer, audience, lifetimeSeconds }: SenderRule): string {
  const target = targetOf(message.to);
  if (target === undefined) throw new RingbackError('invalid-callback', 'to must be an absolute URI to be signed by jwt');
  const iat = Math.floor(message.timestampMs / 1000);
  const claims: Claims = {
    iss: issuer,
    aud: audience ?? target.origin,
    iat,
    exp: iat + lifetimeSeconds,
    jti: message.id,
    htm: message.method,
    uri: target.uri,
    bh: bodyHash(message.body),
  };
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

/** A token has room for one signature, so the first key that can sign does. */
function signedToken(keys: readonly ParsedKey[], payload: string): string {
  for (const { header, sign } of keys) {
    if (sign === undefined) continue;
    const input = `${header}.${payload}`;
    return `${input}.${sign(input)}`;
  }
  throw new RingbackError('invalid-secret', 'secrets must hold a private key, or one for HS256, to sign with');
}
