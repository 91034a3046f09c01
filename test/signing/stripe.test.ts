import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { type ReceivedMessage, stripe } from '../../src/signing/index.js';
import { BODY, OTHER_SECRET, received, refusal, SECRET, SIGNED_AT_MS, signed, TEXT } from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

const SECONDS = SIGNED_AT_MS / 1000;
const scheme = stripe({ secrets: [SECRET] });
const digest = (secret: string, content: string): string => createHmac('sha256', secret).update(content).digest('hex');
const V1 = `v1=${digest(SECRET, `${SECONDS}.${TEXT}`)}`;
const OTHER_V1 = `v1=${digest(OTHER_SECRET, `${SECONDS}.${TEXT}`)}`;
const V0 = 'v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39';

const withValue = (value: string): ReceivedMessage => received(scheme, { headers: { 'stripe-signature': value } });

describe('sign', () => {
  it('gives the timestamp and the signature over both', () => {
    expect(signed(scheme)).toEqual({ 'stripe-signature': `t=${SECONDS},${V1}` });
  });

  it('signs with every secret', () => {
    const both = stripe({ secrets: [SECRET, OTHER_SECRET] });
    expect(signed(both)).toEqual({ 'stripe-signature': `t=${SECONDS},${V1},${OTHER_V1}` });
  });

  it('stamps every attempt afresh', () => {
    expect(signed(scheme, { timestampMs: SIGNED_AT_MS + 61_999 })['stripe-signature']).toMatch(/^t=1614265391,/);
  });

  it('sends whatever id a callback has, as it does not carry it', () => {
    expect(signed(scheme, { id: 'a.b: ☎' })).toEqual(signed(scheme));
  });
});

describe('verify', () => {
  it('vouches for the timestamp', () => expect(scheme.verify(received(scheme))).toEqual({ timestampMs: SIGNED_AT_MS }));

  it('tries every secret and every signature', () => {
    const both = stripe({ secrets: [OTHER_SECRET, SECRET] });
    expect(refusal(received(scheme), both)).toBe('no error');
    expect(refusal(received(both), scheme)).toBe('no error');
    expect(refusal(received(scheme), stripe({ secrets: [SECRET, OTHER_SECRET] }))).toBe('no error');
    for (const value of [`t=${SECONDS},${OTHER_V1},${V1}`, `t=${SECONDS},${V1},${OTHER_V1}`])
      expect(refusal(withValue(value), scheme)).toBe('no error');
    expect(refusal(withValue(`t=${SECONDS},${OTHER_V1}`), scheme)).toBe('invalid-signature');
  });

  it('passes over v0, and versions to come', () => {
    for (const value of [`t=${SECONDS},${V1},${V0}`, `t=${SECONDS},${V0},${V1}`, `t=${SECONDS},v2=,${V1},v12=a/b+c==`])
      expect(refusal(withValue(value), scheme)).toBe('no error');
    expect(() => scheme.verify(withValue(`t=${SECONDS},${V0}`))).toThrow('must be of the form t={timestamp},v1={signature}');
    expect(refusal(withValue(`t=${SECONDS},${V1.replace('v1', 'v0')}`), scheme)).toBe('invalid-signature');
  });

  it.each([
    V1,
    `t=${SECONDS}`,
    `${V1},t=${SECONDS}`,
    `t=${SECONDS},t=${SECONDS},${V1}`,
    `t=${SECONDS},${V1},t=1`,
    `t=${SECONDS}, ${V1}`,
    `t=${SECONDS},${V1},`,
    `t=${SECONDS},,${V1}`,
    `t=${SECONDS};${V1}`,
    `T=${SECONDS},${V1}`,
    `t=${SECONDS},${V1},x=1`,
    `t=${SECONDS},${V1},v2=a b`,
    `t=${SECONDS},${V1},v1=short`,
    `t=${SECONDS},${V1},v1`,
    `${V0},t=${SECONDS},${V1}`,
    `t=${SECONDS},${Array.from({ length: 41 }, () => V1).join()}`,
    `t=${SECONDS},${V1},v2=${'a'.repeat(9_000)}`,
  ])('refuses %j', (value) => expect(refusal(withValue(value), scheme)).toBe('invalid-signature'));

  it('takes 8,192 characters and 40 pieces, and no more', () => {
    const value = `t=${SECONDS},${V1}`;
    const filled = `${value},v2=${'a'.repeat(8_192 - value.length - ',v2='.length)}`;
    expect(refusal(withValue(filled), scheme)).toBe('no error');
    expect(() => scheme.verify(withValue(`${filled}a`))).toThrow('stripe-signature must be at most 8192 characters');
    const pieces = `${value}${',v2='.repeat(38)}`;
    expect(refusal(withValue(pieces), scheme)).toBe('no error');
    expect(() => scheme.verify(withValue(`${pieces},v2=`))).toThrow('stripe-signature must hold at most 40 pieces');
  });

  it('takes the tolerance that is set', () => {
    const tight = stripe({ secrets: [SECRET], toleranceMs: 1_000 });
    expect(refusal(received(tight, { nowMs: SIGNED_AT_MS - 1_001 }), tight)).toBe('stale-signature');
  });
});

