import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { createRingback } from '../../src/index.js';
import { type JwtKey, jwt } from '../../src/signing/index.js';
import { scriptedTransport } from '../../src/testing/index.js';
import {
  BODY,
  CLAIMS,
  decoded,
  genuine,
  HEADER,
  ID,
  ISSUER,
  PAIRS,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  scheme,
  signable,
  signed,
  signingKey,
  tokenOf,
  URL_SIGNED,
  verifyingKey,
} from './jwt/fixtures.js';
import { codeOf } from './refusal-code.js';

describe('sign', () => {
  it('binds the token to the message', () => {
    const [header, claims, signature] = tokenOf(signed(scheme)).split('.');
    expect(decoded(header)).toEqual(HEADER);
    expect(decoded(claims)).toEqual(CLAIMS);
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${header}.${claims}`).digest('base64url'));
  });

  it('stamps every attempt afresh and keeps the id', () => {
    const claims = decoded(tokenOf(signed(scheme, { timestampMs: SIGNED_AT_MS + 61_999 })).split('.')[1]);
    expect(claims).toMatchObject({ jti: ID, iat: 1_614_265_391, exp: 1_614_265_451 });
  });

  it('names the key by its kid', () => {
    const by = jwt({ issuer: ISSUER, secrets: [{ ...signingKey('ES256'), kid: 'k1' }] });
    expect(decoded(tokenOf(signed(by)).split('.')[0])).toEqual({ alg: 'ES256', typ: 'callback+jwt', kid: 'k1' });
  });

  it('signs with the first key that can sign', () => {
    const by = jwt({ issuer: ISSUER, secrets: [verifyingKey('ES256'), signingKey('Ed25519'), signingKey('RS256')] });
    expect(decoded(tokenOf(signed(by)).split('.')[0])).toMatchObject({ alg: 'Ed25519' });
  });

  it('refuses to sign where there are only public keys', () => {
    const publicOnly = jwt({ issuer: ISSUER, secrets: [verifyingKey('ES256')] });
    const published = jwt({ issuer: ISSUER, jwks: { keys: [PAIRS.ES256.publicKey.export({ format: 'jwk' })] } });
    for (const by of [publicOnly, published]) expect(codeOf(() => by.sign(signable))).toBe('invalid-secret');
  });

  it('writes the audience and the lifetime that it is told', () => {
    const by = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], audience: 'customers', lifetimeMs: 5_999 });
    expect(decoded(tokenOf(signed(by)).split('.')[1])).toMatchObject({ aud: 'customers', iat: 1614265330, exp: 1614265335 });
  });

  it.each([
    ['HTTPS://Customer.Example:443/a b?q=ü#part', 'https://customer.example/a%20b?q=%C3%BC', 'https://customer.example'],
    ['http://[::1]:8080', 'http://[::1]:8080/', 'http://[::1]:8080'],
    ['arn:aws:sns:eu-west-1:1:topic', 'arn:aws:sns:eu-west-1:1:topic', 'arn:aws:sns:eu-west-1:1:topic'],
  ])('writes the target %s as %s, its origin as the audience', (to, uri, aud) => {
    expect(decoded(tokenOf(signed(scheme, { to })).split('.')[1])).toMatchObject({ uri, aud });
  });

  it('looks keys up for each destination, waiting where it must', async () => {
    const by = jwt({ issuer: ISSUER, secrets: { load: async (to) => [{ alg: 'HS256', key: SECRET, kid: to.slice(8, 16) }] } });
    const headers = await by.sign(signable);
    expect(decoded(tokenOf(headers as Record<string, string>).split('.')[0])).toEqual({ ...HEADER, kid: 'customer' });
  });

  it('puts the token alone into another header', () => {
    const by = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], header: 'X-Callback-Token' });
    expect(signed(by)).toEqual({ 'x-callback-token': tokenOf(signed(scheme)) });
  });

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])(
    'refuses a callback that brings %s, by check and by sign',
    (name) => {
      const headers = { [name]: 'Basic dXNlcjpwYXNz' };
      expect(codeOf(() => scheme.check?.({ ...({} as Delivery), to: URL_SIGNED, headers }))).toBe('invalid-callback');
      expect(codeOf(() => scheme.sign({ ...signable, headers }))).toBe('invalid-callback');
    },
  );

  it('leaves other headers alone, of whatever length', () => {
    const headers = { 'x-customer-id': '7', accept: '*/*' };
    expect('x-customer-id'.length).toBe('authorization'.length);
    expect(codeOf(() => jwt({ issuer: ISSUER, secrets: [signingKey('HS256')] }).sign({ ...signable, headers }))).toBe('no error');
  });

  it('has ringback refuse such a callback before anything is sent', async () => {
    const transport = scriptedTransport();
    const ringback = createRingback({ transports: [transport], signature: scheme });
    const callback = { to: URL_SIGNED, headers: { Authorization: 'Basic dXNlcjpwYXNz' } };
    await expect(ringback.deliver(callback)).rejects.toMatchObject({ code: 'invalid-callback' });
    await expect(ringback.enqueue(callback)).rejects.toMatchObject({ code: 'invalid-callback' });
    expect(transport.sent).toEqual([]);
    await ringback.close();
  });

  it('has ringback send what verifies', async () => {
    const transport = scriptedTransport();
    const ringback = createRingback({ transports: [transport], signature: scheme });
    const { id } = await ringback.deliver({ to: URL_SIGNED, data: { id: 'in_42' } });
    const { headers, body } = transport.sent[0]?.message ?? { headers: {}, body: BODY };
    expect(await scheme.verify({ headers, body, method: 'POST', url: URL_SIGNED, nowMs: Date.now() })).toMatchObject({ id });
    await ringback.close();
  });

  it('makes no token that a receiver would find too long', async () => {
    const longest = { issuer: 'ü'.repeat(256), audience: 'ü'.repeat(256) };
    const by = jwt({ ...longest, secrets: [{ ...signingKey('RS256'), kid: 'k'.repeat(256) } as JwtKey] });
    const [id, to] = ['"'.repeat(255), URL_SIGNED.padEnd(2_048, 'a')];
    expect(await refusal(received(tokenOf(signed(by, { id, to })), { url: to }), by)).toBe('no error');
  });

  it('leaves the callback its own authorization where the token goes into another header', async () => {
    const by = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')], header: 'x-callback-token' });
    const headers = { authorization: 'Basic dXNlcjpwYXNz' };
    expect(codeOf(() => by.check?.({ ...({} as Delivery), to: URL_SIGNED, headers }))).toBe('no error');
    const message = genuine({ headers: { ...headers, ...signed(by) } });
    expect(await by.verify(message)).toMatchObject({ id: ID });
  });

  it.each([
    ['a URI of 2,049 characters', URL_SIGNED.padEnd(2_049, 'a')],
    ['no absolute URI', '/hooks'],
  ])('refuses a destination that is %s', (_what, to) => {
    expect(codeOf(() => scheme.sign({ ...signable, to }))).toBe('invalid-callback');
  });
});

describe('settings', () => {
  const settings = { issuer: ISSUER, secrets: [signingKey('HS256')] };

  it.each<[object, string]>([
    [{ issuer: undefined }, 'issuer must be text of 1 to 256 characters, got undefined'],
    [{ issuer: '' }, 'issuer must be text of 1 to 256 characters'],
    [{ issuer: 7 }, 'issuer must be text of 1 to 256 characters'],
    [{ issuer: 'a'.repeat(257) }, 'issuer must be text of 1 to 256 characters'],
    [{ audience: '' }, 'audience must be text of 1 to 256 characters'],
    [{ audience: ['a'] }, 'audience must be text of 1 to 256 characters'],
    [{ lifetimeMs: 999 }, 'lifetimeMs must be a finite number from 1000 to 300000'],
    [{ lifetimeMs: 300_001 }, 'lifetimeMs must be a finite number from 1000 to 300000'],
    [{ lifetimeMs: Number.NaN }, 'lifetimeMs must be a finite number from 1000 to 300000'],
    [{ lifetimeMs: 60_000, maxAgeMs: 59_999 }, 'lifetimeMs must be a finite number from 1000 to 59999'],
    [{ maxAgeMs: 999 }, 'maxAgeMs must be a finite number from 1000 to 3600000'],
    [{ maxAgeMs: 3_600_001 }, 'maxAgeMs must be a finite number from 1000 to 3600000'],
    [{ toleranceMs: -1 }, 'toleranceMs must be a finite number of at least 0'],
    [{ header: 'two words' }, 'header must be the name of a header that may be set'],
    [{ header: '' }, 'header must be the name of a header that may be set'],
    [{ header: 'Host' }, 'header must be the name of a header that may be set'],
    [{ header: 7 }, 'header must be the name of a header that may be set'],
    [{ secrets: undefined }, 'jwt needs one of secrets and jwks, and not both'],
    [{ jwks: 'https://billing.example/keys' }, 'jwt needs one of secrets and jwks, and not both'],
    [{ keys: [] }, 'jwt has no option "keys"; it has secrets, jwks, issuer, audience, lifetimeMs, maxAgeMs, toleranceMs, header'],
  ])('refuses %j', (changes, why) => {
    const attempt = (): unknown => jwt({ ...settings, ...changes } as never);
    expect(codeOf(attempt)).toBe('invalid-option');
    expect(attempt).toThrow(why);
  });

  it('takes names of 256 characters, and its own name is jwt', () => {
    const longest = 'a'.repeat(256);
    const by = jwt({ ...settings, issuer: longest, audience: longest });
    expect(decoded(tokenOf(signed(by)).split('.')[1])).toMatchObject({ iss: longest, aud: longest });
    expect(by.name).toBe('jwt');
  });

  it('shows no secret and no key when the scheme is inspected or turned to JSON', () => {
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain('KeyObject');
  });
});
