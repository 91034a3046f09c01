import { Buffer } from 'node:buffer';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { RingbackError } from '../errors.js';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;
/** Every message is checked against each of them, so their number has a bound. */
const MAX_SECRETS = 10;

const refuse = (name: string, fault: string): RingbackError =>
  new RingbackError('invalid-secret', `${name} must be ${PREFIX} and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes, ${fault}`);

/** The secrets as keys, made once. No message here ever shows a secret, only its type or length. */
export function secretKeys(secrets: readonly string[]): readonly KeyObject[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > MAX_SECRETS) {
    const got = Array.isArray(secrets) ? `an array of ${secrets.length}` : typeof secrets;
    throw new RingbackError('invalid-secret', `secrets must be an array of 1 to ${MAX_SECRETS} secrets, got ${got}`);
  }
  return secrets.map((secret, index) => secretKey(`secrets[${index}]`, secret));
}

function secretKey(name: string, secret: unknown): KeyObject {
  if (typeof secret !== 'string') throw refuse(name, `got ${typeof secret}`);
  if (!secret.startsWith(PREFIX)) throw refuse(name, `got a string that does not start with ${PREFIX}`);
  const encoded = secret.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node's decoder skips what is not base64, so only what encodes back to itself was base64 to begin with.
  if (bytes.toString('base64') !== encoded) throw refuse(name, 'got something that is not base64 in its standard, padded form');
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) throw refuse(name, `got ${bytes.length} bytes`);
  return createSecretKey(bytes);
}
