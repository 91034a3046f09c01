import type { Buffer } from 'node:buffer';
import { decodeStrictly } from './encoded-bytes.js';
import { invalidSignature, singleHeader } from './received.js';
import type { ReceivedMessage } from './scheme.js';
import type { Version } from './standard-webhooks-secret.js';
import { type Timestamp, unixSeconds } from './timestamp.js';

/** The three headers of a message, parsed and in their grammar. Nothing in here is proven yet. */
export interface ClaimedMessage {
  readonly id: string;
  readonly timestamp: Timestamp;
  /** The signatures of the versions that there are keys for, by version. Others are skipped unread. */
  readonly signatures: ReadonlyMap<Version, readonly Buffer[]>;
}

/** Visible ASCII without the dot, which separates the id from the timestamp in what is signed. */
const ID = /^[!-\-/-~]{1,256}$/;
/** `v1,<value>`, `v1a,<value>`, and versions to come. */
const SIGNATURE = /^(v[0-9]+[a-z]?),([A-Za-z0-9+/_=-]+)$/;
const MAX_SIGNATURES = 32;
const MAX_SIGNATURES_LENGTH = 8_192;
/** As many as a sender of ours makes. An ed25519 signature costs 100 µs to check, with each key anew. */
const MAX_V1A_SIGNATURES = 10;
const BYTES: Readonly<Record<Version, number>> = { v1: 32, v1a: 64 };

export const isSignableId = (id: string): boolean => ID.test(id);

/**
 * Parses the headers `<prefix>id`, `<prefix>timestamp` and `<prefix>signature`, strictly; signatures only of the versions that
 * can be checked. Throws `invalid-signature`.
 */
export function claimedMessage(
  headers: ReceivedMessage['headers'],
  prefix: string,
  versions: ReadonlySet<Version>,
): ClaimedMessage {
  const id = singleHeader(headers, `${prefix}id`);
  if (!ID.test(id)) throw invalidSignature(`${prefix}id must be 1 to 256 visible ASCII characters without a dot`);
  const timestamp = unixSeconds(`${prefix}timestamp`, singleHeader(headers, `${prefix}timestamp`));
  const name = `${prefix}signature`;
  return { id, timestamp, signatures: signaturesIn(singleHeader(headers, name), name, versions) };
}

function signaturesIn(text: string, name: string, versions: ReadonlySet<Version>): ReadonlyMap<Version, readonly Buffer[]> {
  if (text.length > MAX_SIGNATURES_LENGTH) throw invalidSignature(`${name} must be at most ${MAX_SIGNATURES_LENGTH} characters`);
  const tokens = text.split(' ');
  if (tokens.length > MAX_SIGNATURES) throw invalidSignature(`${name} must hold at most ${MAX_SIGNATURES} signatures`);
  const signatures = new Map<Version, Buffer[]>();
  for (const token of tokens) {
    const parts = SIGNATURE.exec(token);
    if (parts === null) throw invalidSignature(`${name} must be signatures of the form v1,<base64>, separated by single spaces`);
    const version = parts[1] as Version;
    if (!versions.has(version)) continue;
    const bytes = decodeStrictly(parts[2] as string, 'base64');
    if (bytes?.length !== BYTES[version]) {
      throw invalidSignature(`a ${version} signature must be the base64 of ${BYTES[version]} bytes`);
    }
    const sameVersion = signatures.get(version);
    if (sameVersion === undefined) signatures.set(version, [bytes]);
    else sameVersion.push(bytes);
  }
  if (signatures.size === 0) {
    throw invalidSignature(
      `${name} holds no signature that can be checked: there are keys for ${[...versions].join(' and ')} only`,
    );
  }
  if ((signatures.get('v1a')?.length ?? 0) > MAX_V1A_SIGNATURES) {
    throw invalidSignature(`${name} must hold at most ${MAX_V1A_SIGNATURES} v1a signatures`);
  }
  return signatures;
}
