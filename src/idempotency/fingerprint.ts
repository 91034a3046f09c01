import { createHash } from 'node:crypto';
import stringify from 'fast-json-stable-stringify';
import { RingbackError } from '../errors.js';

/** What makes two callbacks the same: where they go, what they say. Headers, ids and priorities don't count. */
export interface FingerprintFields {
  readonly to: string;
  readonly type?: string | undefined;
  /** With it, `body` is not looked at. */
  readonly data?: unknown;
  readonly body?: Uint8Array;
}

/**
 * The SHA-256, in hex, of a callback's payload: of `data` in its canonical JSON, so that the order of keys does not matter; of
 * `body` byte for byte. `data` and a body of the same JSON differ, as the one is a value and the other only bytes.
 *
 * @throws RingbackError `invalid-callback` when `data` can't be turned to JSON: a cycle, a BigInt, a function.
 */
export function fingerprintOf(fields: FingerprintFields): string {
  const { to, type = null, data, body } = fields;
  // One line of JSON has no line break in it, so what follows the first break can't be taken for a part of it.
  const hash = createHash('sha256').update(`${JSON.stringify([to, type, data === undefined ? 'body' : 'data'])}\n`);
  if (data !== undefined) hash.update(canonicalJson(data));
  else if (body !== undefined) hash.update(body);
  return hash.digest('hex');
}

function canonicalJson(data: unknown): string {
  let json: string | undefined;
  try {
    json = stringify(data);
  } catch (cause) {
    throw new RingbackError('invalid-callback', `data must be plain JSON without cycles and BigInts, got ${typeof data}`, {
      cause,
    });
  }
  if (json === undefined) throw new RingbackError('invalid-callback', `data must be plain JSON, got ${typeof data}`);
  return json;
}
