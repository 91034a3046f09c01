import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JwtKey, jwt } from '../../../src/signing/index.js';
import { codeOf } from '../refusal-code.js';
import {
  decoded,
  ISSUER,
  PAIR_ALGORITHMS,
  PAIRS,
  type PairAlgorithm,
  received,
  refusal,
  SECRET,
  signed,
  tokenOf,
} from './fixtures.js';

const build = (...secrets: unknown[]) => jwt({ issuer: ISSUER, secrets: secrets as JwtKey[] });
const pem = (key: KeyObject): string => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string;
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });
const headerOf = (by: ReturnType<typeof build>) => decoded(tokenOf(signed(by)).split('.')[0]);

describe('the forms of keys', () => {
  it.each(PAIR_ALGORITHMS)('%s: PEM, JWK and KeyObject are one key', async (alg) => {
    const { privateKey, publicKey } = PAIRS[alg];
    for (const form of [pem, jwk, (key: KeyObject) => key]) {
      const token = tokenOf(signed(build({ alg, key: form(privateKey) })));
      for (const other of [pem, jwk, (key: KeyObject) => key]) {
        expect(await refusal(received(token), build({ alg, key: other(publicKey) }))).toBe('no error');
      }
    }
  });

  it('a shared secret: text is its UTF-8 bytes, and any bytes will do', async () => {
    const text = 'ein gemeinsames Geheimnis: süß genug';
    const token = tokenOf(signed(build({ alg: 'HS256', key: text })));
    expect(await refusal(received(token), build({ alg: 'HS256', key: Buffer.from(text) }))).toBe('no error');
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
    const binary = build({ alg: 'HS256', key: bytes });
    expect(await refusal(received(tokenOf(signed(binary))), binary)).toBe('no error');
  });

  it('a shared secret is copied, so that wiping the bytes changes nothing', async () => {
    const bytes = Buffer.alloc(32, 7);
    const by = build({ alg: 'HS256', key: bytes });
    bytes.fill(0);
    const kept = build({ alg: 'HS256', key: Buffer.alloc(32, 7) });
    expect(await refusal(received(tokenOf(signed(by))), kept)).toBe('no error');
  });

  it('takes older PEM headings that Node reads', async () => {
    const key = PAIRS.RS256.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    expect(await refusal(received(tokenOf(signed(build({ alg: 'RS256', key })))), build({ alg: 'RS256', key }))).toBe('no error');
  });

  it('the kid of a JWK is the kid of the key, unless another is given', () => {
    const key = { ...jwk(PAIRS.ES256.privateKey), kid: 'k1', alg: 'ES256', use: 'sig' };
    expect(headerOf(build({ alg: 'ES256', key }))).toMatchObject({ kid: 'k1' });
    expect(headerOf(build({ alg: 'ES256', key, kid: 'k2' }))).toMatchObject({ kid: 'k2' });
  });

  it('a JWK for EdDSA is one for Ed25519', () => {
    const key = { ...jwk(PAIRS.Ed25519.privateKey), alg: 'EdDSA' };
    expect(headerOf(build({ alg: 'Ed25519', key }))).toMatchObject({ alg: 'Ed25519' });
  });
});

const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const ed448 = generateKeyPairSync('ed448');
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 2_040 });
const pssOnly = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 });
const locked = PAIRS.ES256.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }) as string;
const es256Pem = pem(PAIRS.ES256.privateKey);
const { x, y, ...halfJwk } = jwk(PAIRS.ES256.privateKey);

