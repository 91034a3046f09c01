import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { createRingback } from '../../src/index.js';
import type { HttpMessageSignatureKey } from '../../src/signing/http-message-signatures.js';
import { scriptedTransport } from '../../src/testing/index.js';
import {
  BODY,
  MESSAGE,
  received,
  SIGNED_AT_MS,
  SIGNED_AT_S,
  schemeOf,
  signed,
  TARGET,
} from './http-message-signatures/message.js';
import { KEYS, PUBLIC_KEYS } from './http-message-signatures/rfc9421-appendix-b.js';
import { codeOf } from './refusal-code.js';

const scheme = schemeOf();
const OTHER = { keyId: 'other', algorithm: 'hmac-sha256', key: Buffer.alloc(32, 7) } as const;
const delivery = (changes: Partial<Delivery> = {}): Delivery => ({
  id: 'msg_1',
  to: TARGET,
  destination: 'https://customer.example',
  headers: {},
  body: BODY,
  contentType: 'application/json',
  priority: 0,
  acceptedAtMs: 0,
  ...changes,
});

describe('sign', () => {
  it('covers method, target URI, content type, digest and id, and says when, by which key and how', () => {
    const headers = signed(scheme);
    expect(Object.keys(headers)).toEqual(['webhook-id', 'content-digest', 'signature-input', 'signature']);
    expect(headers['webhook-id']).toBe('msg_1');
    expect(headers['content-digest']).toMatch(/^sha-256=:[A-Za-z0-9+/]{43}=:$/);
    expect(headers['signature-input']).toBe(
      `sig1=("@method" "@target-uri" "content-type" "content-digest" "webhook-id");created=${SIGNED_AT_S};keyid="test-shared-secret";alg="hmac-sha256"`,
    );
    expect(headers.signature).toMatch(/^sig1=:[A-Za-z0-9+/]{43}=:$/);
  });

  it('leaves content-type out where a message has none', () => {
    const message = received(scheme, { headers: {} });
    expect(message.headers['signature-input']).not.toContain('content-type');
    expect(scheme.verify(message)).toMatchObject({ id: 'msg_1' });
  });

  it('stamps every attempt afresh and keeps the id', () => {
    const later = signed(scheme, { timestampMs: SIGNED_AT_MS + 61_999 });
    expect(later['webhook-id']).toBe('msg_1');
    expect(later['signature-input']).toContain(`created=${SIGNED_AT_S + 61}`);
    expect(later.signature).not.toBe(signed(scheme).signature);
  });

  it('signs with every key that can sign, each under a label of its own', () => {
    const rotated = schemeOf({ secrets: [KEYS.sharedSecret, PUBLIC_KEYS.rsaPss, KEYS.ed25519, OTHER], label: 'ringback' });
    const headers = signed(rotated);
    expect(headers['signature-input']?.match(/ringback[0-9]=/g)).toEqual(['ringback1=', 'ringback2=', 'ringback3=']);
    expect(headers['signature-input']?.match(/keyid="[^"]*"/g)).toEqual([
      'keyid="test-shared-secret"',
      'keyid="test-key-ed25519"',
      'keyid="other"',
    ]);
    for (const secret of [KEYS.sharedSecret, PUBLIC_KEYS.ed25519, OTHER]) {
      expect(schemeOf({ secrets: [secret] }).verify(received(rotated))).toEqual({ id: 'msg_1', timestampMs: SIGNED_AT_MS });
    }
  });

  it('verifies what it signs amid a rotation of ten keys under one name', () => {
    const secrets = Array.from({ length: 10 }, (_, index) => ({ ...OTHER, key: String(index).repeat(32) }));
    const rotating = schemeOf({ secrets });
    expect(rotating.verify(received(rotating))).toMatchObject({ id: 'msg_1' });
    const wrong = Array.from({ length: 9 }, (_, index) => ({ ...OTHER, key: `${index}`.repeat(33) }));
    expect(schemeOf({ secrets: [...wrong, ...secrets.slice(9)] }).verify(received(rotating))).toMatchObject({ id: 'msg_1' });
  });

  it('adds expires and tag where they are set, and another digest', () => {
    const headers = signed(schemeOf({ expiresAfterMs: 60_000, tag: 'callbacks of "x"', digest: 'sha-512' }));
    expect(headers['signature-input']).toMatch(
      new RegExp(
        `;created=${SIGNED_AT_S};expires=${SIGNED_AT_S + 60};keyid="[^"]+";alg="hmac-sha256";tag="callbacks of \\\\"x\\\\""$`,
      ),
    );
    expect(headers['content-digest']).toMatch(/^sha-512=:/);
  });

  it('says all that a request has, where it is chosen', () => {
    const components = [
      '@method',
      '@authority',
      '@scheme',
      '@request-target',
      '@path',
      '@query',
      '@query-param;name="tenant"',
      'x-kind',
    ];
    const by = schemeOf({ components, idHeader: false });
    const message = received(by, { headers: { 'X-Kind': 'a' } });
    expect(message.headers['signature-input']).toContain(
      '("@method" "@authority" "@scheme" "@request-target" "@path" "@query" "@query-param";name="tenant" "x-kind" "content-digest")',
    );
    expect(by.verify(message)).toEqual({ timestampMs: SIGNED_AT_MS });
  });

  it('can only be done with a private or a shared key', () => {
    expect(codeOf(() => signed(schemeOf({ secrets: [PUBLIC_KEYS.ed25519] })))).toBe('invalid-secret');
  });

  it.each(['ed25519', 'eccP256', 'rsaPss'] as const)('makes with the private key of %s what the public one verifies', (name) => {
    const message = received(schemeOf({ secrets: [KEYS[name]] }));
    expect(schemeOf({ secrets: [PUBLIC_KEYS[name]] }).verify(message)).toMatchObject({ id: 'msg_1' });
    expect(schemeOf({ secrets: [KEYS[name]] }).verify(message)).toMatchObject({ id: 'msg_1' });
  });

  it('gives createRingback headers that verify', async () => {
    const transport = scriptedTransport();
    const ringback = createRingback({ transports: [transport], signature: scheme });
    await ringback.deliver({ to: TARGET, id: 'msg_2', data: { id: 'in_42' } });
    await ringback.close();
    const { headers, body } = transport.sent[0]?.message ?? { headers: {}, body: BODY };
    expect(scheme.verify({ method: 'POST', url: TARGET, headers, body, nowMs: Date.now() })).toMatchObject({ id: 'msg_2' });
  });
});

