import { Buffer } from 'node:buffer';
import { isRingbackError, RingbackError } from '../../errors.js';
import { invalidSignature, receivedBody } from '../received.js';
import type { ReceivedMessage, Verified } from '../scheme.js';
import { checkAge } from '../timestamp.js';
import { type ClaimedSignature, claimedComponents, claimedSignatures, claimedTimes } from './claimed-signatures.js';
import { component, isToBeCovered } from './components.js';
import { checkContentDigest } from './content-digest.js';
import type { ParsedKey } from './key.js';
import { isHeaderId, type Profile } from './options.js';
import { requestTarget } from './request-target.js';
import { componentValue, type SignedRequest, signatureBase } from './signature-base.js';

const CONTENT_DIGEST = component('content-digest');
const MAX_DIGEST_LENGTH = 1_024;
/** More than a sender has keys. Each costs a verification by every key of its name, the costliest a tenth of a millisecond. */
const MAX_SIGNATURES = 16;

/** One of a message's signatures with a key that it may have been made by. */
interface Candidate {
  readonly claimed: ClaimedSignature;
  readonly key: ParsedKey;
}

/** Verifies a message by the first of its signatures that holds. Throws `invalid-signature` or `stale-signature`. */
export function verify(received: ReceivedMessage, keys: readonly ParsedKey[], profile: Profile): Verified {
  const body = receivedBody(received);
  const candidates = candidatesAmong(claimedSignatures(received.headers), keys, profile);
  const request = requestOf(received);
  checkContentDigest(digestText(request), body);
  let refusal: RingbackError | undefined;
  for (const candidate of candidates) {
    try {
      return verifyOne(candidate, request, received.nowMs, profile);
    } catch (error) {
      if (!isRingbackError(error)) throw error;
      // A signature that held once tells more than one that never did.
      if (refusal?.code !== 'stale-signature') refusal = error;
    }
  }
  throw refusal ?? invalidSignature('no signature was made by a key that is known, for this use');
}

/** Signatures choose among keys; they never choose a key's algorithm. */
function candidatesAmong(claims: readonly ClaimedSignature[], keys: readonly ParsedKey[], { tag }: Profile): Candidate[] {
  const byClaim = claims
    .filter((claimed) => claimed.tag === tag)
    .map((claimed) => keys.filter((key) => fits(key, claimed)).map((key) => ({ claimed, key })))
    .filter((candidates) => candidates.length > 0);
  if (byClaim.length > MAX_SIGNATURES) {
    throw invalidSignature(`a message may have at most ${MAX_SIGNATURES} signatures by known keys`);
  }
  return byClaim.flat();
}

const fits = (key: ParsedKey, { keyId, algorithm = key.algorithm }: ClaimedSignature): boolean =>
  key.keyId === keyId && key.algorithm === algorithm;

function verifyOne({ claimed, key }: Candidate, request: SignedRequest, nowMs: number, profile: Profile): Verified {
  const components = claimedComponents(claimed.list);
  const covered = new Set(components.map(({ text }) => text));
  for (const required of profile.components) {
    if (isToBeCovered(required, request.headers) && !covered.has(required.text)) {
      throw invalidSignature(`${required.text} is not covered by the signature`);
    }
  }
  const { createdS, expiresS } = claimedTimes(claimed.list);
  const base = signatureBase(components, claimed.list.text, request, invalidSignature);
  if (!key.verify(Buffer.from(base), claimed.signature)) throw invalidSignature('the signature does not fit the message');
  checkAge('created', createdS * 1000, nowMs, profile.toleranceMs);
  if (expiresS !== undefined && !(nowMs < expiresS * 1000))
    throw new RingbackError('stale-signature', 'the signature has expired');
  return { ...idOf(request, profile), timestampMs: createdS * 1000 };
}

/** Two ids are joined by a comma and a space, which no id has. */
function idOf(request: SignedRequest, { idHeader }: Profile): { readonly id?: string } {
  if (idHeader === undefined) return {};
  const id = componentValue(component(idHeader), request, invalidSignature);
  if (!isHeaderId(id)) throw invalidSignature(`${idHeader} must be 1 to 256 visible ASCII characters`);
  return { id };
}

function requestOf({ method, url, headers }: ReceivedMessage): SignedRequest {
  if (typeof method !== 'string') throw invalidSignature(`method must be the request's, got ${typeof method}`);
  if (typeof url !== 'string') throw invalidSignature(`url must be the URL that the sender called, got ${typeof url}`);
  const target = requestTarget(url);
  if (target === undefined) throw invalidSignature('url must be the whole URL that the sender called, https://… or http://…');
  return { method, target, headers };
}

function digestText(request: SignedRequest): string {
  const text = componentValue(CONTENT_DIGEST, request, invalidSignature);
  if (text.length > MAX_DIGEST_LENGTH) throw invalidSignature(`content-digest must be at most ${MAX_DIGEST_LENGTH} characters`);
  return text;
}
