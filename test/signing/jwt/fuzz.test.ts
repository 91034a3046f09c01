import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jwt } from '../../../src/signing/index.js';
import {
  CLAIMS,
  encoded,
  forged,
  HEADER,
  ISSUER,
  received,
  refusal,
  SIGNED_AT_MS,
  signed,
  signingKey,
  URL_SIGNED,
} from './fixtures.js';

/** One change to one part of a message that `by` signed; whether that part is still what it was comes with it. */
const change = fc.record({
  part: fc.constantFrom('header', 'body', 'method', 'url'),
  at: fc.nat(),
  to: fc.integer({ min: 0, max: 255 }),
  how: fc.constantFrom('replace', 'insert', 'delete'),
});

function changed<T extends string | Uint8Array>(value: T, at: number, to: number, how: string): T {
  const bytes = Buffer.from(value as string, 'latin1');
  const index = bytes.length === 0 ? 0 : at % bytes.length;
  const put = how === 'delete' ? [] : [to];
  const after = bytes.subarray(how === 'insert' ? index : index + 1);
  const result = Buffer.concat([bytes.subarray(0, index), Buffer.from(put), after]);
  return (typeof value === 'string' ? result.toString('latin1') : result) as T;
}

const normalised = (url: string): string | undefined => {
  const parsed = URL.parse(url);
  if (parsed !== null) parsed.hash = '';
  return parsed?.href;
};

describe('fuzz', () => {
  it.each([
    ['HS256', 10_000],
    ['ES256', 500],
    ['Ed25519', 500],
    ['RS256', 500],
    ['PS256', 300],
  ] as const)('never verifies a changed message, and throws nothing but a RingbackError: %s', async (alg, numRuns) => {
    const by = jwt({ issuer: ISSUER, secrets: [signingKey(alg)] });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), change, async (body, { part, at, to, how }) => {
        const original = { header: signed(by, { body }).authorization as string, body, method: 'POST', url: URL_SIGNED };
        const message = { ...original, [part]: changed(original[part as 'header'], at, to, how) };
        const isSame =
          message.header.replace(/^bearer /i, 'Bearer ') === original.header &&
          Buffer.compare(body, message.body) === 0 &&
          message.method === 'POST' &&
          normalised(message.url) === URL_SIGNED;
        const { header: authorization, ...rest } = message;
        expect((await refusal({ ...rest, headers: { authorization }, nowMs: SIGNED_AT_MS }, by)) === 'no error').toBe(isSame);
      }),
      { numRuns },
    );
  });

  it('never verifies what was made up, and throws nothing but a RingbackError', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json());
    const part = fc.oneof(
      text,
      text.map((value) => Buffer.from(value).toString('base64url')),
      fc.constantFrom(encoded(HEADER), encoded(CLAIMS)),
    );
    const value = fc.oneof(
      text,
      fc.array(text),
      fc.tuple(part, part, part).map((parts) => `Bearer ${parts.join('.')}`),
      fc.constant(undefined),
    );
    await fc.assert(
      fc.asyncProperty(value, fc.uint8Array(), fc.double(), text, text, async (authorization, body, nowMs, method, url) => {
        const message = { headers: { authorization }, body, nowMs, method, url };
        expect(await refusal(message)).not.toBe('no error');
        expect(await refusal({ ...message, method: 'POST', url: URL_SIGNED })).not.toBe('no error');
      }),
      { numRuns: 2_000 },
    );
  });

  it('never verifies claims or headers of other types, genuinely signed as they may be', async () => {
    const name = fc.constantFrom('iss', 'aud', 'iat', 'exp', 'jti', 'htm', 'uri', 'bh');
    const odd = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(name, odd, async (claim, value) => {
        const code = await refusal(received(forged({ [claim]: value })));
        const isKept = claim === 'jti' ? typeof value === 'string' && /^[!-~]{1,255}$/.test(value) : false;
        expect(code === 'no error').toBe(isKept);
      }),
      { numRuns: 1_000 },
    );
  });
});