describe('what only this scheme forbids, by check and by sign', () => {
  const forbidden = (by: typeof scheme, changes: Partial<Delivery>) => [
    codeOf(() => by.check?.(delivery(changes))),
    codeOf(() => signed(by, { id: 'msg_1', headers: {}, ...(changes as object) })),
  ];
  const twice = ['invalid-callback', 'invalid-callback'];

  it.each(['', 'msg 1', 'msg\n1', 'müsli', 'a'.repeat(300)])('the id %j', (id) => {
    expect(forbidden(scheme, { id })).toEqual(twice);
  });

  it('but any id where no header carries it', () => {
    const by = schemeOf({ idHeader: false });
    expect(forbidden(by, { id: 'müsli ☎\n' })).toEqual(['no error', 'no error']);
    expect(by.verify(received(by, { id: 'müsli' }))).toEqual({ timestampMs: SIGNED_AT_MS });
  });

  it.each(['mailto:somebody@customer.example', 'arn:aws:sns:eu-west-1:123456789012:topic', 'not a url'])(
    'the destination %s',
    (to) => {
      expect(forbidden(scheme, { to })).toEqual(twice);
    },
  );

  it.each(['webhook-id', 'Content-Digest', 'SIGNATURE', 'signature-input'])('a header %s of the user', (name) => {
    expect(forbidden(scheme, { headers: { [name]: 'mine' } })).toEqual(twice);
  });

  it('a header that is to be covered and is not there, or is no ASCII', () => {
    const by = schemeOf({ components: ['@method', 'x-kind'] });
    expect(forbidden(by, {})).toEqual(twice);
    expect(forbidden(by, { headers: { 'x-kind': 'müsli' } })).toEqual(twice);
    expect(forbidden(by, { headers: { 'X-Kind': 'a' } })).toEqual(['no error', 'no error']);
  });

  it('a query parameter that is to be covered and is not there, or is there twice', () => {
    const by = schemeOf({ components: ['@query-param;name="tenant"'] });
    expect(forbidden(by, { to: 'https://customer.example/' })).toEqual(twice);
    expect(forbidden(by, { to: 'https://customer.example/?tenant=1&tenant=2' })).toEqual(twice);
    expect(forbidden(by, {})).toEqual(['no error', 'no error']);
  });
});

