import { createPrivateKey, sign } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { codeOf } from './refusal-code.js';
import {
  BODY,
  by,
  ED25519_VECTOR,
  hmacSecret,
  ID,
  PRIVATE_KEY,
  PUBLIC_KEY,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  seedSecret,
  signed,
  TEXT,
  VECTOR,
  withSignature,
} from './standard-webhooks-messages.js';

const signatureOf = (...secrets: string[]): string => signed(by(...secrets))['webhook-signature'] as string;

describe('signing with ed25519', () => {
  it('gives the vector of the specification', () => {
    expect(signatureOf(PRIVATE_KEY)).toBe(ED25519_VECTOR);
  });

  it('takes the seed alone for the private key', () => {
    const seed = Buffer.from(PRIVATE_KEY.slice(5), 'base64').subarray(0, 32);
    expect(signatureOf(`whsk_${seed.toString('base64')}`)).toBe(ED25519_VECTOR);
  });

  it('signs with all current secrets of both kinds, v1 and v1a side by side in their order', () => {
    expect(signatureOf(SECRET, PRIVATE_KEY)).toBe(`${VECTOR} ${ED25519_VECTOR}`);
    expect(signatureOf(PRIVATE_KEY, SECRET)).toBe(`${ED25519_VECTOR} ${VECTOR}`);
    expect(signatureOf(seedSecret(1), PRIVATE_KEY).split(' ')).toEqual([signatureOf(seedSecret(1)), ED25519_VECTOR]);
  });

  it('leaves a public key out beside secrets that sign', () => {
    expect(signatureOf(PUBLIC_KEY, SECRET)).toBe(VECTOR);
  });

  it('says at sign time that public keys alone can not sign', () => {
    expect(codeOf(() => signatureOf(PUBLIC_KEY))).toBe('invalid-secret');
    expect(() => signatureOf(PUBLIC_KEY, PUBLIC_KEY)).toThrow(
      'secrets must hold a whsec_ or a whsk_ secret to sign with, got only whpk_ keys, which verify and do not sign',
    );
  });

  it('makes what any signer of ed25519 makes of id.timestamp.body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 300 }), (seed, body) => {
        const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
        const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
        const expected = sign(null, Buffer.concat([Buffer.from(`${ID}.1614265330.`), body]), key).toString('base64');
        const headers = signed(by(`whsk_${Buffer.from(seed).toString('base64')}`), { body });
        expect(headers['webhook-signature']).toBe(`v1a,${expected}`);
      }),
      { numRuns: 100 },
    );
  });
});

describe('verifying with ed25519', () => {
  it.each([
    ['the public key', PUBLIC_KEY],
    ['the private key', PRIVATE_KEY],
  ])('%s verifies', (_what, secret) => {
    expect(by(secret).verify(withSignature(ED25519_VECTOR))).toEqual({ id: ID, timestampMs: SIGNED_AT_MS });
  });

  it('accepts any fitting pair of version and key', () => {
    const both = `${VECTOR} ${ED25519_VECTOR}`;
    for (const secret of [SECRET, PRIVATE_KEY, PUBLIC_KEY]) {
      expect(refusal(withSignature(both), by(secret))).toBe('no error');
      expect(refusal(withSignature(both), by(hmacSecret(1), seedSecret(1), secret))).toBe('no error');
    }
    const twice = signatureOf(seedSecret(1), seedSecret(2), PRIVATE_KEY);
    expect(refusal(withSignature(twice), by(PUBLIC_KEY))).toBe('no error');
  });

  it('accepts one that fits beside others that do not', () => {
    const wrong = signed(by(hmacSecret(1), seedSecret(1)))['webhook-signature'] as string;
    expect(refusal(withSignature(`${wrong} ${ED25519_VECTOR}`), by(SECRET, PUBLIC_KEY))).toBe('no error');
    expect(refusal(withSignature(wrong), by(SECRET, PUBLIC_KEY))).toBe('invalid-signature');
  });

  it('takes no signature of one version for one of the other', () => {
    const asV1a = `v1a,${VECTOR.slice(3)}`;
    const asV1 = `v1,${ED25519_VECTOR.slice(4)}`;
    for (const signature of [asV1a, asV1, `${asV1a} ${asV1}`]) {
      expect(refusal(withSignature(signature), by(SECRET, PUBLIC_KEY))).toBe('invalid-signature');
    }
  });

  it('ignores versions that it has no keys for, whatever they hold', () => {
    expect(refusal(withSignature(`v1,AAAA v2z,AAAA ${ED25519_VECTOR}`), by(PUBLIC_KEY))).toBe('no error');
    expect(refusal(withSignature(`v1a,AAAA ${VECTOR}`), by(SECRET))).toBe('no error');
  });

  it('says clearly when none can be checked', () => {
    expect(() => by(SECRET).verify(withSignature(ED25519_VECTOR))).toThrow(
      'webhook-signature holds no signature that can be checked: there are keys for v1 only',
    );
    expect(() => by(PUBLIC_KEY).verify(withSignature(VECTOR))).toThrow('there are keys for v1a only');
    expect(() => by(SECRET, PUBLIC_KEY).verify(withSignature('v2,AAAA'))).toThrow('there are keys for v1 and v1a only');
    expect(refusal(withSignature('v2,AAAA'), by(SECRET, PUBLIC_KEY))).toBe('invalid-signature');
  });

  it('checks at most 10 signatures, as many as a sender has secrets', () => {
    const seeds = Array.from({ length: 10 }, (_, index) => seedSecret(index));
    expect(refusal(withSignature(signatureOf(...seeds)), by(seeds[9] as string))).toBe('no error');
    const eleven = `${signatureOf(...seeds)} ${ED25519_VECTOR}`;
    expect(refusal(withSignature(eleven), by(PUBLIC_KEY))).toBe('invalid-signature');
  });

  it('refuses another key, another body and a stale timestamp', () => {
    const message = withSignature(ED25519_VECTOR);
    expect(refusal(message, by(seedSecret(1)))).toBe('invalid-signature');
    expect(refusal({ ...message, body: Buffer.from(`${TEXT} `) }, by(PUBLIC_KEY))).toBe('invalid-signature');
    expect(refusal({ ...message, nowMs: SIGNED_AT_MS + 300_001 }, by(PUBLIC_KEY))).toBe('stale-signature');
  });
});

