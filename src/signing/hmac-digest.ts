import { Buffer } from 'node:buffer';
import crypto, { createHmac, type KeyObject } from 'node:crypto';
import type { Encoding } from './encoded-bytes.js';
import type { HmacParts } from './hmac-message.js';

/** Hashes that HMAC runs over here. */
export type HmacAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** HMAC under one key. It keeps the key in a closure, so that no inspection shows it. */
export interface HmacDigest {
  readonly text: (parts: HmacParts, encoding: Encoding) => string;
  readonly bytes: (parts: HmacParts) => Buffer;
}

type OneShotHash = (algorithm: string, data: Uint8Array, outputEncoding: 'buffer' | 'latin1' | Encoding) => Buffer | string;

/** Bytes of a block, to which HMAC pads its key, and of a digest (FIPS 180-4). */
const SIZES: Readonly<Record<HmacAlgorithm, { readonly block: number; readonly digest: number }>> = {
  sha256: { block: 64, digest: 32 },
  sha384: { block: 128, digest: 48 },
  sha512: { block: 128, digest: 64 },
};
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const MAX_BYTES_A_UNIT = 3;
/** What does not fit beside its key is streamed: copying it would cost more than is won. */
const SCRATCH_BYTES = 16_384;

/** Not every platform of the portable transport has it; Node has. */
const oneShot = typeof crypto.hash === 'function' ? (crypto.hash as OneShotHash) : null;

/** Holds a padded key and the content while they are hashed. Nothing waits in between, so one does for all keys. */
let scratch: Buffer | undefined;

/**
 * HMAC by two one-shot hashes, as RFC 2104 defines it: `createHmac` makes an object with a native handle for each message, which
 * costs about half as much again, and the garbage collector more. Without a one-shot hash, and for long content, it is `createHmac`.
 */
export function hmacDigest(algorithm: HmacAlgorithm, key: KeyObject, hash: OneShotHash | null = oneShot): HmacDigest {
  const streamed = (parts: HmacParts) => {
    const hmac = createHmac(algorithm, key);
    for (const part of parts) hmac.update(part);
    return hmac;
  };
  if (hash === null) {
    return { text: (parts, encoding) => streamed(parts).digest(encoding), bytes: (parts) => streamed(parts).digest() };
  }
  const { block, digest } = SIZES[algorithm];
  const secret = key.export();
  const padded = Buffer.alloc(block);
  padded.set(secret.length > block ? (hash(algorithm, secret, 'buffer') as Buffer) : secret);
  const innerKey = padded.map((byte) => byte ^ 0x36);
  const outer = Buffer.alloc(block + digest);
  outer.set(padded.map((byte) => byte ^ 0x5c));
  /** Puts the inner digest where the outer hash reads it; false where there may be no room for the content. */
  const digestInner = (parts: HmacParts): boolean => {
    const inner = sideBySide(innerKey, parts);
    if (inner === undefined) return false;
    outer.write(hash(algorithm, inner, 'latin1') as string, block, 'latin1');
    return true;
  };
  return {
    text: (parts, encoding) =>
      digestInner(parts) ? (hash(algorithm, outer, encoding) as string) : streamed(parts).digest(encoding),
    bytes: (parts) => (digestInner(parts) ? (hash(algorithm, outer, 'buffer') as Buffer) : streamed(parts).digest()),
  };
}

function sideBySide(innerKey: Uint8Array, parts: HmacParts): Uint8Array | undefined {
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  scratch.set(innerKey);
  let end = innerKey.length;
  for (const part of parts) {
    const atMost = typeof part === 'string' ? part.length * MAX_BYTES_A_UNIT : part.length;
    if (end + atMost > scratch.length) return undefined;
    if (typeof part === 'string') end += scratch.write(part, end);
    else {
      scratch.set(part, end);
      end += part.length;
    }
  }
  // A Buffer's own `subarray` costs more than the copy did.
  return new Uint8Array(scratch.buffer, 0, end);
}
