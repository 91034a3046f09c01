import { Buffer } from 'node:buffer';
import { RingbackError } from '../errors.js';
import type { ReceivedMessage } from './scheme.js';

/** The three headers of a message, parsed and in their grammar. Nothing in here is proven yet. */
export interface ClaimedMessage {
  readonly id: string;
  /** Unix seconds, as they were sent: the text is what was signed. */
  readonly timestamp: string;
  /** The v1 signatures among those sent, 32 bytes each. */
  readonly signatures: readonly Buffer[];
}

/** Visible ASCII without the dot, which separates the id from the timestamp in what is signed. */
const ID = /^[!-\-/-~]{1,256}$/;
/** Canonical decimal: no sign, no leading zero, nothing behind it. */
const TIMESTAMP = /^(?:0|[1-9][0-9]{0,10})$/;
/** `v1,<value>`, and versions to come such as `v1a,<value>`. */
const SIGNATURE = /^(v[0-9]+[a-z]?),([A-Za-z0-9+/_=-]+)$/;
const MAX_SIGNATURES = 32;
const MAX_SIGNATURES_LENGTH = 8_192;
const V1_BYTES = 32;

export const isSignableId = (id: string): boolean => ID.test(id);

const invalid = (fault: string): RingbackError => new RingbackError('invalid-signature', fault);

/** Parses the headers `<prefix>id`, `<prefix>timestamp` and `<prefix>signature`, strictly. Throws `invalid-signature`. */
export function claimedMessage(headers: ReceivedMessage['headers'], prefix: string): ClaimedMessage {
  const id = singleHeader(headers, `${prefix}id`);
  if (!ID.test(id)) throw invalid(`${prefix}id must be 1 to 256 visible ASCII characters without a dot`);
  const timestamp = singleHeader(headers, `${prefix}timestamp`);
  if (!TIMESTAMP.test(timestamp)) throw invalid(`${prefix}timestamp must be unix seconds in plain decimal`);
  return { id, timestamp, signatures: v1Signatures(singleHeader(headers, `${prefix}signature`), `${prefix}signature`) };
}

function v1Signatures(text: string, name: string): readonly Buffer[] {
  if (text.length > MAX_SIGNATURES_LENGTH) throw invalid(`${name} must be at most ${MAX_SIGNATURES_LENGTH} characters`);
  const tokens = text.split(' ');
  if (tokens.length > MAX_SIGNATURES) throw invalid(`${name} must hold at most ${MAX_SIGNATURES} signatures`);
  const signatures: Buffer[] = [];
  for (const token of tokens) {
    const parts = SIGNATURE.exec(token);
    if (parts === null) throw invalid(`${name} must be signatures of the form v1,<base64>, separated by single spaces`);
    if (parts[1] !== 'v1') continue;
    const bytes = Buffer.from(parts[2] as string, 'base64');
    if (bytes.length !== V1_BYTES || bytes.toString('base64') !== parts[2]) {
      throw invalid(`a v1 signature must be the base64 of ${V1_BYTES} bytes`);
    }
    signatures.push(bytes);
  }
  if (signatures.length === 0) throw invalid(`${name} holds no v1 signature`);
  return signatures;
}

/** The header's one value. Missing or repeated is refused: which of two values was signed can't be told. */
function singleHeader(headers: ReceivedMessage['headers'], name: string): string {
  const found = headerValues(headers, name);
  if (found.length === 0) throw invalid(`${name} is missing`);
  if (found.length > 1) throw invalid(`${name} came ${found.length} times`);
  const [value] = found;
  if (typeof value !== 'string') throw invalid(`${name} must be text, got ${typeof value}`);
  return value;
}

function headerValues(headers: ReceivedMessage['headers'], name: string): readonly unknown[] {
  if (typeof headers !== 'object' || headers === null) throw invalid(`headers must be an object, got ${typeof headers}`);
  if (headers instanceof Headers) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  const values: unknown[] = [];
  for (const key of Object.keys(headers)) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    const value = headers[key];
    if (Array.isArray(value)) values.push(...value);
    else if (value !== undefined) values.push(value);
  }
  return values;
}
