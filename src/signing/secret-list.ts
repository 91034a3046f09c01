import { RingbackError } from '../errors.js';

/** Turns a secret into a key, once. Throws `invalid-secret` and names the place it is given (`secrets[0]`), never the secret. */
export type ParseSecret<Secret, Key> = (name: string, secret: Secret) => Key;

/** Every message is checked against each of them, so their number has a bound. */
const MAX_SECRETS = 10;

/** Throws `invalid-secret`. */
export function parseSecrets<Secret, Key>(secrets: readonly Secret[], parse: ParseSecret<Secret, Key>): readonly Key[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > MAX_SECRETS) {
    const got = Array.isArray(secrets) ? `an array of ${secrets.length}` : typeof secrets;
    throw new RingbackError('invalid-secret', `secrets must be an array of 1 to ${MAX_SECRETS} secrets, got ${got}`);
  }
  return secrets.map((secret: Secret, index) => parse(`secrets[${index}]`, secret));
}
