import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isJwk, keyOfPair, sharedSecret } from '../../src/signing/key-material.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

describe('a key of a pair', () => {
  it.each<[string, unknown, unknown]>([
    ['a private KeyObject', privateKey, privateKey],
    ['a public KeyObject', publicKey, publicKey],
    ['a private PEM', privateKey.export({ format: 'pem', type: 'pkcs8' }), privateKey],
    ['a public PEM', publicKey.export({ format: 'pem', type: 'spki' }), publicKey],
    ['a private JWK', privateKey.export({ format: 'jwk' }), privateKey],
    ['a public JWK', publicKey.export({ format: 'jwk' }), publicKey],
  ])('is read from %s', (_what, material, key) => {
    expect(keyOfPair(material)?.equals(key as never)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a shared secret as a KeyObject', createSecretKey(Buffer.alloc(32))],
    ['a shared secret as a JWK', { kty: 'oct', k: 'AAAA' }],
    ['text', 'a-shared-secret-of-32-characters'],
    ['a PEM cut short', '-----BEGIN PRIVATE KEY-----'],
    ['null', null],
    ['an object', {}],
  ])('is not read from %s, and nothing throws', (_what, material) => {
    expect(keyOfPair(material)).toBeUndefined();
  });

  it('is a JWK by its kty, unless Node has read it already', () => {
    expect([{ kty: 'OKP' }, {}, null, 'kty', privateKey].map(isJwk)).toEqual([true, false, false, false, false]);
    expect(isJwk(Object.assign(createSecretKey(Buffer.alloc(32)), { kty: 'oct' }))).toBe(false);
  });
});

describe('a shared secret', () => {
  it('is text as UTF-8, or bytes', () => {
    expect(sharedSecret('schlüssel')?.export()).toEqual(Buffer.from('schlüssel'));
    expect(sharedSecret(Uint8Array.of(1, 2))?.export()).toEqual(Buffer.of(1, 2));
  });

  it('is never empty, never a PEM, and never anything else', () => {
    const pem = String(publicKey.export({ format: 'pem', type: 'spki' }));
    for (const material of ['', new Uint8Array(), pem, Buffer.from(pem), `x${pem}`, 7, null, undefined, [1], privateKey])
      expect(sharedSecret(material)).toBeUndefined();
  });
});
