import type { Buffer } from 'node:buffer';
import { decodeStrictly } from './encoded-bytes.js';
import { invalidSignature, singleHeader } from './received.js';
import type { ReceivedMessage } from './scheme.js';
import { type Timestamp, unixSeconds } from './timestamp.js';

/** The three headers of a message, parsed and in their grammar. Nothing in here is proven yet. */
export interface ClaimedMessage {
  readonly id: string;
  readonly timestamp: Timestamp;
  /** The v1 signatures among those sent, 32 bytes each. */
  readonly signatures: readonly Buffer[];
}

/** Visible ASCII without the dot, which separates the id from the timestamp in what is signed. */
const ID = /^[!-\-/-~]{1,256}$/;
/** `v1,<value>`, and versions to come such as `v1a,<value>`. */
const SIGNATURE = /^(v[0-9]+[a-z]?),([A-Za-z0-9+/_=-]+)$/;
const MAX_SIGNATURES = 32;
const MAX_SIGNATURES_LENGTH = 8_192;
const V1_BYTES = 32;

export const isSignableId = (id: string): boolean => ID.test(id);

/** Parses the headers `<prefix>id`, `<prefix>timestamp` and `<prefix>signature`, strictly. Throws `invalid-signature`. */
export function claimedMessage(headers: ReceivedMessage['headers'], prefix: string): ClaimedMessage {
  const id = singleHeader(headers, `${prefix}id`);
  if (!ID.test(id)) throw invalidSignature(`${prefix}id must be 1 to 256 visible ASCII characters without a dot`);
  const timestamp = unixSeconds(`${prefix}timestamp`, singleHeader(headers, `${prefix}timestamp`));
  return { id, timestamp, signatures: v1Signatures(singleHeader(headers, `${prefix}signature`), `${prefix}signature`) };
}

function v1Signatures(text: string, name: string): readonly Buffer[] {
  if (text.length > MAX_SIGNATURES_LENGTH) throw invalidSignature(`${name} must be at most ${MAX_SIGNATURES_LENGTH} characters`);
  const tokens = text.split(' ');
  if (tokens.length > MAX_SIGNATURES) throw invalidSignature(`${name} must hold at most ${MAX_SIGNATURES} signatures`);
  const signatures: Buffer[] = [];
  for (const token of tokens) {
    const parts = SIGNATURE.exec(token);
    if (parts === null) throw invalidSignature(`${name} must be signatures of the form v1,<base64>, separated by single spaces`);
    if (parts[1] !== 'v1') continue;
    const bytes = decodeStrictly(parts[2] as string, 'base64');
    if (bytes?.length !== V1_BYTES) throw invalidSignature(`a v1 signature must be the base64 of ${V1_BYTES} bytes`);
    signatures.push(bytes);
  }
  if (signatures.length === 0) throw invalidSignature(`${name} holds no v1 signature`);
  return signatures;
}
