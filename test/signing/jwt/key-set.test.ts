import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { type JwtKey, jwt } from '../../../src/signing/index.js';
import { parseKeySet } from '../../../src/signing/jwt/key-set.js';
import { RemoteKeySet } from '../../../src/signing/jwt/remote-key-set.js';
import { codeOf } from '../refusal-code.js';
import {
  ID,
  ISSUER,
  PAIR_ALGORITHMS,
  PAIRS,
  type PairAlgorithm,
  received,
  refusal,
  signed,
  signingKey,
  tokenOf,
} from './fixtures.js';

const publicJwk = (alg: PairAlgorithm, more: object = {}): JsonWebKey => ({
  ...PAIRS[alg].publicKey.export({ format: 'jwk' }),
  ...more,
});

const messageBy = (key: JwtKey) => received(tokenOf(signed(jwt({ issuer: ISSUER, secrets: [key] }))));
const setOf = (...keys: unknown[]) => jwt({ issuer: ISSUER, jwks: { keys: keys as JsonWebKey[] } });

describe('a key set at hand', () => {
  it.each(PAIR_ALGORITHMS)('verifies %s by kid', async (alg) => {
    const keys = PAIR_ALGORITHMS.map((one) => publicJwk(one, { alg: one, kid: one, use: 'sig' }));
    expect(await refusal(messageBy({ ...signingKey(alg), kid: alg } as JwtKey), setOf(...keys))).toBe('no error');
  });

  it('tries all keys of the algorithm where the token names none', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    expect(await refusal(messageBy(signingKey('Ed25519')), setOf(other, publicJwk('Ed25519')))).toBe('no error');
    expect(await refusal(messageBy(signingKey('Ed25519')), setOf(other))).toBe('invalid-signature');
  });

  it('tries no more than 10 keys for one token', async () => {
    const others = Array.from({ length: 10 }, () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }));
    const right = publicJwk('Ed25519', { kid: 'right' });
    expect(await refusal(messageBy(signingKey('Ed25519')), setOf(...others.slice(1), right))).toBe('no error');
    expect(await refusal(messageBy(signingKey('Ed25519')), setOf(...others, right))).toBe('invalid-signature');
    const named = messageBy({ ...signingKey('Ed25519'), kid: 'right' } as JwtKey);
    const otherNames = others.map((jwk, index) => ({ ...jwk, kid: `other-${index}` }));
    expect(await refusal(named, setOf(...otherNames, right))).toBe('no error');
  });

  it('pins each key to one algorithm: an RSA key that names none to RS256', async () => {
    expect(await refusal(messageBy(signingKey('RS256')), setOf(publicJwk('RS256')))).toBe('no error');
    expect(await refusal(messageBy(signingKey('PS256')), setOf(publicJwk('RS256')))).toBe('invalid-signature');
    expect(await refusal(messageBy(signingKey('RS256')), setOf(publicJwk('RS256', { alg: 'PS256' })))).toBe('invalid-signature');
    expect(await refusal(messageBy(signingKey('ES256')), setOf(publicJwk('ES256')))).toBe('no error');
    expect(await refusal(messageBy(signingKey('Ed25519')), setOf(publicJwk('Ed25519', { alg: 'EdDSA' })))).toBe('no error');
  });

  it('passes over keys of other kinds, and never takes a shared or a private one', async () => {
    const secret = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') };
    const strangers = [
      null,
      7,
      {},
      secret,
      { ...secret, alg: 'HS256' },
      { kty: 'EC', crv: 'P-384' },
      { kty: 'EC', crv: 'P-256', x: 'no', y: 'key' },
      { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' },
      publicJwk('RS256', { use: 'enc' }),
      PAIRS.RS256.privateKey.export({ format: 'jwk' }),
    ];
    const by = setOf(...strangers, publicJwk('ES256'));
    expect(await refusal(messageBy(signingKey('ES256')), by)).toBe('no error');
    expect(await refusal(messageBy(signingKey('RS256')), by)).toBe('invalid-signature');
    const shared = messageBy({ alg: 'HS256', key: Buffer.alloc(32, 7) });
    expect(await refusal(shared, by)).toBe('invalid-signature');
  });

  it.each([
    [{}],
    [null],
    [{ keys: [] }],
    [{ keys: 'none' }],
    [{ keys: [{ kty: 'oct', k: 'AA' }] }],
    [{ keys: Array.from({ length: 101 }, () => publicJwk('ES256')) }],
  ])('refuses a set without a usable key, or with more than 100 (%#)', (jwks) => {
    expect(codeOf(() => jwt({ issuer: ISSUER, jwks: jwks as never }))).toBe('invalid-secret');
  });
});

