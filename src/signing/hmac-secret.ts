import { Buffer } from 'node:buffer';
import { createSecretKey } from 'node:crypto';
import { RingbackError } from '../errors.js';
import { type HmacAlgorithm, type HmacDigest, hmacDigest } from './hmac-digest.js';

/** A shared secret: text stands for its UTF-8 bytes, as most dialects have it; bytes are used as they are. */
export type HmacSecret = string | Uint8Array;

/**
 * 128 bits, when every bit is random: less can be guessed by whoever holds one signed message. Longer would refuse what partners
 * hand out (Slack's are 32 characters, others' 20). NIST SP 800-131A asks for 112 bits.
 */
const MIN_BYTES = 16;
/** No dialect has longer ones: what is longer is a file or a certificate in the wrong place. */
const MAX_BYTES = 512;

const refuse = (name: string, got: string): RingbackError =>
  new RingbackError('invalid-secret', `${name} must be text or bytes, ${MIN_BYTES} to ${MAX_BYTES} bytes long, got ${got}`);

/** Parses a secret into what it makes. No message here ever shows a secret, only its type or length. Throws `invalid-secret`. */
export const hmacSecret =
  (algorithm: HmacAlgorithm) =>
  (name: string, secret: unknown): HmacDigest =>
    hmacDigest(algorithm, createSecretKey(secretBytes(name, secret)));

function secretBytes(name: string, secret: unknown): Uint8Array {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (!(bytes instanceof Uint8Array)) throw refuse(name, secret === null ? 'null' : typeof secret);
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) throw refuse(name, `${bytes.length} bytes`);
  // A file's last line break is the usual reason why two ends that have the same secret do not agree.
  if (typeof secret === 'string' && secret.trim() !== secret) throw refuse(name, 'text that begins or ends with white space');
  return bytes;
}
