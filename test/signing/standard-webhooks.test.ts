import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Headers as UndiciHeaders } from 'undici';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { standardWebhooks } from '../../src/signing/index.js';
import { codeOf } from './refusal-code.js';
import {
  BODY,
  by,
  hmacSecret,
  ID,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  signed,
  TEXT,
  VECTOR,
  withHeader,
} from './standard-webhooks-messages.js';

const OTHER_SECRET = hmacSecret(7);
const scheme = by(SECRET);

describe('sign', () => {
  it('gives the vector of the specification', () => {
    expect(signed(scheme)).toEqual({ 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': VECTOR });
  });

  it('signs with every secret, separated by spaces', () => {
    const both = signed(by(SECRET, OTHER_SECRET))['webhook-signature'] as string;
    const [first, second, ...more] = both.split(' ');
    expect(more).toEqual([]);
    expect(first).toBe(VECTOR);
    expect(second).toBe(signed(by(OTHER_SECRET))['webhook-signature']);
  });

  it('stamps every attempt afresh and keeps the id', () => {
    const later = signed(scheme, { timestampMs: SIGNED_AT_MS + 61_999 });
    expect(later['webhook-id']).toBe(ID);
    expect(later['webhook-timestamp']).toBe('1614265391');
    expect(later['webhook-signature']).not.toBe(VECTOR);
  });

  it('names its headers as Svix does where asked', () => {
    const headers = signed(standardWebhooks({ secrets: [SECRET], headerPrefix: 'svix-' }));
    expect(headers).toEqual({ 'svix-id': ID, 'svix-timestamp': '1614265330', 'svix-signature': VECTOR });
  });

  it.each(['msg.1', '', 'msg 1', 'msg\n1', 'müsli', 'a'.repeat(257)])('refuses the id %j, by check and by sign', (id) => {
    expect(codeOf(() => scheme.check?.({ ...({} as Delivery), id }))).toBe('invalid-callback');
    expect(codeOf(() => signed(scheme, { id }))).toBe('invalid-callback');
  });

  it('lets any other visible ASCII id through', () => {
    const id = 'Az09!#$%&()*+,-/:;<=>?@[]^_`{|}~';
    expect(codeOf(() => scheme.check?.({ ...({} as Delivery), id }))).toBe('no error');
    for (const fitting of [id, 'a'.repeat(256)])
      expect(scheme.verify(received({ headers: signed(scheme, { id: fitting }) }))).toMatchObject({ id: fitting });
  });
});

describe('verify', () => {
  it('vouches for the id and the timestamp', () => {
    expect(scheme.verify(received())).toEqual({ id: ID, timestampMs: SIGNED_AT_MS });
  });

  it('reads header names in any case, arrays of one and Headers objects', () => {
    const headers = { 'Webhook-Id': [ID], 'WEBHOOK-TIMESTAMP': '1614265330', 'webhook-signature': VECTOR };
    expect(scheme.verify(received({ headers }))).toMatchObject({ id: ID });
    expect(scheme.verify(received({ headers: new Headers(received().headers as Record<string, string>) }))).toMatchObject({
      id: ID,
    });
  });

  it("reads the Headers of undici, which are not the platform's", () => {
    const headers = new UndiciHeaders(received().headers as Record<string, string>) as never;
    expect(scheme.verify(received({ headers }))).toMatchObject({ id: ID });
    expect(refusal(received({ headers: new UndiciHeaders() as never }), scheme)).toBe('invalid-signature');
  });

  it('tries every secret', () => {
    const rotated = by(OTHER_SECRET, SECRET);
    expect(rotated.verify(received())).toMatchObject({ id: ID });
    expect(scheme.verify(received({ headers: signed(rotated) }))).toMatchObject({ id: ID });
    expect(refusal(received(), by(OTHER_SECRET))).toBe('invalid-signature');
  });

  it('works on bytes, also where they are no UTF-8', () => {
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0x80);
    expect(scheme.verify(received({ headers: signed(scheme, { body }), body }))).toMatchObject({ id: ID });
    const decodedAlike = Uint8Array.of(0xfe, 0xff, 0x00, 0x80);
    expect(refusal(received({ headers: signed(scheme, { body }), body: decodedAlike }), scheme)).toBe('invalid-signature');
  });

  it('takes timestamps up to the tolerance, both ways, and none beyond', () => {
    for (const nowMs of [SIGNED_AT_MS - 300_000, SIGNED_AT_MS + 300_000]) {
      expect(refusal(received({ nowMs }), scheme)).toBe('no error');
    }
    for (const nowMs of [SIGNED_AT_MS - 300_001, SIGNED_AT_MS + 300_001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(received({ nowMs }), scheme)).toBe('stale-signature');
    }
    const tight = standardWebhooks({ secrets: [SECRET], toleranceMs: 1_000 });
    expect(refusal(received({ nowMs: SIGNED_AT_MS + 1_001 }), tight)).toBe('stale-signature');
  });

  it('calls an old message stale only if it was genuine', () => {
    expect(refusal(received({ nowMs: 0, body: Buffer.from('{}') }), scheme)).toBe('invalid-signature');
  });

  it.each([
    ['webhook-id', undefined],
    ['webhook-id', ''],
    ['webhook-id', 'msg.1'],
    ['webhook-id', [ID, ID]],
    ['webhook-id', []],
    ['Webhook-ID', ID],
    ['webhook-timestamp', undefined],
    ['webhook-timestamp', '1614265330abc'],
    ['webhook-timestamp', ' 1614265330'],
    ['webhook-timestamp', '01614265330'],
    ['webhook-timestamp', '+1614265330'],
    ['webhook-timestamp', '1614265330.0'],
    ['webhook-timestamp', '-1'],
    ['webhook-timestamp', '1e9'],
    ['webhook-timestamp', '1614265330, 1614265330'],
    ['webhook-timestamp', ['1614265330', '1614265330']],
    ['webhook-signature', undefined],
    ['webhook-signature', ''],
    ['webhook-signature', 'v1,'],
    ['webhook-signature', 'v1'],
    ['webhook-signature', VECTOR.slice(3)],
    ['webhook-signature', VECTOR.slice(0, -1)],
    ['webhook-signature', `${VECTOR}=`],
    ['webhook-signature', `v1,${'A'.repeat(40)}`],
    ['webhook-signature', 'v1,!!!!'],
    ['webhook-signature', VECTOR.replace('OE=', 'OF=')],
    ['webhook-signature', `${VECTOR}  ${VECTOR}`],
    ['webhook-signature', `${VECTOR}, ${VECTOR}`],
    ['webhook-signature', `${VECTOR} `],
    ['webhook-signature', [VECTOR, VECTOR]],
    ['webhook-signature', Array.from({ length: 33 }, () => VECTOR).join(' ')],
    ['webhook-signature', `v1a,${'A'.repeat(9_000)} ${VECTOR}`],
  ])('refuses %s: %j as invalid-signature', (name, value) => {
    expect(refusal(withHeader(name, value), scheme)).toBe('invalid-signature');
  });

  it.each([['text'], [undefined], [null], [{}], [[1, 2]]])('refuses the body %j, which is no bytes', (body) => {
    expect(refusal(received({ body: body as never }), scheme)).toBe('invalid-signature');
  });

  it.each([[null], [undefined], ['webhook-id: 1']])('refuses headers that are %j', (headers) => {
    expect(refusal(received({ headers: headers as never }), scheme)).toBe('invalid-signature');
  });

  it('refuses a header value that is no text', () => {
    expect(refusal(withHeader('webhook-timestamp', 1614265330 as never), scheme)).toBe('invalid-signature');
  });
});

describe('beside the reference libraries', () => {
  it('makes what svix verifies, under either prefix', () => {
    for (const headerPrefix of ['webhook-', 'svix-'] as const) {
      const headers = signed(standardWebhooks({ secrets: [SECRET], headerPrefix }), { timestampMs: Date.now() });
      expect(() => new SvixWebhook(SECRET).verify(TEXT, headers)).not.toThrow();
      expect(() => new SvixWebhook(OTHER_SECRET).verify(TEXT, headers)).toThrow('No matching signature');
    }
  });

  it('verifies what svix makes', () => {
    const headers = {
      'svix-id': ID,
      'svix-timestamp': '1614265330',
      'svix-signature': new SvixWebhook(SECRET).sign(ID, new Date(SIGNED_AT_MS), TEXT),
    };
    expect(standardWebhooks({ secrets: [SECRET], headerPrefix: 'svix-' }).verify(received({ headers }))).toMatchObject({
      id: ID,
    });
    expect(refusal(received({ headers }), scheme)).toBe('invalid-signature');
  });

  it('makes what standardwebhooks verifies', () => {
    const headers = signed(scheme, { timestampMs: Date.now() });
    expect(new Webhook(SECRET).verify(TEXT, headers)).toEqual({ test: 2432232314 });
  });

  it('verifies what standardwebhooks makes', () => {
    const headers = {
      'webhook-id': ID,
      'webhook-timestamp': '1614265330',
      'webhook-signature': new Webhook(SECRET).sign(ID, new Date(SIGNED_AT_MS), TEXT),
    };
    expect(scheme.verify(received({ headers }))).toMatchObject({ id: ID });
  });

  it('agrees with it on any secret, id and text', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), id, text, (bytes, someId, body) => {
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
        const ours = signed(by(secret), { id: someId, body: Buffer.from(body) });
        expect(ours['webhook-signature']).toBe(new Webhook(secret).sign(someId, new Date(SIGNED_AT_MS), body));
      }),
      { numRuns: 200 },
    );
  });
});

