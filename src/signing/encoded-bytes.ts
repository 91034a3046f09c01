import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';

/** How bytes are written in headers: each has one spelling here, and no other is read. */
export type Encoding = 'hex' | 'base64' | 'base64url';

/**
 * The bytes of a text in its one canonical spelling (lower-case hex, padded base64, unpadded base64url), or undefined.
 * Node's decoder skips what it does not know, so only what encodes back to itself was encoded to begin with.
 */
export function decodeStrictly(text: string, encoding: Encoding): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}

/** Compared in constant time. Bytes of different lengths are unequal, which is no secret, and no exception. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