describe('keys that are refused as invalid-secret, and not shown', () => {
  it.each<[string, unknown]>([
    ['no object', SECRET],
    ['null', null],
    ['without an algorithm', { key: SECRET }],
    ['with a longer algorithm', { alg: 'HS512', key: SECRET.repeat(2) }],
    ['for none', { alg: 'none', key: SECRET }],
    ['for EdDSA, which is no longer written', { alg: 'EdDSA', key: PAIRS.Ed25519.privateKey }],
    ['for what every object has', { alg: 'constructor', key: SECRET }],
    ['without a key', { alg: 'HS256' }],
    ['empty', { alg: 'HS256', key: '' }],
    ['of 31 bytes', { alg: 'HS256', key: Buffer.alloc(31, 7) }],
    ['of 31 characters', { alg: 'HS256', key: 'a'.repeat(31) }],
    ['a KeyObject for HS256', { alg: 'HS256', key: createSecretKey(Buffer.alloc(32, 7)) }],
    ['a JWK for HS256', { alg: 'HS256', key: { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') } }],
    ['a public PEM for HS256, the classic confusion', { alg: 'HS256', key: pem(PAIRS.RS256.publicKey) }],
    ['a public PEM as bytes for HS256', { alg: 'HS256', key: Buffer.from(pem(PAIRS.RS256.publicKey)) }],
    ['a public KeyObject for HS256', { alg: 'HS256', key: PAIRS.RS256.publicKey }],
    ['text that is no PEM', { alg: 'ES256', key: 'not a key, but quite as long as one' }],
    ['a truncated PEM', { alg: 'ES256', key: es256Pem.slice(0, 100) }],
    ['a garbled PEM', { alg: 'ES256', key: es256Pem.replaceAll('M', 'N') }],
    ['an encrypted PEM', { alg: 'ES256', key: locked }],
    ['bytes for a pair', { alg: 'ES256', key: Buffer.from(es256Pem) }],
    ['a secret KeyObject for a pair', { alg: 'ES256', key: createSecretKey(Buffer.alloc(32, 7)) }],
    ['half a JWK', { alg: 'ES256', key: halfJwk }],
    ['a JWK of nonsense', { alg: 'RS256', key: { kty: 'RSA', n: 7, e: { secret: 'shown by Node' } } }],
    ['a JWK of an unknown kind', { alg: 'RS256', key: { kty: 'secret-kind' } }],
    ['a JWK for another algorithm', { alg: 'RS256', key: { ...jwk(PAIRS.RS256.privateKey), alg: 'PS256' } }],
    ['a JWK for encryption', { alg: 'RS256', key: { ...jwk(PAIRS.RS256.privateKey), use: 'enc' } }],
    ['on P-384', { alg: 'ES256', key: p384.privateKey }],
    ['on secp256k1', { alg: 'ES256', key: secp256k1.privateKey }],
    ['on Ed448', { alg: 'Ed25519', key: ed448.privateKey }],
    ['EC for Ed25519', { alg: 'Ed25519', key: PAIRS.ES256.privateKey }],
    ['EC for RS256', { alg: 'RS256', key: PAIRS.ES256.privateKey }],
    ['RSA for ES256', { alg: 'ES256', key: PAIRS.RS256.publicKey }],
    ['RSA of 2,040 bits', { alg: 'RS256', key: weakRsa.privateKey }],
    ['RSA of 2,040 bits for PS256', { alg: 'PS256', key: weakRsa.publicKey }],
    ['RSA that is bound to PSS', { alg: 'RS256', key: pssOnly.privateKey }],
    ['with an empty kid', { alg: 'HS256', key: SECRET, kid: '' }],
    ['with a kid of 300 characters', { alg: 'HS256', key: SECRET, kid: 'k'.repeat(300) }],
    ['with a line break in the kid', { alg: 'HS256', key: SECRET, kid: 'a\nb' }],
    ['with a kid beyond ASCII', { alg: 'HS256', key: SECRET, kid: 'schlüssel' }],
    ['with a kid that is a number', { alg: 'HS256', key: SECRET, kid: 7 }],
    ['with a misspelt field', { alg: 'HS256', key: SECRET, Kid: 'k1' }],
  ])('%s', (_what, key) => {
    const attempt = (): unknown => build({ alg: 'HS256', key: SECRET }, key);
    expect(codeOf(attempt)).toBe('invalid-secret');
    let thrown: unknown;
    try {
      attempt();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ message: expect.stringMatching(/^secrets\[1\]/) });
    expect(thrown).not.toHaveProperty('cause');
    const shown = inspect(thrown);
    const material = (key as { key?: unknown } | null)?.key;
    if (typeof material === 'string' && material.length > 7) expect(shown).not.toContain(material.slice(-20));
    for (const leak of ['shown by Node', 'secret-kind', 'BEGIN']) expect(shown).not.toContain(leak);
  });

  it.each([[[]], [undefined], [SECRET], [Array.from({ length: 11 }, () => ({ alg: 'HS256', key: SECRET }))]])(
    'secrets that are no list of 1 to 10 (%#)',
    (secrets) => {
      const code = codeOf(() => jwt({ issuer: ISSUER, secrets: secrets as never }));
      expect(code).toBe(secrets === undefined ? 'invalid-option' : 'invalid-secret');
    },
  );

  it('whatever else is handed over, without an exception from inside Node', () => {
    const alg = fc.constantFrom('HS256', 'ES256', 'Ed25519', 'RS256', 'PS256', 'none', undefined);
    const garbled = fc.constantFrom<PairAlgorithm>('ES256', 'Ed25519', 'RS256').chain((name) => {
      const text = pem(PAIRS[name].privateKey);
      return fc.nat(text.length - 1).map((at) => `${text.slice(0, at)}*${text.slice(at + 1)}`);
    });
    const key = fc.oneof(
      fc.anything(),
      garbled,
      fc.record({ kty: fc.constantFrom('RSA', 'EC', 'OKP', 'oct'), n: fc.anything(), e: fc.anything(), x: fc.anything() }),
    );
    fc.assert(
      fc.property(alg, key, fc.option(fc.anything(), { nil: undefined }), (name, material, kid) => {
        expect(['invalid-secret', 'no error']).toContain(codeOf(() => build({ alg: name, key: material, kid })));
      }),
      { numRuns: 2_000 },
    );
  });
});