describe('settings', () => {
  const base64 = (bytes: number): string => Buffer.alloc(bytes, 0xab).toString('base64');

  it.each([24, 64])('takes a secret of %i bytes', (bytes) => {
    const scheme = by(`whsec_${base64(bytes)}`);
    const hmac = createHmac('sha256', Buffer.alloc(bytes, 0xab)).update(`${ID}.1614265330.`).update(BODY).digest('base64');
    expect(signed(scheme)['webhook-signature']).toBe(`v1,${hmac}`);
  });

  it.each([
    ['too short', `whsec_${base64(23)}`],
    ['too long', `whsec_${base64(65)}`],
    ['in base64url', `whsec_${'-_'.repeat(22)}`],
    ['without padding', `whsec_${base64(32).replaceAll('=', '')}`],
    ['with a line break', `whsec_${base64(32)}\n`],
  ])('refuses a secret that is %s, and does not show it', (_what, secret) => {
    const attempt = (): unknown => standardWebhooks({ secrets: [SECRET, secret] });
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(/^secrets\[1\] must be whsec_ and the base64 of 24 to 64 bytes, got /);
    const material = secret.replace(/^whs[a-z]*_/, '').trim();
    if (material !== '') expect(attempt).not.toThrow(material);
  });

  it.each([base64(32), '', 'whsec', `WHSEC_${base64(32)}`, ` ${SECRET}`])(
    'refuses a secret without its prefix (%#), and does not show it',
    (secret) => {
      const attempt = (): unknown => by(secret);
      expect(attempt).toThrow('secrets[0] must be a string that begins with whsec_, whsk_, whpk_, got one that does not');
      expect(codeOf(attempt)).toBe('invalid-secret');
    },
  );

  it.each([[[]], [SECRET], [undefined], [[SECRET, 7]], [Array.from({ length: 11 }, () => SECRET)]])(
    'refuses secrets that are no list of 1 to 10 texts, and does not show them (%#)',
    (secrets) => {
      const attempt = (): unknown => standardWebhooks({ secrets: secrets as never });
      expect(codeOf(attempt)).toBe('invalid-secret');
      expect(attempt).not.toThrow(SECRET.slice(6));
    },
  );

  it.each<[object, string]>([
    [{ toleranceMs: -1 }, 'toleranceMs must be a finite number of at least 0, got -1'],
    [{ toleranceMs: Number.NaN }, 'toleranceMs must be a finite number of at least 0, got NaN'],
    [{ headerPrefix: 'x-' }, 'headerPrefix must be "webhook-" or "svix-", got "x-"'],
    [{ tolerance: 5 }, 'standardWebhooks has no option "tolerance"; it has secrets, toleranceMs, headerPrefix'],
  ])('refuses %j', (options, why) => {
    const attempt = (): unknown => standardWebhooks({ secrets: [SECRET], ...options });
    expect(codeOf(attempt)).toBe('invalid-option');
    expect(attempt).toThrow(why);
  });

  it('shows no secret and no key when the scheme is inspected or turned to JSON', () => {
    const raw = Buffer.from(SECRET.slice(6), 'base64');
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    for (const form of [SECRET.slice(6), raw.toString('hex'), raw.toString('latin1')]) expect(shown).not.toContain(form);
    expect(shown).not.toContain('KeyObject');
  });
});
