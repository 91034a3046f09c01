import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { isRingbackError, type RingbackErrorCode } from '../../src/errors.js';
import { type ReceivedMessage, type SignatureScheme, standardWebhooks } from '../../src/signing/index.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const SIGNED_AT_MS = 1_614_265_330_000;
const TEXT = '{"test": 2432232314}';
const BODY: Uint8Array = Buffer.from(TEXT);
const VECTOR = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

const scheme = standardWebhooks({ secrets: [SECRET] });

const signable = { id: ID, timestampMs: SIGNED_AT_MS, to: 'https://customer.example/', method: 'POST', headers: {}, body: BODY };

/** Both are synchronous here, which the contract leaves open. */
const signed = (by: SignatureScheme, changes: Partial<typeof signable> = {}): Record<string, string> =>
  by.sign({ ...signable, ...changes }) as Record<string, string>;

const received = (changes: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  headers: { 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': VECTOR },
  body: BODY,
  nowMs: SIGNED_AT_MS,
  ...changes,
});

const withHeader = (name: string, value: string | readonly string[] | undefined): ReceivedMessage =>
  received({ headers: { ...(received().headers as Record<string, string>), [name]: value } });

function codeOf(action: () => unknown): RingbackErrorCode | 'no error' {
  try {
    action();
    return 'no error';
  } catch (error) {
    if (isRingbackError(error)) return error.code;
    throw error;
  }
}

const refusal = (message: ReceivedMessage, by = scheme): RingbackErrorCode | 'no error' => codeOf(() => by.verify(message));

