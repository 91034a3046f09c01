import { createHash } from 'node:crypto';
import { compactVerify, exportJWK, importJWK, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type JwtAlgorithm, jwt } from '../../../src/signing/index.js';
import {
  ALGORITHMS,
  AUDIENCE,
  BODY,
  ID,
  ISSUER,
  PAIRS,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  signed,
  signingKey,
  tokenOf,
  URL_SIGNED,
  verifyingKey,
} from './fixtures.js';

/** The keys as jose would have them, made through its own import. */
async function joseKey(alg: JwtAlgorithm, half: 'privateKey' | 'publicKey') {
  if (alg === 'HS256') return new TextEncoder().encode(SECRET);
  return importJWK(await exportJWK(PAIRS[alg][half]), alg);
}

const CLAIMS = { htm: 'POST', uri: URL_SIGNED, bh: createHash('sha256').update(BODY).digest('base64url') };

const joseSigned = async (alg: JwtAlgorithm, name: string = alg): Promise<string> =>
  new SignJWT(CLAIMS)
    .setProtectedHeader({ alg: name, typ: 'callback+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setJti(ID)
    .setIssuedAt(SIGNED_AT_MS / 1000)
    .setExpirationTime(SIGNED_AT_MS / 1000 + 60)
    .sign(await joseKey(alg, 'privateKey'));

const joseRule = { issuer: ISSUER, audience: AUDIENCE, typ: 'callback+jwt', currentDate: new Date(SIGNED_AT_MS) };

describe.each(ALGORITHMS)('beside jose: %s', (alg) => {
  it('makes what jose verifies', async () => {
    const token = tokenOf(signed(jwt({ issuer: ISSUER, secrets: [signingKey(alg)] })));
    const { payload, protectedHeader } = await jwtVerify(token, await joseKey(alg, 'publicKey'), {
      ...joseRule,
      algorithms: [alg],
    });
    expect(protectedHeader).toEqual({ alg, typ: 'callback+jwt' });
    expect(payload).toMatchObject({ ...CLAIMS, jti: ID, iat: SIGNED_AT_MS / 1000, exp: SIGNED_AT_MS / 1000 + 60 });
  });

  it('verifies what jose makes', async () => {
    const receiver = jwt({ issuer: ISSUER, secrets: [verifyingKey(alg)] });
    expect(await receiver.verify(received(await joseSigned(alg)))).toEqual({ id: ID, timestampMs: SIGNED_AT_MS });
  });

  it('agrees with jose on when a token is over', async () => {
    const token = tokenOf(signed(jwt({ issuer: ISSUER, secrets: [signingKey(alg)] })));
    const exact = jwt({ issuer: ISSUER, secrets: [verifyingKey(alg)], toleranceMs: 0 });
    const key = await joseKey(alg, 'publicKey');
    for (const seconds of [0, 59, 60]) {
      const nowMs = SIGNED_AT_MS + seconds * 1000;
      const joseTakes = await jwtVerify(token, key, { ...joseRule, currentDate: new Date(nowMs) }).then(
        () => true,
        () => false,
      );
      expect((await refusal(received(token, { nowMs }), exact)) === 'no error').toBe(joseTakes);
    }
  });
});

it('verifies EdDSA, as most signers still call Ed25519', async () => {
  const receiver = jwt({ issuer: ISSUER, secrets: [verifyingKey('Ed25519')] });
  expect(await refusal(received(await joseSigned('Ed25519', 'EdDSA')), receiver)).toBe('no error');
});

it('ES256 signatures are r and s side by side, 64 bytes', async () => {
  const token = tokenOf(signed(jwt({ issuer: ISSUER, secrets: [signingKey('ES256')] })));
  expect(Buffer.from(token.split('.')[2] as string, 'base64url')).toHaveLength(64);
  await expect(compactVerify(token, PAIRS.ES256.publicKey)).resolves.toBeDefined();
});
