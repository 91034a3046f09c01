import type { Buffer } from 'node:buffer';
import { decodeStrictly, equalBytes } from './encoded-bytes.js';
import type { HmacDigest } from './hmac-digest.js';
import { invalidSignature } from './received.js';

/** What a callback URL says, and its signature covers. */
export interface CallbackUrlContent {
  /** The URL without the token: normalised, with its own query. */
  readonly to: string;
  readonly purpose: string;
  /** Wall-clock ms. */
  readonly expiresAtMs: number;
  /** 24 characters that no other URL has. */
  readonly nonce: string;
}

/** A callback URL in its parts. Nothing in here is proven yet. */
export interface ClaimedCallbackUrl extends CallbackUrlContent {
  readonly signature: Buffer;
}

/** The one parameter that is ours. It stands last, and is told from others before anything is decoded. */
const TOKEN_PARAMETER = 'callback-token';
/** Most servers take a request line of 8 KB. */
export const MAX_URL_LENGTH = 4_096;
const VISIBLE_ASCII = /^[!-~]+$/;
const PURPOSE = /^[A-Za-z0-9_-]{1,64}$/;
/** Version, purpose, expiry in ms, nonce, signature: none of them holds a dot, and none needs an escape. */
const TOKEN = /^v1\.([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,14})\.([A-Za-z0-9]{24})\.([A-Za-z0-9_-]{43})$/;

export const isPurpose = (purpose: unknown): purpose is string => typeof purpose === 'string' && PURPOSE.test(purpose);

/**
 * The normalised URL of a target. What no signature would cover is refused: a fragment never reaches a server; credentials have
 * no place in a URL that is handed on. Throws what `refuse` makes of the fault.
 */
export function targetOf(text: string, refuse: (fault: string) => Error): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw refuse('a whole http or https URL');
  if (url.username !== '' || url.password !== '') throw refuse('a URL without credentials');
  if (url.href.includes('#')) throw refuse('a URL without a fragment');
  if (url.search.slice(1).split('&').some(isOurs)) throw refuse(`a URL without a parameter ${TOKEN_PARAMETER} of its own`);
  // A bare question mark says nothing, and could not be told from the one that we add.
  return url.href.endsWith('?') && url.search === '' ? url.href.slice(0, -1) : url.href;
}

const isOurs = (pair: string): boolean => pair === TOKEN_PARAMETER || pair.startsWith(`${TOKEN_PARAMETER}=`);

/** The URL that vouches for its content. */
export function signCallbackUrl(content: CallbackUrlContent, key: HmacDigest): string {
  const { to, purpose, expiresAtMs, nonce } = content;
  const separator = to.includes('?') ? '&' : '?';
  const signature = key.text(signedParts(content), 'base64url');
  return `${to}${separator}${TOKEN_PARAMETER}=v1.${purpose}.${expiresAtMs}.${nonce}.${signature}`;
}

/** Whether any of the keys signed it. Compares with every key's, whatever has matched before. */
export function isSignedByAny(claimed: ClaimedCallbackUrl, keys: readonly HmacDigest[]): boolean {
  const parts = signedParts(claimed);
  let matched = false;
  for (const key of keys) matched = equalBytes(key.bytes(parts), claimed.signature) || matched;
  return matched;
}

/** None of the parts holds a line break. The first line keeps it apart from all else that is signed with the same secret. */
function signedParts({ to, purpose, expiresAtMs, nonce }: CallbackUrlContent): readonly [string] {
  return [`ringback callback url v1\n${purpose}\n${expiresAtMs}\n${nonce}\n${to}`];
}

/** Takes a callback URL apart, strictly. Throws `invalid-signature`, with nothing of the URL in the message. */
export function claimedCallbackUrl(url: unknown): ClaimedCallbackUrl {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string') throw invalidSignature(`a callback URL must be a string or a URL, got ${typeof text}`);
  if (text.length > MAX_URL_LENGTH) throw invalidSignature(`a callback URL must be at most ${MAX_URL_LENGTH} characters`);
  // The parser would drop line breaks and spell other characters anew: what a server was asked for has none.
  if (!VISIBLE_ASCII.test(text)) throw invalidSignature('a callback URL must be visible ASCII');
  const at = text.lastIndexOf(`${TOKEN_PARAMETER}=`);
  const token = at < 1 ? null : TOKEN.exec(text.slice(at + TOKEN_PARAMETER.length + 1));
  const hasQuery = text.slice(0, at - 1).includes('?');
  if (token === null || text[at - 1] !== (hasQuery ? '&' : '?')) {
    throw invalidSignature(`a callback URL must end in ${TOKEN_PARAMETER}=v1.<purpose>.<expiry>.<nonce>.<signature>`);
  }
  const to = targetOf(text.slice(0, at - 1), (rule) => invalidSignature(`the target of a callback URL must be ${rule}`));
  const [, purpose, expiry, nonce, encoded] = token as unknown as readonly [string, string, string, string, string];
  const signature = decodeStrictly(encoded, 'base64url');
  if (signature === undefined) throw invalidSignature('the signature of a callback URL must be the base64url of 32 bytes');
  return { to, purpose, expiresAtMs: Number(expiry), nonce, signature };
}
