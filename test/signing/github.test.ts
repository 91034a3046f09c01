import { sign, verify, verifyWithFallback } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { github } from '../../src/signing/index.js';
import { BODY, ID, OTHER_SECRET, received, refusal, SECRET, signed, TEXT, withHeader } from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

const scheme = github({ secrets: [SECRET] });
const signatureBy = (secrets: readonly string[], body = BODY): string =>
  signed(github({ secrets }), { body })['x-hub-signature-256'] as string;

describe('sign', () => {
  it("gives the signature of GitHub's own example, and the id as its deliveries have it", () => {
    const example = github({ secrets: ["It's a Secret to Everybody"] });
    expect(signed(example, { body: Buffer.from('Hello, World!') })).toEqual({
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      'x-github-delivery': ID,
    });
  });

  it('signs with the first of several secrets, as there is room for one', () => {
    expect(signatureBy([OTHER_SECRET, SECRET])).toBe(signatureBy([OTHER_SECRET]));
  });

  it('refuses an id that no header carries', () => {
    expect(codeOf(() => signed(scheme, { id: 'a\r\nb' }))).toBe('invalid-callback');
  });
});

describe('verify', () => {
  it('vouches for no id and no time', () => {
    expect(scheme.verify(received(scheme))).toStrictEqual({});
    expect(scheme.verify(withHeader(scheme, 'x-github-delivery', 'another'))).toEqual({});
  });

  it('takes a message of any age, again and again', () => {
    for (const nowMs of [0, Number.MAX_SAFE_INTEGER]) expect(refusal(received(scheme, { nowMs }), scheme)).toBe('no error');
  });

  it('tries every secret', () => {
    expect(refusal(received(scheme), github({ secrets: [OTHER_SECRET, SECRET] }))).toBe('no error');
    expect(refusal(received(scheme), github({ secrets: [OTHER_SECRET] }))).toBe('invalid-signature');
  });

  it('does not read the legacy header with SHA-1', () => {
    const headers = { 'x-hub-signature': 'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59' };
    expect(refusal(received(scheme, { headers }), scheme)).toBe('invalid-signature');
  });
});

describe('beside @octokit/webhooks-methods', () => {
  it('makes what verify takes', async () => {
    expect(await verify(SECRET, TEXT, signatureBy([SECRET]))).toBe(true);
    expect(await verify(OTHER_SECRET, TEXT, signatureBy([SECRET]))).toBe(false);
  });

  it('makes what verifyWithFallback takes while the secret is changed', async () => {
    for (const first of [SECRET, OTHER_SECRET])
      expect(await verifyWithFallback(SECRET, TEXT, signatureBy([first]), [OTHER_SECRET])).toBe(true);
  });

  it('verifies what sign makes', async () => {
    const headers = { 'x-hub-signature-256': await sign(SECRET, TEXT) };
    expect(refusal(received(scheme, { headers }), scheme)).toBe('no error');
  });

  it('agrees with it on any secret and text', async () => {
    const secret = fc.string({ minLength: 16, maxLength: 64 }).filter((text) => text.trim() === text);
    await fc.assert(
      fc.asyncProperty(secret, fc.string({ unit: 'grapheme', minLength: 1 }), async (key, payload) => {
        expect(signatureBy([key], Buffer.from(payload))).toBe(await sign(key, payload));
      }),
      { numRuns: 200 },
    );
  });
});

describe('settings', () => {
  it('refuses a secret that is too short', () => expect(codeOf(() => github({ secrets: ['secret'] }))).toBe('invalid-secret'));

  it('refuses an option that it has not', () => {
    expect(codeOf(() => github({ secrets: [SECRET], toleranceMs: 1 } as never))).toBe('invalid-option');
    expect(codeOf(() => github(null as never))).toBe('invalid-option');
  });

  it('is called by its name', () => expect(scheme.name).toBe('github'));
});
