import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { jwt } from '../../../src/signing/index.js';
import {
  ALGORITHMS,
  AUDIENCE,
  CLAIMS,
  encoded,
  forged,
  genuine,
  HEADER,
  ID,
  ISSUER,
  PAIRS,
  received,
  refusal,
  SIGNED_AT_MS,
  scheme,
  signed,
  signingKey,
  tokenOf,
  verifyingKey,
} from './fixtures.js';

describe('verify', () => {
  it('vouches for the id and the time of signing', async () => {
    expect(await scheme.verify(genuine())).toEqual({ id: ID, timestampMs: SIGNED_AT_MS });
  });

  it.each(ALGORITHMS)('verifies %s with the key that verifies, and with the one that signs', async (alg) => {
    const sender = jwt({ issuer: ISSUER, secrets: [signingKey(alg)] });
    const receiver = jwt({ issuer: ISSUER, secrets: [verifyingKey(alg)] });
    const message = received(tokenOf(signed(sender)));
    expect(await receiver.verify(message)).toMatchObject({ id: ID });
    expect(await sender.verify(message)).toMatchObject({ id: ID });
  });

  it('reads the header in any case, as an array of one, from Headers, and Bearer in any case', async () => {
    const token = tokenOf(signed(scheme));
    const forms = [
      { Authorization: `bearer ${token}` },
      { authorization: [`BEARER ${token}`] },
      new Headers({ authorization: `Bearer ${token}` }),
    ];
    for (const headers of forms) expect(await scheme.verify(genuine({ headers }))).toMatchObject({ id: ID });
  });

  it('says whether there was no key to try, or none that fits, and then what jose said', async () => {
    const rejection = (token: string) => scheme.verify(received(token)) as Promise<unknown>;
    const noKey = await rejection(forged({}, { alg: 'RS256' })).catch((error: unknown) => error);
    expect(noKey).toMatchObject({ message: 'there is no key for the alg and kid of the token' });
    expect(noKey).not.toHaveProperty('cause');
    await expect(rejection(forged({}, {}, 'another secret of 32 bytes, or more'))).rejects.toMatchObject({
      message: 'no key fits the signature of the token',
      cause: { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
    });
  });

  it('takes a target that was written differently', async () => {
    expect(await refusal(genuine({ url: 'HTTPS://CUSTOMER.example:443/hooks?tenant=7#top' }))).toBe('no error');
  });

  it('works on bytes, also where they are none or no UTF-8', async () => {
    for (const body of [Uint8Array.of(), Uint8Array.of(0xff, 0xfe, 0x00, 0x80)]) {
      const token = tokenOf(signed(scheme, { body }));
      expect(await scheme.verify(received(token, { body }))).toMatchObject({ id: ID });
      expect(await refusal(received(token, { body: Uint8Array.of(0xfe) }))).toBe('invalid-signature');
    }
  });

  it.each(['a.b|c,d;e', '"\\"', '{}', '!', '~'.repeat(255)])('gives back the id %j as it was', async (id) => {
    expect(await scheme.verify(received(tokenOf(signed(scheme, { id }))))).toMatchObject({ id });
  });

  it.each([
    ['body', { body: Buffer.from('{"test": 2432232315}') }],
    ['method', { method: 'PUT' }],
    ['method, written differently', { method: 'post' }],
    ['path', { url: 'https://customer.example/hook?tenant=7' }],
    ['query', { url: 'https://customer.example/hooks?tenant=8' }],
    ['missing query', { url: 'https://customer.example/hooks' }],
    ['host', { url: 'https://customers.example/hooks?tenant=7' }],
    ['scheme', { url: 'http://customer.example/hooks?tenant=7' }],
    ['port', { url: 'https://customer.example:8443/hooks?tenant=7' }],
  ])('refuses another %s', async (_part, changes) => {
    expect(await refusal(genuine(changes))).toBe('invalid-signature');
  });

  it.each([
    ['no method', { method: undefined }],
    ['no url', { url: undefined }],
    ['a url that is no absolute one', { url: '/hooks?tenant=7' }],
    ['text for a body', { body: '{}' as never }],
    ['no body', { body: undefined as never }],
    ['headers that are none', { headers: null as never }],
  ])('refuses a message with %s', async (_what, changes) => {
    expect(await refusal(genuine(changes))).toBe('invalid-signature');
  });

  it('takes a token from iat to exp, with the tolerance both ways, and none beyond', async () => {
    for (const nowMs of [SIGNED_AT_MS - 30_000, SIGNED_AT_MS, SIGNED_AT_MS + 89_999]) {
      expect(await refusal(genuine({ nowMs }))).toBe('no error');
    }
    for (const nowMs of [SIGNED_AT_MS - 30_001, SIGNED_AT_MS + 90_000, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await refusal(genuine({ nowMs }))).toBe('stale-signature');
    }
    for (const nowMs of [String(SIGNED_AT_MS), BigInt(SIGNED_AT_MS), new Date(SIGNED_AT_MS), Symbol('now')]) {
      expect(await refusal(genuine({ nowMs: nowMs as never }))).toBe('stale-signature');
    }
    const exact = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], toleranceMs: 0 });
    expect(await refusal(genuine({ nowMs: SIGNED_AT_MS + 59_999 }), exact)).toBe('no error');
    expect(await refusal(genuine({ nowMs: SIGNED_AT_MS + 60_000 }), exact)).toBe('stale-signature');
    expect(await refusal(genuine({ nowMs: SIGNED_AT_MS - 1 }), exact)).toBe('stale-signature');
  });

  it('heeds nbf where there is one', async () => {
    const token = forged({ nbf: CLAIMS.iat + 31 });
    expect(await refusal(received(token))).toBe('stale-signature');
    expect(await refusal(received(token, { nowMs: SIGNED_AT_MS + 1_000 }))).toBe('no error');
  });

  it('calls an old message stale only if it was genuine', async () => {
    expect(await refusal(genuine({ nowMs: 0, body: Buffer.from('{}') }))).toBe('invalid-signature');
  });

  it('refuses a token that is valid for longer than the maximum age, whenever it comes', async () => {
    expect(await refusal(received(forged({ exp: CLAIMS.iat + 300 })))).toBe('no error');
    expect(await refusal(received(forged({ exp: CLAIMS.iat + 301 })))).toBe('invalid-signature');
    const strict = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], maxAgeMs: 10_000, lifetimeMs: 10_000 });
    expect(await refusal(genuine(), strict)).toBe('invalid-signature');
  });

  it('refuses another issuer and another audience', async () => {
    const other = (settings: object) => jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], ...settings });
    expect(await refusal(genuine(), other({ issuer: 'https://billing.example/' }))).toBe('invalid-signature');
    expect(await refusal(genuine(), other({ audience: 'customers' }))).toBe('invalid-signature');
    const token = tokenOf(signed(other({ audience: 'customers' })));
    expect(await refusal(received(token), other({ audience: 'customers' }))).toBe('no error');
    expect(await refusal(received(token))).toBe('invalid-signature');
  });

  it('takes an audience of several', async () => {
    expect(await refusal(received(forged({ aud: ['customers', AUDIENCE] })))).toBe('no error');
    expect(await refusal(received(forged({ aud: ['customers'] })))).toBe('invalid-signature');
  });

  it('verifies the algorithm that the key is for, whatever the header says', async () => {
    const receiver = jwt({ issuer: ISSUER, secrets: [verifyingKey('RS256')] });
    const publicPem = PAIRS.RS256.publicKey.export({ type: 'spki', format: 'pem' });
    const publicDer = PAIRS.RS256.publicKey.export({ type: 'spki', format: 'der' });
    for (const secret of [publicPem, publicDer]) {
      expect(await refusal(received(forged({}, {}, secret)), receiver)).toBe('invalid-signature');
      expect(await refusal(received(forged({}, { alg: 'RS256' }, secret)), receiver)).toBe('invalid-signature');
    }
    for (const alg of ['none', 'None', 'NONE', 'RS256']) {
      const unsigned = `${encoded({ ...HEADER, alg })}.${encoded(CLAIMS)}.`;
      expect(await refusal(received(unsigned), receiver)).toBe('invalid-signature');
      expect(await refusal(received(`${unsigned}AA`), receiver)).toBe('invalid-signature');
    }
  });

  it('does not take an RSA signature by the other padding', async () => {
    const pss = tokenOf(signed(jwt({ issuer: ISSUER, secrets: [signingKey('PS256')] })));
    expect(await refusal(received(pss), jwt({ issuer: ISSUER, secrets: [verifyingKey('RS256')] }))).toBe('invalid-signature');
  });

  it('tries every key where a token names none, and only the named one where it does', async () => {
    const other = { alg: 'HS256', key: 'another shared secret of 32 bytes' } as const;
    const anyOf = jwt({ issuer: ISSUER, secrets: [other, signingKey('ES256'), signingKey('HS256')] });
    expect(await refusal(genuine(), anyOf)).toBe('no error');
    const named = jwt({
      issuer: ISSUER,
      secrets: [
        { ...other, kid: 'new' },
        { ...signingKey('HS256'), kid: 'old' },
      ],
    });
    expect(await refusal(genuine(), named)).toBe('no error');
    expect(await refusal(received(forged({}, { kid: 'old' })), named)).toBe('no error');
    expect(await refusal(received(forged({}, { kid: 'new' })), named)).toBe('invalid-signature');
    expect(await refusal(received(forged({}, { kid: 'unknown' })), named)).toBe('invalid-signature');
    expect(await refusal(received(forged({}, { kid: 'unknown' })))).toBe('no error');
  });

  it('looks the keys of a received message up, and fails closed where it can not', async () => {
    const lookup = (load: () => never) => jwt({ issuer: ISSUER, secrets: { keyOfReceived: () => 'tenant', load } });
    const down = lookup(() => {
      throw new Error('the store is down');
    });
    expect(await refusal(genuine(), down)).toBe('secrets-unavailable');
    const known = jwt({ issuer: ISSUER, secrets: { keyOfReceived: () => 'tenant', load: async () => [signingKey('HS256')] } });
    expect(await refusal(genuine(), known)).toBe('no error');
  });

  it('looks no key up for what is no token', async () => {
    let loads = 0;
    const load = () => {
      loads += 1;
      return [signingKey('HS256')];
    };
    const by = jwt({ issuer: ISSUER, secrets: { keyOfReceived: () => 'tenant', load } });
    expect(await refusal(received('garbage'), by)).toBe('invalid-signature');
    expect(loads).toBe(0);
  });

  it('shows no secret and no token in what it throws', async () => {
    const other = jwt({ issuer: ISSUER, secrets: [{ alg: 'HS256', key: 'another shared secret of 32 bytes' }] });
    const error = await Promise.resolve(other.verify(genuine())).catch((thrown: unknown) => thrown);
    const shown = inspect(error, { depth: 10 });
    for (const part of [...tokenOf(signed(scheme)).split('.'), 'another shared secret']) expect(shown).not.toContain(part);
  });
});
