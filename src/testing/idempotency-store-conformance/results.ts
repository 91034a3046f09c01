import type { IdempotencyStore } from '../../idempotency/store.js';
import { seededRandom } from '../../random.js';
import { answers, replays, tellsFingerprint, throws, wonToken } from './checks.js';
import { type Cases, claimed, LONG_MS, type StoreCase } from './store-case.js';

const ASKING = { fingerprint: 'asking', leaseMs: LONG_MS };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes that don't repeat and don't compress. */
function noise(bytes: number): Uint8Array {
  const random = seededRandom(bytes);
  return Uint8Array.from({ length: bytes }, () => random() * 256);
}

/** Claims a new key and completes it with these bytes. */
async function completed(given: StoreCase, store: IdempotencyStore, result: Uint8Array): Promise<string> {
  const key = given.newKey();
  const token = await claimed(store, key);
  answers(await store.complete(key, token, result, LONG_MS), true, 'complete by the owner');
  return key;
}

/** What came of a key, for those who come later. */
export function results(maxResultBytes: number | undefined): Cases {
  const largeBytes = maxResultBytes ?? 1_048_576;
  const samples: Readonly<Record<string, () => Uint8Array>> = {
    'all 256 bytes': () => Uint8Array.from({ length: 256 }, (_, index) => index),
    'no byte at all': () => new Uint8Array(0),
    'bytes that are no UTF-8': () => Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0x80, 0, 0xed, 0xa0, 0x80),
    'text that looks like JSON, a number, hex and base64': () => utf8('{"a":1}\r\n1e3\\x00\u0000AAAA=='),
    'a part of a larger buffer': () => noise(64).subarray(7, 23),
    [`${largeBytes} bytes`]: () => noise(largeBytes),
  };
  const byteForByte = Object.entries(samples).map(([what, make]) => [
    `replays byte for byte: ${what}`,
    async (given: StoreCase) => {
      const [store, other] = [await given.open(), await given.open()];
      const key = await completed(given, store, make());
      replays(await store.claim(key, ASKING), make(), what);
      replays(await other.claim(key, ASKING), make(), `${what}, in another instance`);
    },
  ]);
  return { ...Object.fromEntries(byteForByte), ...ofAnySize, ...(maxResultBytes === undefined ? {} : bounded(maxResultBytes)) };
}

const ofAnySize: Cases = {
  'keeps results as its own: bytes that a caller changes later change nothing': async (given) => {
    const store = await given.open();
    const result = noise(32);
    const key = await completed(given, store, result);
    result.fill(0);
    replays(await store.claim(key, ASKING), noise(32), 'after the bytes that were handed in were changed').fill(0);
    replays(await store.claim(key, ASKING), noise(32), 'after the bytes that were handed out were changed');
  },

  'keeps the fingerprint after completion, and tells it to another payload': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const fingerprint = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
    const token = wonToken(await store.claim(key, { fingerprint, leaseMs: LONG_MS }), 'a free key');
    answers(await store.complete(key, token, noise(8), LONG_MS), true, 'complete by the owner');
    tellsFingerprint(await store.claim(key, { fingerprint, leaseMs: LONG_MS }), fingerprint, 'the same payload');
    tellsFingerprint(await store.claim(key, ASKING), fingerprint, 'another payload');
    tellsFingerprint(await store.claim(key, { fingerprint, leaseMs: LONG_MS }), fingerprint, 'the same payload, after another');
    replays(await store.claim(key, ASKING), noise(8), 'another payload');
  },
};

const bounded = (maxResultBytes: number): Cases => ({
  'refuses a result over its bound, and keeps no part of it': async (given) => {
    const store = await given.open();
    const key = given.newKey();
    const token = await claimed(store, key);
    await throws(
      () => store.complete(key, token, noise(maxResultBytes + 1), LONG_MS),
      `complete with ${maxResultBytes + 1} bytes`,
    );
    answers(await store.complete(key, token, noise(8), LONG_MS), true, 'complete with a result that fits');
    replays(await store.claim(key, ASKING), noise(8), 'the result that fits');
  },
});
