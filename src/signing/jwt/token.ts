import type { Buffer } from 'node:buffer';
import { decodeStrictly } from '../encoded-bytes.js';
import { invalidSignature, singleHeader } from '../received.js';
import type { ReceivedMessage } from '../scheme.js';
import { type KeyChoice, TOKEN_TYPE } from './key.js';

/** A token in its grammar. Nothing in here is proven yet. */
export interface Token {
  readonly text: string;
  /** What it says about its own signature: used to choose among our keys, never believed beyond that. */
  readonly header: KeyChoice;
  /** The claims as they were signed. */
  readonly payload: Buffer;
}

/** Servers take 8 to 16 KB of headers in all. */
const MAX_TOKEN_LENGTH = 8_192;
/** RFC 9110 §11.1 leaves the case of the scheme's name open. */
const BEARER = /^Bearer (.+)$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The token in its header, parsed strictly. Throws `invalid-signature`. */
export function receivedToken(headers: ReceivedMessage['headers'], name: string): Token {
  const value = singleHeader(headers, name);
  if (value.length > MAX_TOKEN_LENGTH) throw invalidSignature(`${name} must be at most ${MAX_TOKEN_LENGTH} characters`);
  if (name !== 'authorization') return parseToken(value);
  const token = BEARER.exec(value)?.[1];
  if (token === undefined) throw invalidSignature('authorization must be Bearer and a token, separated by one space');
  return parseToken(token);
}

function parseToken(text: string): Token {
  const parts = text.split('.', 4);
  const [header, payload, signature] = parts.map((part) => (part === '' ? undefined : decodeStrictly(part, 'base64url')));
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw invalidSignature('a token must be three parts of canonical base64url, separated by dots');
  }
  return { text, header: parseHeader(jsonObject(header, "the token's header")), payload };
}

function parseHeader({ alg, typ, kid, crit }: Record<string, unknown>): KeyChoice {
  if (typeof alg !== 'string') throw invalidSignature("the token's alg must be text");
  if (typ !== TOKEN_TYPE) throw invalidSignature(`the token's typ must be ${TOKEN_TYPE}`);
  if (kid !== undefined && typeof kid !== 'string') throw invalidSignature("the token's kid must be text");
  // RFC 7515 §4.1.11: who does not know an extension that is marked critical has to refuse.
  if (crit !== undefined) throw invalidSignature('the token must have no critical extension');
  return { alg, kid };
}

/** A JSON object in UTF-8. Throws `invalid-signature`. */
export function jsonObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidSignature(`${what} must be a JSON object`);
  }
  return value as Record<string, unknown>;
}