describe('verify', () => {
  it('vouches for the id and the second of its making', () => {
    expect(scheme.verify(received(scheme, { timestampMs: SIGNED_AT_MS + 999 }))).toEqual({
      id: 'msg_1',
      timestampMs: SIGNED_AT_MS,
    });
  });

  it('reads header names in any case, arrays of one and Headers objects', () => {
    const { headers, ...rest } = received(scheme);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    expect(scheme.verify({ ...rest, headers: upper })).toMatchObject({ id: 'msg_1' });
    expect(scheme.verify({ ...rest, headers: new Headers(headers) })).toMatchObject({ id: 'msg_1' });
  });

  it('takes an id from another header where it is told so', () => {
    const by = schemeOf({ idHeader: 'idempotency-key' });
    expect(by.verify(received(by))).toMatchObject({ id: 'msg_1' });
    expect(signed(by)['idempotency-key']).toBe('msg_1');
  });

  it('passes over signatures of others beside ours', () => {
    const message = received(scheme);
    message.headers['signature-input'] += ', proxy=("@status";req "x";bs);created=1;keyid="unknown";flag, odd=()';
    message.headers.signature += ', proxy=:AAEC:, odd=::';
    expect(scheme.verify(message)).toMatchObject({ id: 'msg_1' });
  });

  it('takes two lines of signatures for one', () => {
    const message = received(schemeOf({ secrets: [OTHER, KEYS.sharedSecret] }));
    const lines = (name: string) => (message.headers[name] as string).split(/, (?=sig2)/);
    const headers = { ...message.headers, 'signature-input': lines('signature-input'), signature: lines('signature') };
    expect(lines('signature')).toHaveLength(2);
    expect(scheme.verify({ ...message, headers })).toMatchObject({ id: 'msg_1' });
  });

  it('joins the lines of a covered header, in their order', () => {
    const by = schemeOf({ components: ['x-kind'] });
    const message = received(by, { headers: { 'x-kind': 'a, b' } });
    const having = (kind: string | readonly string[]) => ({ ...message, headers: { ...message.headers, 'x-kind': kind } });
    expect(by.verify(having(['a', ' b\t']))).toMatchObject({ id: 'msg_1' });
    expect(codeOf(() => by.verify(having(['b', 'a'])))).toBe('invalid-signature');
    expect(codeOf(() => by.verify(having('a,b')))).toBe('invalid-signature');
  });

  it('covers once what is named twice, and what is covered always', () => {
    const by = schemeOf({ components: ['@method', '@method', 'content-digest'] });
    expect(by.verify(received(by))).toMatchObject({ id: 'msg_1' });
  });

  it('takes created up to the tolerance, both ways, and none beyond', () => {
    const at = (nowMs: number, by = scheme) => codeOf(() => by.verify({ ...received(scheme), nowMs }));
    for (const ms of [-300_000, 0, 300_000]) expect(at(SIGNED_AT_MS + ms)).toBe('no error');
    const late = { ...received(scheme), nowMs: SIGNED_AT_MS + 300_001 };
    expect(() => scheme.verify(late)).toThrow('created is more than 300000 ms away from now');
    for (const ms of [-300_001, 300_001, Number.NaN, Number.POSITIVE_INFINITY])
      expect(at(SIGNED_AT_MS + ms)).toBe('stale-signature');
    expect(at(SIGNED_AT_MS + 1_001, schemeOf({ toleranceMs: 1_000 }))).toBe('stale-signature');
  });

  it('honours expires, whoever set it', () => {
    const message = received(schemeOf({ expiresAfterMs: 10_000 }));
    const at = (nowMs: number) => codeOf(() => scheme.verify({ ...message, nowMs }));
    expect(at(SIGNED_AT_MS + 9_999)).toBe('no error');
    expect(at(SIGNED_AT_MS + 10_000)).toBe('stale-signature');
  });

  it('calls a message stale only if it was genuine', () => {
    expect(codeOf(() => scheme.verify({ ...received(scheme), nowMs: 0, url: 'https://elsewhere.example/' }))).toBe(
      'invalid-signature',
    );
  });

  it('calls a message stale where one signature is, and another never held', () => {
    const both = schemeOf({ secrets: [KEYS.sharedSecret, OTHER] });
    const wrong = schemeOf({ secrets: [{ ...OTHER, key: Buffer.alloc(32, 8) }, KEYS.sharedSecret] });
    for (const by of [both, wrong]) expect(codeOf(() => wrong.verify({ ...received(by), nowMs: 0 }))).toBe('stale-signature');
  });

  it('takes a signature for another use, or from another one, for none', () => {
    const tagged = schemeOf({ tag: 'callbacks' });
    expect(tagged.verify(received(tagged))).toMatchObject({ id: 'msg_1' });
    for (const [by, of] of [
      [tagged, scheme],
      [scheme, tagged],
      [tagged, schemeOf({ tag: 'Callbacks' })],
    ] as const) {
      expect(codeOf(() => by.verify(received(of)))).toBe('invalid-signature');
    }
  });

  it('holds a key to its algorithm, whatever the message says', () => {
    const message = received(scheme);
    const claiming = (alg: string) => {
      const input = (message.headers['signature-input'] as string).replace('"hmac-sha256"', alg);
      return { ...message, headers: { ...message.headers, 'signature-input': input } };
    };
    for (const alg of ['"ed25519"', '"none"', '"HMAC-SHA256"', '""', '1']) {
      expect(codeOf(() => scheme.verify(claiming(alg)))).toBe('invalid-signature');
    }
    // The public key's text as the secret of an HMAC: the confusion that a pinned algorithm ends.
    expect(codeOf(() => schemeOf({ secrets: [{ ...OTHER, key: PUBLIC_KEYS.rsaPss.key }] }))).toBe('invalid-secret');
  });

  it('tries both of two keys with the same id', () => {
    const same = { ...KEYS.sharedSecret, key: Buffer.alloc(32, 9) };
    expect(schemeOf({ secrets: [same, KEYS.sharedSecret] }).verify(received(scheme))).toMatchObject({ id: 'msg_1' });
  });

  it('tells what it lacks, where a receiver forgets the method or the URL', () => {
    const message = received(scheme);
    expect(() => scheme.verify({ ...message, method: undefined })).toThrow(/^method must be/);
    expect(() => scheme.verify({ ...message, url: undefined })).toThrow(/^url must be the URL that the sender called/);
    expect(() => scheme.verify({ ...message, url: '/hooks?tenant=1' })).toThrow(/^url must be the whole URL/);
  });

  it('holds the host alike in any case and with its default port, and the path to its spelling', () => {
    const from = (url: string) => codeOf(() => scheme.verify({ ...received(scheme), url }));
    expect(from('HTTPS://Customer.Example:443/hooks?tenant=1')).toBe('no error');
    for (const url of [
      'https://customer.example/x/../hooks?tenant=1',
      'https://customer.example/h%6Foks?tenant=1',
      `${TARGET}&`,
      `${TARGET}\n`,
    ]) {
      expect(from(url)).toBe('invalid-signature');
    }
  });

  it('loads keys where there is a lookup, for the sender and for the receiver', async () => {
    const by = schemeOf({
      secrets: {
        keyOfReceived: ({ url }) => String(url),
        load: async (url) => (url === TARGET ? [KEYS.ed25519] : []),
      },
    });
    const headers = await by.sign(MESSAGE);
    const message = { ...received(scheme), headers: { ...MESSAGE.headers, ...headers } };
    expect(await by.verify(message)).toMatchObject({ id: 'msg_1' });
    await expect(by.verify({ ...message, url: `${TARGET}0` })).rejects.toMatchObject({ code: 'invalid-signature' });
  });
});