describe('a rotation from a shared secret to a key pair', () => {
  it('needs no moment at which both sides switch', () => {
    const during = by(SECRET, PRIVATE_KEY);
    const message = received({ headers: signed(during) });
    for (const receiver of [by(SECRET), by(SECRET, PUBLIC_KEY), by(PUBLIC_KEY)]) {
      expect(receiver.verify(message)).toMatchObject({ id: ID });
    }
  });

  it('leaves receivers that know v1 alone undisturbed: standardwebhooks verifies', () => {
    const headers = signed(by(PRIVATE_KEY, SECRET), { timestampMs: Date.now() });
    expect(new Webhook(SECRET).verify(TEXT, headers)).toEqual({ test: 2432232314 });
  });
});

describe('ed25519 keys', () => {
  const base64 = (length: number): string => Buffer.alloc(length, 0xab).toString('base64');
  const mixed = Buffer.concat([
    Buffer.from(PRIVATE_KEY.slice(5), 'base64').subarray(0, 32),
    Buffer.from(PUBLIC_KEY.slice(5), 'base64').fill(1, 31),
  ]);

  it.each([
    [
      'a private key of another length',
      `whsk_${base64(33)}`,
      /^secrets\[1\] must be whsk_ and the base64 of 64 bytes.*got 33 bytes$/,
    ],
    [
      'a private key with the public key of another',
      `whsk_${mixed.toString('base64')}`,
      /got a public key that is not that of the seed$/,
    ],
    [
      'a public key of another length',
      `whpk_${base64(64)}`,
      /^secrets\[1\] must be whpk_ and the base64 of 32 bytes.*got 64 bytes$/,
    ],
    ['base64url', `whpk_${Buffer.alloc(32, 0xff).toString('base64url')}`, /got something that is not base64/],
    ['a key without padding', PUBLIC_KEY.slice(0, -1), /got something that is not base64/],
    ['an empty key', 'whsk_', /got 0 bytes$/],
    ['another prefix', `whxk_${base64(32)}`, /must be a string that begins with whsec_, whsk_, whpk_/],
  ])('%s is refused, and not shown', (_what, secret, message) => {
    const attempt = (): unknown => by(SECRET, secret);
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(message);
    const material = secret.slice(5);
    if (material !== '') expect(attempt).not.toThrow(material);
  });

  it('show nowhere when the scheme is inspected', () => {
    const shown = inspect(by(PRIVATE_KEY), { depth: 10, showHidden: true });
    expect(shown).not.toContain('KeyObject');
    expect(shown).not.toContain(PRIVATE_KEY.slice(5, 30));
  });

  it('sign a body of any bytes', () => {
    for (const body of [new Uint8Array(), Uint8Array.of(0xff, 0, 0x80), BODY]) {
      expect(by(PUBLIC_KEY).verify(received({ headers: signed(by(PRIVATE_KEY), { body }), body }))).toMatchObject({ id: ID });
    }
  });
});
