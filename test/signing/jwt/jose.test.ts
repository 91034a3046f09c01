import { expect, it, vi } from 'vitest';
import { jwt } from '../../../src/signing/index.js';
import { genuine, ISSUER, PAIRS, refusal, scheme, signable, signed, signingKey } from './fixtures.js';

// As Node says it where the package is not installed.
vi.mock('jose', () => {
  throw Object.assign(new Error("Cannot find package 'jose'"), { code: 'ERR_MODULE_NOT_FOUND' });
});

it('signs without jose', () => {
  expect(Object.keys(signed(scheme))).toEqual(['authorization']);
  expect(scheme.check?.({ ...signable, destination: '', contentType: '', priority: 0, acceptedAtMs: 0 })).toBeUndefined();
});

it('says how to install jose where it is missing and a token is to be verified', async () => {
  await expect(scheme.verify(genuine())).rejects.toMatchObject({
    code: 'missing-dependency',
    message: expect.stringContaining('npm install jose'),
    cause: expect.any(Error),
  });
  const published = jwt({ issuer: ISSUER, jwks: 'https://billing.example/keys' });
  expect(await refusal(genuine(), published)).toBe('missing-dependency');
  const atHand = jwt({ issuer: ISSUER, jwks: { keys: [PAIRS.ES256.publicKey.export({ format: 'jwk' })] } });
  expect(await refusal(genuine(), atHand)).toBe('missing-dependency');
  expect(await refusal(genuine(), jwt({ issuer: ISSUER, secrets: [signingKey('ES256')] }))).toBe('missing-dependency');
});