describe('settings', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const jwk = createPrivateKey(KEYS.eccP256.key).export({ format: 'jwk' });

  it('takes PEM, JWK and KeyObject, private and public', () => {
    const publicKey = createPublicKey(KEYS.eccP256.key);
    const forms = [KEYS.eccP256.key, jwk, { ...jwk, alg: 'ES256', use: 'sig' }, createPrivateKey(KEYS.eccP256.key)];
    for (const key of forms) {
      const message = received(schemeOf({ secrets: [{ ...KEYS.eccP256, key }] }));
      for (const other of [publicKey, publicKey.export({ format: 'jwk' }), PUBLIC_KEYS.eccP256.key]) {
        expect(schemeOf({ secrets: [{ ...KEYS.eccP256, key: other }] }).verify(message)).toMatchObject({ id: 'msg_1' });
      }
    }
  });

  it('takes an RSA key of either type', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const by = schemeOf({ secrets: [{ ...KEYS.rsaPss, key: privateKey }] });
    expect(by.verify(received(by))).toMatchObject({ id: 'msg_1' });
    for (const binding of [
      { hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' },
      { hashAlgorithm: 'sha512', mgf1HashAlgorithm: 'sha256' },
      { hashAlgorithm: 'sha512', mgf1HashAlgorithm: 'sha512', saltLength: 100 },
    ]) {
      // The types have `saltLength` as text, which Node refuses.
      const bound = generateKeyPairSync('rsa-pss', { modulusLength: 2_048, ...(binding as object) });
      expect(codeOf(() => schemeOf({ secrets: [{ ...KEYS.rsaPss, key: bound.privateKey }] }))).toBe('invalid-secret');
    }
  });

  it('takes a shared secret as text', () => {
    const by = schemeOf({ secrets: [{ ...OTHER, key: 'ü'.repeat(16) }] });
    expect(schemeOf({ secrets: [{ ...OTHER, key: Buffer.from('ü'.repeat(16)) }] }).verify(received(by))).toMatchObject({
      id: 'msg_1',
    });
  });

  it.each<[string, unknown, string]>([
    ['text', 'a-secret-of-text-that-must-not-be-shown', ' must be an object of keyId, algorithm, key, got string'],
    ['null', null, ' must be an object of keyId, algorithm, key, got object'],
    ['without a key', { keyId: 'k', algorithm: 'ed25519' }, '.key must be '],
    ['with another field', { ...KEYS.ed25519, secret: 'shown' }, ' must be an object of keyId, algorithm, key, and of no other'],
    ['without a key id', { ...KEYS.ed25519, keyId: '' }, '.keyId must be 1 to 256 visible ASCII characters'],
    ['with a number for a key id', { ...KEYS.ed25519, keyId: 7 }, '.keyId must be '],
    ['with a key id of two lines', { ...KEYS.ed25519, keyId: 'a\nb' }, '.keyId must be '],
    ['with a key id of 257 characters', { ...KEYS.ed25519, keyId: 'k'.repeat(257) }, '.keyId must be '],
    ['with a key id beyond ASCII', { ...KEYS.ed25519, keyId: 'schlüssel' }, '.keyId must be '],
    ['of an unknown algorithm', { ...KEYS.ed25519, algorithm: 'rsa-v1_5-sha256' }, '.algorithm must be one of hmac-sha256, '],
    ['of no own algorithm', { ...KEYS.ed25519, algorithm: 'toString' }, '.algorithm must be '],
    ['of an algorithm in an array', { ...KEYS.ed25519, algorithm: ['ed25519'] }, '.algorithm must be '],
    ['of another kind than Ed25519', { ...KEYS.eccP256, algorithm: 'ed25519' }, '.key must be '],
    ['of another algorithm', { ...KEYS.ed25519, algorithm: 'ecdsa-p256-sha256' }, '.key must be '],
    ['of another curve', { ...KEYS.eccP256, key: pair.privateKey }, '.key must be '],
    ['of too few bits', { ...KEYS.rsaPss, key: weak.privateKey }, '.key must be '],
    [
      'that is no PEM',
      { ...KEYS.ed25519, key: '-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----' },
      '.key must be ',
    ],
    ['that is short', { ...OTHER, key: 'x'.repeat(31) }, '.key must be '],
    [
      'for another algorithm, as its JWK says',
      { ...KEYS.eccP256, key: { ...jwk, alg: 'ES384' } },
      '.key must be a JWK whose alg is ES256',
    ],
    [
      'for encryption, as its JWK says',
      { ...KEYS.eccP256, key: { ...jwk, use: 'enc' } },
      '.key must be a JWK whose use is sig or not',
    ],
  ])('refuses a key %s, and does not show it', (_what, secret, why) => {
    const attempt = (): unknown => schemeOf({ secrets: [KEYS.sharedSecret, secret as HttpMessageSignatureKey] });
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(`secrets[1]${why}`);
    expect(attempt).not.toThrow(/a-secret-of-text|shown|nonsense|xxx/);
  });

  it.each<object>([
    { components: '@method' },
    { components: ['@status'] },
    { components: ['@signature-params'] },
    { components: ['@query-param'] },
    { components: ['@query-param;name=tenant'] },
    { components: ['Date'] },
    { components: ['signature'] },
    { components: ['a b'] },
    { components: [7] },
    { components: Array.from({ length: 33 }, (_, index) => `x-${index}`) },
    { idHeader: 'Webhook-Id' },
    { idHeader: 'content-type' },
    { idHeader: 'host' },
    { idHeader: '' },
    { idHeader: true },
    { digest: 'md5' },
    { digest: 'toString' },
    { digest: ['sha-256'] },
    { label: 'Sig' },
    { label: '' },
    { label: 'sig 1' },
    { label: null },
    { label: 'a'.repeat(65) },
    { tag: 'ü' },
    { tag: 7 },
    { tag: 't'.repeat(257) },
    { tag: 'a\nb' },
    { expiresAfterMs: 999 },
    { expiresAfterMs: Number.NaN },
    { toleranceMs: -1 },
    { algorithm: 'ed25519' },
  ])('refuses %j', (options) => {
    const [name] = Object.keys(options);
    const why = name === 'algorithm' ? 'httpMessageSignatures has no option "algorithm"; it has secrets' : `${name}`;
    expect(codeOf(() => schemeOf(options))).toBe('invalid-option');
    expect(() => schemeOf(options)).toThrow(new RegExp(`^${why}(?:\\[0\\])?(?: must be |, )`));
  });

  it('takes settings as long as they may be, and has its name', () => {
    const components = Array.from({ length: 32 }, (_, index) => `x-${index}`);
    const longest = { components, label: 'a'.repeat(64), tag: 't'.repeat(256), expiresAfterMs: 1_000 };
    expect(codeOf(() => schemeOf(longest))).toBe('no error');
    expect(codeOf(() => schemeOf({ secrets: [{ ...OTHER, keyId: 'k'.repeat(256) }] }))).toBe('no error');
    expect(scheme.name).toBe('http-message-signatures');
  });

  it.each<[object, string]>([
    [{ components: '@method' }, 'components must be an array of up to 32 names'],
    [{ idHeader: 'Webhook-Id' }, 'idHeader must be the lower-case name of a header of its own, or false'],
    [{ digest: 'md5' }, 'digest must be "sha-256" or "sha-512", got "md5"'],
    [{ label: 'Sig' }, 'label must be a lower-case letter or *, then up to 63 of'],
    [{ tag: 7 }, 'tag must be up to 256 characters of visible ASCII and spaces'],
    [{ expiresAfterMs: 999 }, 'expiresAfterMs must be a finite number of at least 1000'],
  ])('says why %j is refused', (options, why) => {
    expect(() => schemeOf(options)).toThrow(why);
  });

  it('shows no secret and no key when the scheme is inspected or turned to JSON', () => {
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    expect(shown).not.toContain(KEYS.sharedSecret.key.toString('hex').slice(0, 20));
    expect(shown).not.toContain('KeyObject');
  });
});
