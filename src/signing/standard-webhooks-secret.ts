import { createSecretKey, type KeyObject } from 'node:crypto';
import { RingbackError } from '../errors.js';
import { decodeStrictly } from './encoded-bytes.js';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

const refuse = (name: string, fault: string): RingbackError =>
  new RingbackError('invalid-secret', `${name} must be ${PREFIX} and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes, ${fault}`);

/** A secret as a key. No message here ever shows a secret, only its type or length. Throws `invalid-secret`. */
export function secretKey(name: string, secret: unknown): KeyObject {
  if (typeof secret !== 'string') throw refuse(name, `got ${typeof secret}`);
  if (!secret.startsWith(PREFIX)) throw refuse(name, `got a string that does not start with ${PREFIX}`);
  const encoded = secret.slice(PREFIX.length);
  const bytes = decodeStrictly(encoded, 'base64');
  if (bytes === undefined) throw refuse(name, 'got something that is not base64 in its standard, padded form');
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) throw refuse(name, `got ${bytes.length} bytes`);
  return createSecretKey(bytes);
}