describe('what is fetched as a key set', () => {
  it('has 100 keys at most', () => {
    const keys = Array.from({ length: 100 }, () => publicJwk('ES256'));
    expect(parseKeySet({ keys })?.length).toBe(100);
    expect(parseKeySet({ keys: [...keys, publicJwk('ES256')] })).toBeUndefined();
  });

  it.each([['keys'], [null], [undefined], [7], [[]], [{}], [{ keys: {} }], [{ keys: 'keys' }]])(
    'is none where it is %j',
    (set) => {
      expect(parseKeySet(set)).toBeUndefined();
    },
  );
});

describe('a key set at a URL', () => {
  let server: Server;
  let requests: string[];
  let answer: RequestListener;
  let url: string;

  const json =
    (value: unknown): RequestListener =>
    (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      requests.push(String(request.url));
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });

  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const published = () => jwt({ issuer: ISSUER, jwks: url });

  /** A set of one key that was fetched at this time, and a message by that key, which it has verified. */
  async function fetchedAt(nowMs: number) {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
    answer = json({ keys: [publicJwk('ES256')] });
    const by = published();
    const message = messageBy(signingKey('ES256'));
    expect(await refusal(message, by)).toBe('no error');
    return { by, message };
  }

  it.each(PAIR_ALGORITHMS)('verifies %s, and is fetched once', async (alg) => {
    answer = json({ keys: [publicJwk(alg, { alg, kid: 'k1' })] });
    const by = published();
    const message = messageBy({ ...signingKey(alg), kid: 'k1' } as JwtKey);
    const verified = await Promise.all([by.verify(message), by.verify(message), by.verify(message)]);
    expect(verified.map(({ id }) => id)).toEqual([ID, ID, ID]);
    expect(await by.verify(message)).toMatchObject({ id: ID });
    expect(requests).toEqual(['/keys']);
  });

  it('is fetched again for an unknown kid, but not more than once in 30 seconds', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const [older, newer] = [publicJwk('ES256', { kid: 'old' }), publicJwk('Ed25519', { kid: 'new' })];
    answer = json({ keys: [older] });
    const by = published();
    const message = messageBy({ ...signingKey('Ed25519'), kid: 'new' } as JwtKey);
    expect(await refusal(message, by)).toBe('invalid-signature');
    answer = json({ keys: [older, newer] });
    expect(await refusal(message, by)).toBe('invalid-signature');
    expect(requests).toHaveLength(1);
    vi.setSystemTime(1_700_000_030_001);
    expect(await refusal(message, by)).toBe('no error');
    expect(requests).toHaveLength(2);
  });

  it('is fetched again after 5 minutes, so that a key that is withdrawn is worth nothing', async () => {
    const { by, message } = await fetchedAt(1_700_000_000_000);
    answer = json({ keys: [publicJwk('Ed25519')] });
    vi.setSystemTime(1_700_000_299_999);
    expect(await refusal(message, by)).toBe('no error');
    vi.setSystemTime(1_700_000_300_001);
    expect(await refusal(message, by)).toBe('invalid-signature');
  });

  it('keeps no keys of a set that has become unusable, and asks again after 30 seconds', async () => {
    const { by, message } = await fetchedAt(1_700_000_000_000);
    answer = json({ keys: [] });
    vi.setSystemTime(1_700_000_300_001);
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    expect(requests).toHaveLength(2);
    answer = json({ keys: [publicJwk('ES256')] });
    vi.setSystemTime(1_700_000_330_002);
    expect(await refusal(message, by)).toBe('no error');
  });

  it('that can no longer be fetched is not replaced by the one that was', async () => {
    const { by, message } = await fetchedAt(1_700_000_000_000);
    answer = (_request, response) => void response.writeHead(503).end();
    vi.setSystemTime(1_700_000_300_001);
    await expect(by.verify(message)).rejects.toMatchObject({
      code: 'secrets-unavailable',
      message: 'the key set could not be fetched',
      cause: expect.any(Error),
    });
  });

  it('is fetched once in 30 seconds for unknown kids while its endpoint fails, and goes on being used', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    answer = json({ keys: [publicJwk('ES256', { kid: 'known' })] });
    const by = published();
    const known = messageBy({ ...signingKey('ES256'), kid: 'known' } as JwtKey);
    const unknown = messageBy({ ...signingKey('ES256'), kid: 'unknown' } as JwtKey);
    expect(await refusal(known, by)).toBe('no error');
    answer = (_request, response) => void response.writeHead(503).end();
    vi.setSystemTime(1_700_000_030_000);
    expect(await refusal(unknown, by)).toBe('secrets-unavailable');
    vi.setSystemTime(1_700_000_059_999);
    expect(await refusal(unknown, by)).toBe('invalid-signature');
    expect(await refusal(known, by)).toBe('no error');
    expect(requests).toHaveLength(2);
    vi.setSystemTime(1_700_000_060_000);
    expect(await refusal(unknown, by)).toBe('secrets-unavailable');
    expect(requests).toHaveLength(3);
  });

  it('that is too old is asked for once in 3 seconds while its endpoint fails', async () => {
    const { by, message } = await fetchedAt(1_700_000_000_000);
    answer = (_request, response) => void response.writeHead(503).end();
    vi.setSystemTime(1_700_000_300_000);
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    vi.setSystemTime(1_700_000_302_999);
    await expect(by.verify(message)).rejects.toMatchObject({
      code: 'secrets-unavailable',
      message: 'the key set could not be fetched a moment ago',
      cause: expect.any(Error),
    });
    expect(requests).toHaveLength(2);
    answer = json({ keys: [publicJwk('ES256')] });
    vi.setSystemTime(1_700_000_303_000);
    expect(await refusal(message, by)).toBe('no error');
    expect(requests).toHaveLength(3);
  });

  it('is fetched once for all that come at once, whether that fails or brings their key', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const [older, newer] = [publicJwk('ES256', { kid: 'old' }), publicJwk('Ed25519', { kid: 'new' })];
    answer = (_request, response) => void response.writeHead(503).end();
    const by = published();
    const message = messageBy({ ...signingKey('Ed25519'), kid: 'new' } as JwtKey);
    const refusals = () => Promise.all(Array.from({ length: 20 }, () => refusal(message, by)));
    expect(new Set(await refusals())).toEqual(new Set(['secrets-unavailable']));
    expect(requests).toHaveLength(1);
    answer = json({ keys: [older] });
    vi.setSystemTime(1_700_000_003_000);
    expect(new Set(await refusals())).toEqual(new Set(['invalid-signature']));
    answer = json({ keys: [older, newer] });
    vi.setSystemTime(1_700_000_033_000);
    expect(new Set(await refusals())).toEqual(new Set(['no error']));
    expect(requests).toHaveLength(3);
  });

  it('is fetched again once the wall clock was set back, so that a key that is withdrawn is worth nothing', async () => {
    const { by, message } = await fetchedAt(1_700_003_600_000);
    answer = json({ keys: [publicJwk('Ed25519')] });
    vi.setSystemTime(1_700_000_000_000);
    expect(await refusal(message, by)).toBe('invalid-signature');
  });

  it('is fetched again after 5 minutes that the wall clock does not show', async () => {
    let monotonicMs = 0;
    const clock = { ...systemClock, now: () => 1_700_000_000_000, monotonic: () => monotonicMs };
    const set = new RemoteKeySet(new URL(url), clock);
    const candidates = async () => (await set.candidates({ alg: 'ES256', kid: undefined })).length;
    answer = json({ keys: [publicJwk('ES256')] });
    expect(await candidates()).toBe(1);
    answer = json({ keys: [publicJwk('Ed25519')] });
    monotonicMs = 299_999;
    expect(await candidates()).toBe(1);
    monotonicMs = 300_000;
    expect(await candidates()).toBe(0);
  });

  it('is not fetched for what is no token', async () => {
    answer = json({ keys: [] });
    expect(await refusal(received('garbage'), published())).toBe('invalid-signature');
    expect(requests).toEqual([]);
  });

  it('works again once it answers again, 3 seconds later', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    answer = (_request, response) => void response.writeHead(503).end();
    const by = published();
    const message = messageBy(signingKey('ES256'));
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    answer = json({ keys: [publicJwk('ES256')] });
    vi.setSystemTime(1_700_000_003_000);
    expect(await refusal(message, by)).toBe('no error');
  });

  it.each<[string, RequestListener]>([
    ['another status', (_request, response) => void response.writeHead(500).end(JSON.stringify({ keys: [publicJwk('ES256')] }))],
    ['no content', (_request, response) => void response.writeHead(204).end()],
    ['a redirect', (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['no JSON', (_request, response) => void response.end('<html>')],
    ['JSON that is no key set', json([])],
    ['no usable key', json({ keys: [{ kty: 'oct', k: 'AA' }] })],
    ['too many keys', json({ keys: Array.from({ length: 101 }, () => publicJwk('ES256')) })],
    ['a set over the cap', json({ keys: [publicJwk('ES256')], padding: 'a'.repeat(524_288) })],
    ['a broken connection', (request) => void request.socket.destroy()],
  ])('fails closed as secrets-unavailable, every time: %s', async (_what, listener) => {
    answer = listener;
    const by = published();
    const message = messageBy(signingKey('ES256'));
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    expect(await refusal(message, by)).toBe('secrets-unavailable');
    expect(requests).not.toContain('/elsewhere');
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['before it answers', () => {}],
    ['within its answer', (response) => void response.write('{"keys":[')],
  ])('fails closed where the server stops %s: no longer than 5 seconds', async (_when, begin) => {
    const time = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal);
    answer = (_request, response) => {
      begin(response);
      setImmediate(() => time.abort(new DOMException('over', 'TimeoutError')));
    };
    expect(await refusal(messageBy(signingKey('ES256')), published())).toBe('secrets-unavailable');
    expect(timeout).toHaveBeenCalledWith(5_000);
  });

  it('fails closed where nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await refusal(messageBy(signingKey('ES256')), published())).toBe('secrets-unavailable');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  it.each([
    'http://billing.example/keys',
    'http://127.0.0.1.billing.example/keys',
    'http://localhost.billing.example/keys',
    'ftp://127.0.0.1/keys',
    'file:///etc/passwd',
    '/keys',
    '',
  ])('must be https:, or http: on loopback, not %j', (jwks) => {
    expect(codeOf(() => jwt({ issuer: ISSUER, jwks }))).toBe('invalid-option');
  });

  it.each(['https://billing.example/keys', 'http://localhost:1/keys', 'http://[::1]:1/keys', 'http://127.8.9.1/keys'])(
    'may be %j, as text or as a URL, and is not fetched before it is needed',
    (jwks) => {
      expect(codeOf(() => jwt({ issuer: ISSUER, jwks }))).toBe('no error');
      expect(codeOf(() => jwt({ issuer: ISSUER, jwks: new URL(jwks) }))).toBe('no error');
    },
  );
});
