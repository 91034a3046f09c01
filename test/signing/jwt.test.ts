import { createHash, createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { createRingback } from '../../src/index.js';
import { type JwtKey, jwt, type ReceivedMessage } from '../../src/signing/index.js';
import { scriptedTransport } from '../../src/testing/index.js';
import {
  ALGORITHMS,
  AUDIENCE,
  BODY,
  codeOf,
  decoded,
  encoded,
  genuine,
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

const HEADER = { alg: 'HS256', typ: 'callback+jwt' };
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  iat: SIGNED_AT_MS / 1000,
  exp: SIGNED_AT_MS / 1000 + 60,
  jti: ID,
  htm: 'POST',
  uri: URL_SIGNED,
  bh: createHash('sha256').update(BODY).digest('base64url'),
};

/** A token that holds whatever it is told, with a genuine signature. */
function forged(claims: object = {}, header: object = {}, secret: string | Buffer = SECRET): string {
  const input = `${encoded({ ...HEADER, ...header })}.${encoded({ ...CLAIMS, ...claims })}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** A token whose parts are these bytes, with a genuine signature. */
function forgedOf(header: string | Buffer, claims: string | Buffer): string {
  const input = `${Buffer.from(header as Buffer).toString('base64url')}.${Buffer.from(claims as Buffer).toString('base64url')}`;
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}

const withHeader = (value: unknown): ReceivedMessage => genuine({ headers: { authorization: value as string } });

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

  it.each([
    ['iss', undefined],
    ['iss', 7],
    ['aud', undefined],
    ['aud', { 0: AUDIENCE }],
    ['aud', [AUDIENCE, 7]],
    ['aud', []],
    ['iat', undefined],
    ['iat', '1614265330abc'],
    ['iat', String(CLAIMS.iat)],
    ['iat', CLAIMS.iat + 0.5],
    ['iat', -1],
    ['iat', null],
    ['exp', undefined],
    ['exp', 1e300],
    ['exp', CLAIMS.iat],
    ['exp', CLAIMS.iat - 1],
    ['nbf', 'tomorrow'],
    ['jti', undefined],
    ['jti', ''],
    ['jti', 'with space'],
    ['jti', 'line\nbreak'],
    ['jti', 'müsli'],
    ['jti', 'a'.repeat(300)],
    ['htm', undefined],
    ['uri', undefined],
    ['uri', [URL_SIGNED]],
    ['bh', undefined],
    ['bh', ''],
    ['bh', 7],
    ['bh', CLAIMS.bh.slice(0, -1)],
    ['bh', `${CLAIMS.bh}=`],
    ['bh', Buffer.from(CLAIMS.bh, 'base64url').toString('hex')],
    ['bh', createHash('sha256').update('').digest('base64url')],
  ])('refuses the genuinely signed claim %s: %j', async (name, value) => {
    expect(await refusal(received(forged({ [name]: value })))).toBe('invalid-signature');
  });

  it.each([
    ['typ', undefined],
    ['typ', 'JWT'],
    ['typ', 'dpop+jwt'],
    ['typ', 'at+jwt'],
    ['alg', undefined],
    ['alg', 7],
    ['alg', 'none'],
    ['alg', 'None'],
    ['alg', 'HS512'],
    ['alg', '__proto__'],
    ['kid', 7],
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
  ])('refuses the genuinely signed header parameter %s: %j', async (name, value) => {
    const expected = name === 'b64' ? 'no error' : 'invalid-signature';
    // Without `crit`, `b64` means nothing (RFC 7797 §3), and RFC 7515 §4 has unknown parameters ignored.
    expect(await refusal(received(forged({}, { [name]: value })))).toBe(expected);
  });

  it.each([
    ['a header that is no JSON', '{', JSON.stringify(CLAIMS)],
    ['a header that is null', 'null', JSON.stringify(CLAIMS)],
    ['a header that is an array', '[]', JSON.stringify(CLAIMS)],
    ['a header that is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), JSON.stringify(CLAIMS)],
    ['claims that are no JSON', JSON.stringify(HEADER), '{'],
    ['claims that are a number', JSON.stringify(HEADER), '7'],
    [
      'claims with text that is no UTF-8',
      JSON.stringify(HEADER),
      Buffer.from(JSON.stringify({ ...CLAIMS, more: 'ü' }), 'latin1'),
    ],
    ['claims with a byte order mark', JSON.stringify(HEADER), `\ufeff${JSON.stringify(CLAIMS)}`],
    ['claims that are no UTF-8', JSON.stringify(HEADER), Buffer.from([0x7b, 0xff, 0x7d])],
  ])('refuses a genuinely signed token with %s', async (_what, header, claims) => {
    expect(await refusal(received(forgedOf(header, claims)))).toBe('invalid-signature');
  });

  it('refuses a critical extension that jose knows and we do not', async () => {
    expect(await refusal(received(forged({}, { crit: ['b64'], b64: true })))).toBe('invalid-signature');
  });

  it('refuses a genuinely signed token of more than 8,192 characters, and takes one of as many', async () => {
    const padded = (length: number): string => forged({ more: 'a'.repeat(length) });
    const room = 8_192 - 'Bearer '.length - padded(0).length;
    const fitting = Math.floor(room / 4) * 3;
    expect(await refusal(received(padded(fitting)))).toBe('no error');
    expect(await refusal(received(padded(fitting + 4)))).toBe('invalid-signature');
  });

  const token = tokenOf(signed(scheme));
  const [head, claims, signature] = token.split('.') as [string, string, string];
  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['no text', 7],
    ['repeated', [`Bearer ${token}`, `Bearer ${token}`]],
    ['joined by the server', `Bearer ${token}, Bearer ${token}`],
    ['without Bearer', token],
    ['of another scheme', `DPoP ${token}`],
    ['behind two spaces', `Bearer  ${token}`],
    ['before a space', `Bearer ${token} `],
    ['before a line break', `Bearer ${token}\n`],
    ['without a signature', `Bearer ${head}.${claims}`],
    ['with an empty signature', `Bearer ${head}.${claims}.`],
    ['with an empty header', `Bearer .${claims}.${signature}`],
    ['in four parts', `Bearer ${token}.${signature}`],
    ['encrypted, in five parts', `Bearer ${head}.${head}.${head}.${claims}.${signature}`],
    ['truncated', `Bearer ${token.slice(0, -1)}`],
    ['with a truncated signature', `Bearer ${head}.${claims}.${signature.slice(0, 40)}`],
    ['with an oversized signature', `Bearer ${token}${signature}`],
    ['over 8,192 characters', `Bearer ${token}${'A'.repeat(8_192)}`],
    ['padded', `Bearer ${token}=`],
    ['in base64', `Bearer ${head}.${claims}.${Buffer.from(signature, 'base64url').toString('base64')}`],
    ['in hex', `Bearer ${head}.${claims}.${Buffer.from(signature, 'base64url').toString('hex')}`],
    ['with stray characters that decoders skip', `Bearer ${head}.${claims}.!${signature}`],
  ])('refuses a header that is %s', async (_what, value) => {
    expect(await refusal(withHeader(value))).toBe('invalid-signature');
  });

  it('refuses a signature whose last character has other unused bits', async () => {
    const last = signature.slice(-1);
    const twin = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter((char) => {
      const changed = signature.slice(0, -1) + char;
      return char !== last && Buffer.from(changed, 'base64url').equals(Buffer.from(signature, 'base64url'));
    });
    expect(twin.length).toBeGreaterThan(0);
    for (const char of twin) expect(await refusal(received(`${token.slice(0, -1)}${char}`))).toBe('invalid-signature');
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
    expect(await refusal(withHeader('Bearer garbage'), by)).toBe('invalid-signature');
    expect(loads).toBe(0);
  });

  it('shows no secret and no token in what it throws', async () => {
    const other = jwt({ issuer: ISSUER, secrets: [{ alg: 'HS256', key: 'another shared secret of 32 bytes' }] });
    const error = await Promise.resolve(other.verify(genuine())).catch((thrown: unknown) => thrown);
    const shown = inspect(error, { depth: 10 });
    for (const part of [...token.split('.'), 'another shared secret']) expect(shown).not.toContain(part);
  });
});

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

describe('settings', () => {
  const settings = { issuer: ISSUER, secrets: [signingKey('HS256')] };

  it.each([
    { issuer: undefined },
    { issuer: '' },
    { issuer: 7 },
    { issuer: 'a'.repeat(257) },
    { audience: '' },
    { audience: ['a'] },
    { lifetimeMs: 999 },
    { lifetimeMs: 300_001 },
    { lifetimeMs: Number.NaN },
    { lifetimeMs: 60_000, maxAgeMs: 59_999 },
    { maxAgeMs: 3_600_001 },
    { toleranceMs: -1 },
    { header: 'two words' },
    { header: '' },
    { header: 'Host' },
    { header: 7 },
    { secrets: undefined },
    { jwks: 'https://billing.example/keys' },
    { keys: [] },
  ])('refuses %j', (changes) => {
    expect(codeOf(() => jwt({ ...settings, ...(changes as object) } as never))).toBe('invalid-option');
  });

  it('shows no secret and no key when the scheme is inspected or turned to JSON', () => {
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain('KeyObject');
  });
});
