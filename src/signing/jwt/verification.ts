import { RingbackError } from '../../errors.js';
import { invalidSignature, receivedBody } from '../received.js';
import type { ReceivedMessage, Verified } from '../scheme.js';
import { checkBinding, checkLifetime, type ExpectedClaims, type LifetimeRule, parseClaims } from './claims.js';
import { loadJose } from './jose.js';
import type { KeyChoice, ParsedKey } from './key.js';
import { targetOf } from './target.js';
import { receivedToken, type Token } from './token.js';

/** What a receiver insists on. */
export interface ReceiverRule extends LifetimeRule {
  /** The header with the token, in lower case. */
  readonly header: string;
  readonly issuer: string;
  /** Undefined for the origin of the URL that the message came to. */
  readonly audience: string | undefined;
  /** The keys that may have signed a token with this header. */
  readonly candidates: (header: KeyChoice, received: ReceivedMessage) => readonly ParsedKey[] | Promise<readonly ParsedKey[]>;
}

/**
 * Verifies a message: the grammar before any key is looked up, the signature before any claim is believed, the claims' time
 * last, so that `stale-signature` means that the message was genuine once.
 */
export async function verifyMessage(received: ReceivedMessage, rule: ReceiverRule): Promise<Verified> {
  const expected = expectedClaims(received, rule);
  const token = receivedToken(received.headers, rule.header);
  await checkSignature(token, await rule.candidates(token.header, received));
  const claims = parseClaims(token.payload);
  checkBinding(claims, expected);
  checkLifetime(claims, received.nowMs, rule);
  return { id: claims.jti, timestampMs: claims.iat * 1000 };
}

function expectedClaims(received: ReceivedMessage, { issuer, audience }: ReceiverRule): ExpectedClaims {
  const body = receivedBody(received);
  const { method, url } = received;
  if (typeof method !== 'string') throw invalidSignature(`method must be the method of the request, got ${typeof method}`);
  const target = typeof url === 'string' ? targetOf(url) : undefined;
  if (target === undefined) throw invalidSignature('url must be the absolute URL that the message was sent to');
  return { issuer, audience: audience ?? target.origin, method, uri: target.uri, body };
}

/** Each key is tried with its own algorithm alone: the token's header can't talk it into another. */
async function checkSignature(token: Token, keys: readonly ParsedKey[]): Promise<void> {
  const { compactVerify } = await loadJose();
  let cause: unknown;
  for (const { verifyWith, algorithms } of keys) {
    try {
      await compactVerify(token.text, verifyWith, { algorithms: [...algorithms] });
      return;
    } catch (error) {
      cause = error;
    }
  }
  const fault = keys.length === 0 ? 'there is no key for the alg and kid of the token' : 'no key fits the signature of the token';
  throw new RingbackError('invalid-signature', fault, cause === undefined ? undefined : { cause });
}
