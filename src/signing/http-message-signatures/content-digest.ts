import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { equalBytes } from '../encoded-bytes.js';
import { invalidSignature } from '../received.js';
import { bytesText, dictionaryText } from './structured-field-text.js';
import { parseDictionary } from './structured-fields.js';

/** The digests of RFC 9530 that are fit to be signed; its others are broken. */
export type ContentDigestAlgorithm = 'sha-256' | 'sha-512';

/** By their names in node:crypto. */
const HASHES: Readonly<Record<ContentDigestAlgorithm, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

export const isContentDigestAlgorithm = (name: unknown): name is ContentDigestAlgorithm =>
  typeof name === 'string' && Object.hasOwn(HASHES, name);

const digest = (body: Uint8Array, algorithm: ContentDigestAlgorithm): Buffer =>
  createHash(HASHES[algorithm]).update(body).digest();

/** The header's value for a body. */
export const contentDigest = (body: Uint8Array, algorithm: ContentDigestAlgorithm): string =>
  dictionaryText([[algorithm, bytesText(digest(body, algorithm))]]);

/**
 * Every digest that we know must fit the body, and there must be one; others are passed over, as RFC 9530 §2 lets a receiver.
 * Throws `invalid-signature`.
 */
export function checkContentDigest(text: string, body: Uint8Array): void {
  const members = parseDictionary(text);
  if (members === undefined) throw invalidSignature('content-digest must be a dictionary of digests, such as sha-256=:…:');
  let known = 0;
  for (const [algorithm, member] of members) {
    if (!isContentDigestAlgorithm(algorithm)) continue;
    const claimed = 'value' in member ? member.value : undefined;
    if (!Buffer.isBuffer(claimed) || !equalBytes(claimed, digest(body, algorithm))) {
      throw invalidSignature(`the ${algorithm} of content-digest does not fit the body`);
    }
    known++;
  }
  if (known === 0) throw invalidSignature('content-digest has neither sha-256 nor sha-512');
}