describe('sign', () => {
  it('gives the vector of the specification', () => {
    expect(signed(scheme)).toEqual({ 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': VECTOR });
  });

  it('signs with every secret, separated by spaces', () => {
    const both = signed(standardWebhooks({ secrets: [SECRET, OTHER_SECRET] }))['webhook-signature'] as string;
    const [first, second, ...more] = both.split(' ');
    expect(more).toEqual([]);
    expect(first).toBe(VECTOR);
    expect(second).toBe(signed(standardWebhooks({ secrets: [OTHER_SECRET] }))['webhook-signature']);
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
    expect(codeOf(() => scheme.sign({ ...signable, id }))).toBe('invalid-callback');
  });

  it('lets any other visible ASCII id through', () => {
    const id = 'Az09!#$%&()*+,-/:;<=>?@[]^_`{|}~';
    expect(codeOf(() => scheme.check?.({ ...({} as Delivery), id }))).toBe('no error');
    expect(scheme.verify(received({ headers: signed(scheme, { id }) }))).toMatchObject({ id });
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

  it('tries every secret', () => {
    const rotated = standardWebhooks({ secrets: [OTHER_SECRET, SECRET] });
    expect(rotated.verify(received())).toMatchObject({ id: ID });
    expect(scheme.verify(received({ headers: signed(rotated) }))).toMatchObject({ id: ID });
    expect(refusal(received(), standardWebhooks({ secrets: [OTHER_SECRET] }))).toBe('invalid-signature');
  });

  it('works on bytes, also where they are no UTF-8', () => {
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0x80);
    expect(scheme.verify(received({ headers: signed(scheme, { body }), body }))).toMatchObject({ id: ID });
    const decodedAlike = Uint8Array.of(0xfe, 0xff, 0x00, 0x80);
    expect(refusal(received({ headers: signed(scheme, { body }), body: decodedAlike }))).toBe('invalid-signature');
  });

  it('skips versions that it does not know', () => {
    const ed25519 = `v1a,${Buffer.alloc(64, 1).toString('base64')}`;
    expect(scheme.verify(withHeader('webhook-signature', `${ed25519} ${VECTOR}`))).toMatchObject({ id: ID });
    expect(refusal(withHeader('webhook-signature', ed25519))).toBe('invalid-signature');
  });

  it('takes timestamps up to the tolerance, both ways, and none beyond', () => {
    for (const nowMs of [SIGNED_AT_MS - 300_000, SIGNED_AT_MS + 300_000]) {
      expect(refusal(received({ nowMs }))).toBe('no error');
    }
    for (const nowMs of [SIGNED_AT_MS - 300_001, SIGNED_AT_MS + 300_001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(received({ nowMs }))).toBe('stale-signature');
    }
    const tight = standardWebhooks({ secrets: [SECRET], toleranceMs: 1_000 });
    expect(refusal(received({ nowMs: SIGNED_AT_MS + 1_001 }), tight)).toBe('stale-signature');
  });

  it('calls an old message stale only if it was genuine', () => {
    expect(refusal(received({ nowMs: 0, body: Buffer.from('{}') }))).toBe('invalid-signature');
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
    expect(refusal(withHeader(name, value))).toBe('invalid-signature');
  });

  it.each([['text'], [undefined], [null], [{}], [[1, 2]]])('refuses the body %j, which is no bytes', (body) => {
    expect(refusal(received({ body: body as never }))).toBe('invalid-signature');
  });

  it.each([[null], [undefined], ['webhook-id: 1']])('refuses headers that are %j', (headers) => {
    expect(refusal(received({ headers: headers as never }))).toBe('invalid-signature');
  });

  it('refuses a header value that is no text', () => {
    expect(refusal(withHeader('webhook-timestamp', 1614265330 as never))).toBe('invalid-signature');
  });

  it('never verifies a changed message, and throws nothing but a RingbackError', () => {
    const flipped = fc.record({
      part: fc.constantFrom('id', 'timestamp', 'signature', 'body'),
      at: fc.nat(),
      to: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), flipped, (body, { part, at, to }) => {
        const headers = signed(scheme, { body });
        const changed = { ...headers };
        const changedBody = Uint8Array.from(body);
        if (part === 'body') {
          changedBody[at % body.length] = to;
        } else {
          const value = headers[`webhook-${part}`] as string;
          const index = at % value.length;
          changed[`webhook-${part}`] = value.slice(0, index) + String.fromCharCode(to) + value.slice(index + 1);
        }
        const same =
          Buffer.compare(body, changedBody) === 0 && Object.keys(headers).every((name) => headers[name] === changed[name]);
        const code = refusal(received({ headers: changed, body: changedBody }));
        expect(code === 'no error').toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never verifies what was made up, and throws nothing but a RingbackError', () => {
    const value = fc.option(fc.oneof(fc.string(), fc.array(fc.string()), fc.string({ unit: 'binary' })), { nil: undefined });
    const headers = fc.record({ 'webhook-id': value, 'webhook-timestamp': value, 'webhook-signature': value });
    fc.assert(
      fc.property(headers, fc.uint8Array(), fc.double(), (made, body, nowMs) => {
        expect(refusal({ headers: made, body, nowMs })).not.toBe('no error');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('beside the reference library', () => {
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
        const ours = signed(standardWebhooks({ secrets: [secret] }), { id: someId, body: Buffer.from(body) });
        expect(ours['webhook-signature']).toBe(new Webhook(secret).sign(someId, new Date(SIGNED_AT_MS), body));
      }),
      { numRuns: 200 },
    );
  });
});

describe('settings', () => {
  const base64 = (bytes: number): string => Buffer.alloc(bytes, 0xab).toString('base64');

  it.each([24, 64])('takes a secret of %i bytes', (bytes) => {
    const by = standardWebhooks({ secrets: [`whsec_${base64(bytes)}`] });
    const hmac = createHmac('sha256', Buffer.alloc(bytes, 0xab)).update(`${ID}.1614265330.`).update(BODY).digest('base64');
    expect(signed(by)['webhook-signature']).toBe(`v1,${hmac}`);
  });

  it.each([
    ['too short', `whsec_${base64(23)}`],
    ['too long', `whsec_${base64(65)}`],
    ['without its prefix', base64(32)],
    ['of another kind', `whsk_${base64(32)}`],
    ['in base64url', `whsec_${'-_'.repeat(22)}`],
    ['without padding', `whsec_${base64(32).replaceAll('=', '')}`],
    ['with a line break', `whsec_${base64(32)}\n`],
    ['empty', ''],
  ])('refuses a secret that is %s, and does not show it', (_what, secret) => {
    const attempt = (): unknown => standardWebhooks({ secrets: [SECRET, secret] });
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(/^secrets\[1\] must be whsec_ and the base64 of 24 to 64 bytes, got /);
    const material = secret.replace(/^whs[a-z]*_/, '').trim();
    if (material !== '') expect(attempt).not.toThrow(material);
  });

  it.each([[[]], [SECRET], [undefined], [[SECRET, 7]], [Array.from({ length: 11 }, () => SECRET)]])(
    'refuses secrets that are no list of 1 to 10 texts, and does not show them (%#)',
    (secrets) => {
      const attempt = (): unknown => standardWebhooks({ secrets: secrets as never });
      expect(codeOf(attempt)).toBe('invalid-secret');
      expect(attempt).not.toThrow(SECRET.slice(6));
    },
  );

  it.each([{ toleranceMs: -1 }, { toleranceMs: Number.NaN }, { headerPrefix: 'x-' }, { tolerance: 5 }])(
    'refuses %j',
    (options) => {
      expect(codeOf(() => standardWebhooks({ secrets: [SECRET], ...(options as object) }))).toBe('invalid-option');
    },
  );

  it('shows no secret and no key when the scheme is inspected or turned to JSON', () => {
    const raw = Buffer.from(SECRET.slice(6), 'base64');
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    for (const form of [SECRET.slice(6), raw.toString('hex'), raw.toString('latin1')]) expect(shown).not.toContain(form);
    expect(shown).not.toContain('KeyObject');
  });
});
