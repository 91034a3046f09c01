import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HmacAlgorithm, hmacDigest } from '../../src/signing/hmac-digest.js';
import type { HmacParts } from '../../src/signing/hmac-message.js';

const ALGORITHMS: readonly HmacAlgorithm[] = ['sha256', 'sha384', 'sha512'];

function byNode(algorithm: HmacAlgorithm, key: Uint8Array, parts: HmacParts): Buffer {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

const parts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.uint8Array()), {
  maxLength: 5,
});

describe('hmacDigest makes what createHmac makes', () => {
  test('for any algorithm, key and parts, in each encoding', () => {
    const property = fc.property(
      fc.constantFrom(...ALGORITHMS),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      parts,
      (algorithm, key, message) => {
        const digest = hmacDigest(algorithm, createSecretKey(key));
        const expected = byNode(algorithm, key, message);
        expect(digest.bytes(message)).toEqual(expected);
        for (const encoding of ['hex', 'base64', 'base64url'] as const) {
          expect(digest.text(message, encoding)).toBe(expected.toString(encoding));
        }
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  test.each(ALGORITHMS)('for keys of %s about as long as a block, which longer ones are hashed to', (algorithm) => {
    for (const length of [63, 64, 65, 127, 128, 129, 512]) {
      const key = randomBytes(length);
      expect(hmacDigest(algorithm, createSecretKey(key)).bytes(['a'])).toEqual(byNode(algorithm, key, ['a']));
    }
  });

  test.each(ALGORITHMS)('for content of %s that just fits beside the key, and for what does not', (algorithm) => {
    const key = randomBytes(32);
    const digest = hmacDigest(algorithm, createSecretKey(key));
    for (const length of [16_255, 16_256, 16_257, 16_319, 16_320, 16_321, 16_384, 100_000]) {
      const body = randomBytes(length);
      expect(digest.bytes([body])).toEqual(byNode(algorithm, key, [body]));
      expect(digest.text(['é', body.subarray(3)], 'hex')).toBe(byNode(algorithm, key, ['é', body.subarray(3)]).toString('hex'));
      // Three bytes of UTF-8 for each unit.
      const text = '€'.repeat(Math.floor(length / 3));
      expect(digest.text([text], 'hex')).toBe(byNode(algorithm, key, [text]).toString('hex'));
    }
  });

  test('for one key after another, though they share their scratch', () => {
    const keys = [randomBytes(16), randomBytes(64), randomBytes(200)];
    const digests = keys.map((key, index) => hmacDigest(ALGORITHMS[index] ?? 'sha256', createSecretKey(key)));
    for (const message of [['a long message, then a short one'], ['b'], [''], []]) {
      for (const [index, digest] of digests.entries()) {
        expect(digest.bytes(message)).toEqual(byNode(ALGORITHMS[index] ?? 'sha256', keys[index] ?? Buffer.alloc(0), message));
      }
    }
  });

  test('where the platform has no one-shot hash', () => {
    const key = randomBytes(32);
    const digest = hmacDigest('sha256', createSecretKey(key), null);
    expect(digest.bytes(['a', Buffer.from('b')])).toEqual(byNode('sha256', key, ['ab']));
    expect(digest.text(['ab'], 'base64')).toBe(byNode('sha256', key, ['ab']).toString('base64'));
  });
});

test('what it gave stays as it is when the next message is signed', () => {
  const digest = hmacDigest('sha256', createSecretKey(randomBytes(32)));
  const first = digest.bytes(['first']);
  const kept = Buffer.from(first);
  digest.bytes(['second']);
  expect(first).toEqual(kept);
});

test('an inspection of it shows nothing of the key', () => {
  const key = Buffer.from('a-secret-of-the-endpoint');
  const shown = inspect(hmacDigest('sha256', createSecretKey(key)), { depth: Number.POSITIVE_INFINITY, showHidden: true });
  expect(shown).not.toContain('secret');
  expect(shown).not.toContain('Buffer');
});