describe('beside the stripe package', () => {
  const { webhooks } = Stripe;

  it('makes what constructEvent takes', () => {
    const header = signed(scheme)['stripe-signature'] as string;
    const event = webhooks.constructEvent(TEXT, header, SECRET, 300, undefined, SIGNED_AT_MS);
    expect(event).toEqual({ id: 'evt_1', object: 'event' });
  });

  it('makes what constructEvent takes with either secret, while it is changed', () => {
    const header = signed(stripe({ secrets: [SECRET, OTHER_SECRET] }))['stripe-signature'] as string;
    for (const secret of [SECRET, OTHER_SECRET])
      expect(webhooks.constructEvent(Buffer.from(BODY), header, secret, 300, undefined, SIGNED_AT_MS).id).toBe('evt_1');
  });

  it('verifies what generateTestHeaderString makes', () => {
    const header = webhooks.generateTestHeaderString({ payload: TEXT, secret: SECRET, timestamp: SECONDS } as never);
    expect(scheme.verify(withValue(header))).toEqual({ timestampMs: SIGNED_AT_MS });
  });

  it('agrees with it on any secret and text: the secret is used as the text it is', () => {
    const secret = fc.string({ minLength: 16, maxLength: 64 }).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(secret, fc.string({ unit: 'grapheme', minLength: 1 }), (key, payload) => {
        const options = { payload, secret: key, timestamp: SECONDS } as never;
        const ours = signed(stripe({ secrets: [key] }), { body: Buffer.from(payload) });
        expect(ours['stripe-signature']).toBe(webhooks.generateTestHeaderString(options));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a timestamp a year ahead, which it takes', () => {
    const timestamp = SECONDS + 31_536_000;
    const header = webhooks.generateTestHeaderString({ payload: TEXT, secret: SECRET, timestamp } as never);
    expect(webhooks.constructEvent(TEXT, header, SECRET, 300, undefined, SIGNED_AT_MS).id).toBe('evt_1');
    expect(refusal(withValue(header), scheme)).toBe('stale-signature');
  });
});

describe('settings', () => {
  it.each([{ secrets: ['short'] }, { secrets: [] }, { secrets: [`${SECRET}\n`] }])('refuses %j as invalid-secret', (options) => {
    expect(codeOf(() => stripe(options))).toBe('invalid-secret');
  });

  it.each([{ toleranceMs: -1 }, { toleranceMs: Number.NaN }, { header: 'x' }])('refuses %j', (options) => {
    expect(codeOf(() => stripe({ secrets: [SECRET], ...options }))).toBe('invalid-option');
  });
});
