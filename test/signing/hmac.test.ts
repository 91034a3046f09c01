import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import { type HmacOptions, hmac, type SignatureScheme } from '../../src/signing/index.js';
import {
  BODY,
  everything,
  ID,
  OTHER_SECRET,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  signed,
  URL_SIGNED,
  withHeader,
} from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

const base: HmacOptions = { secrets: [SECRET], header: 'x-signature' };
const scheme = hmac(everything);
const by = (options: Partial<HmacOptions> = {}): SignatureScheme => hmac({ ...base, ...options });
const delivery = (changes: Partial<Delivery>): Delivery =>
  ({ id: ID, to: URL_SIGNED, headers: {}, body: BODY, ...changes }) as Delivery;

describe('what is signed', () => {
  it('is the body where nothing else is said', () => {
    const expected = createHmac('sha256', SECRET).update(BODY).digest('hex');
    expect(signed(by())).toEqual({ 'x-signature': expected });
  });

  it('is what the function gives, text as UTF-8 and bytes as they are', () => {
    const odd = Uint8Array.of(0xff, 0x00);
    const expected = createHmac('sha256', SECRET).update(Buffer.from('naïve ☎')).update(odd).update(BODY).digest('hex');
    expect(signed(by({ signed: ({ body }) => ['naïve ☎', odd, body] }))).toEqual({ 'x-signature': expected });
  });

  it('may be a digest of the body', () => {
    const digested = by({ signed: ({ body }) => [createHmac('sha256', 'no key').update(body).digest('hex')] });
    expect(refusal(received(digested), digested)).toBe('no error');
    expect(refusal(received(digested, { body: Buffer.from('{}') }), digested)).toBe('invalid-signature');
  });

  it('may be headers, by their name in any case', () => {
    const typed = by({ signed: ({ header, body }) => [header('Content-Type'), '\n', body] });
    expect(refusal(received(typed), typed)).toBe('no error');
    expect(refusal(withHeader(typed, 'content-type', 'text/plain'), typed)).toBe('invalid-signature');
    for (const type of [undefined, 7 as never, ['application/json', 'application/json']])
      expect(() => typed.verify(withHeader(typed, 'content-type', type))).toThrow(
        'the header Content-Type is signed and must be',
      );
    expect(codeOf(() => signed(typed, { headers: {} }))).toBe('invalid-callback');
    expect(() => signed(typed, { headers: {} })).toThrow('the header Content-Type is signed and must be there once');
  });

  it('has the same path when it is signed by the whole URL and verified by the path alone', () => {
    for (const url of ['/hooks?tenant=1', URL_SIGNED, 'http://10.0.0.1:8080/hooks?tenant=1'])
      expect(refusal(received(scheme, { url }), scheme)).toBe('no error');
    for (const url of ['/hooks', '/hooks?tenant=2', '/./hooks?tenant=1', '//customer.example/hooks?tenant=1'])
      expect(refusal(received(scheme, { url }), scheme)).toBe('invalid-signature');
    for (const url of ['', 'customer.example/hooks?tenant=1', 'https://customer.example', 7 as never, undefined])
      expect(() => scheme.verify(received(scheme, { url }))).toThrow('the path is signed and the URL has none, or was not given');
  });

  it('has a URL only where it is given whole', () => {
    const whole = by({ signed: ({ url, body }) => [url, '\n', body] });
    expect(refusal(received(whole, { url: URL_SIGNED }), whole)).toBe('no error');
    expect(refusal(received(whole, { url: 'http://customer.example/hooks?tenant=1' }), whole)).toBe('invalid-signature');
    for (const url of ['/hooks?tenant=1', 'customer.example/hooks', 'https:', 7, undefined])
      expect(() => whole.verify(received(whole, { url: url as never }))).toThrow('the URL is signed and must be given whole');
  });

  it('demands the method and the URL only where they are signed', () => {
    expect(refusal(received(by(), { method: undefined, url: undefined }), by())).toBe('no error');
    expect(refusal(received(scheme, { method: undefined }), scheme)).toBe('invalid-signature');
    expect(() => scheme.verify(received(scheme, { method: undefined }))).toThrow('the method is signed and was not given');
    expect(refusal(received(scheme, { method: 'PUT' }), scheme)).toBe('invalid-signature');
  });

  it('can not be taken from a destination that has no path', () => {
    for (const to of ['mailto:someone@customer.example', 'arn:aws:sns:eu-west-1:123456789012:topic']) {
      expect(codeOf(() => signed(scheme, { to }))).toBe('invalid-callback');
      expect(codeOf(() => scheme.check?.(delivery({ to })))).toBe('invalid-callback');
      expect(codeOf(() => by().check?.(delivery({ to })))).toBe('no error');
    }
    expect(codeOf(() => scheme.check?.(delivery({ headers: { 'content-type': 'application/json' } })))).toBe('no error');
  });

  it('is refused where the function fails for a message that no sample was like', () => {
    const thrown = new Error('nothing to sign');
    const fails = by({
      signed: ({ body }) => {
        if (body.length === 0) throw thrown;
        return body[0] === 0 ? (undefined as never) : [body];
      },
    });
    for (const body of [new Uint8Array(), Uint8Array.of(0)]) {
      expect(codeOf(() => signed(fails, { body }))).toBe('invalid-callback');
      expect(refusal(received(fails, { body }), fails)).toBe('invalid-signature');
    }
    const causeOf = (body: Uint8Array): unknown => {
      try {
        return signed(fails, { body });
      } catch (error) {
        return 'cause' in (error as Error) ? (error as Error).cause : 'none';
      }
    };
    expect(causeOf(new Uint8Array())).toBe(thrown);
    expect(causeOf(Uint8Array.of(0))).toBe('none');
  });
});

describe('what verify vouches for', () => {
  it('is id and timestamp, where both are signed', () => {
    expect(scheme.verify(received(scheme))).toEqual({ id: ID, timestampMs: SIGNED_AT_MS });
  });

  it('is no id that is sent and not signed, as anybody can change it', () => {
    const unsigned = by({ idHeader: 'x-id' });
    expect(signed(unsigned)['x-id']).toBe(ID);
    expect(unsigned.verify(withHeader(unsigned, 'x-id', 'another'))).toEqual({});
    expect(unsigned.verify(withHeader(unsigned, 'x-id', ['a', 'b']))).toEqual({});
  });

  it('is nothing where neither is sent', () => expect(by().verify(received(by()))).toEqual({}));

  it('is a timestamp within the tolerance that is set', () => {
    const tight = hmac({ ...everything, toleranceMs: 1_000 });
    expect(refusal(received(tight, { nowMs: SIGNED_AT_MS + 1_000 }), tight)).toBe('no error');
    expect(refusal(received(tight, { nowMs: SIGNED_AT_MS + 1_001 }), tight)).toBe('stale-signature');
  });
});

describe('ids', () => {
  it('may be any visible ASCII where they are not signed', () => {
    const id = 'Az09!#$%&()*+,-./:;<=>?@[]^_`{|}~';
    expect(signed(by({ idHeader: 'x-id' }), { id })['x-id']).toBe(id);
    expect(codeOf(() => signed(by({ idHeader: 'x-id' }), { id: 'a\r\nx-evil: 1' }))).toBe('invalid-callback');
    expect(signed(by(), { id: 'whatever is not sent' })['x-signature']).toBeDefined();
  });

  it('can not run into the parts beside them where they are signed', () => {
    const dotted = by({ idHeader: 'x-id', signed: ({ id, body }) => [id, '.', body] });
    expect(codeOf(() => signed(dotted, { id: 'a.1', body: Buffer.from('b') }))).toBe('invalid-callback');
    const headers = { ...signed(dotted, { id: 'a', body: Buffer.from('1.b') }), 'x-id': 'a.1' };
    expect(refusal(received(dotted, { headers, body: Buffer.from('b') }), dotted)).toBe('invalid-signature');
  });
});

describe('several secrets', () => {
  it('all sign where a separator makes room, and any of them verifies', () => {
    const both = by({ secrets: [OTHER_SECRET, SECRET], format: 'v1={signature}', separator: ',' });
    const one = by({ format: 'v1={signature}', separator: ',' });
    expect(signed(both)['x-signature']?.split(',')).toHaveLength(2);
    expect(refusal(received(both), one)).toBe('no error');
    expect(refusal(received(one), both)).toBe('no error');
  });

  it('leave the first to sign where there is room for one, and any of them verifies', () => {
    const both = by({ secrets: [OTHER_SECRET, SECRET] });
    expect(signed(both)).toEqual(signed(by({ secrets: [OTHER_SECRET] })));
    expect(refusal(received(by()), both)).toBe('no error');
    expect(refusal(received(both), by())).toBe('invalid-signature');
  });

  it('may come from a lookup, by destination', async () => {
    const looked = by({
      secrets: {
        keyOfReceived: ({ url }) => `https://customer.example${url}`,
        load: async (key) => (key === URL_SIGNED ? [SECRET] : [OTHER_SECRET]),
      },
    });
    const headers = await signed(looked);
    expect(headers).toEqual(signed(by()));
    const message = { headers, body: BODY, nowMs: SIGNED_AT_MS };
    expect(await looked.verify({ ...message, url: '/hooks?tenant=1' })).toEqual({});
    await expect(looked.verify({ ...message, url: '/other' })).rejects.toMatchObject({ code: 'invalid-signature' });
  });
});

describe('the format', () => {
  const signature = signed(by())['x-signature'] as string;

  it('is text around the signature, which is demanded as it is', () => {
    const odd = by({ format: 'key="a.b+c*", sig=({signature})$' });
    expect(signed(odd)).toEqual({ 'x-signature': `key="a.b+c*", sig=(${signature})$` });
    expect(refusal(received(odd), odd)).toBe('no error');
    expect(refusal(withHeader(odd, 'x-signature', `key="aXb+c*", sig=(${signature})$`), odd)).toBe('invalid-signature');
  });

  it('may have pieces after the signatures, and before them', () => {
    const around = by({
      secrets: [SECRET, OTHER_SECRET],
      format: 'a=1;s={signature};t={timestamp};z=2',
      separator: ';',
      signed: ({ timestamp, body }) => [timestamp, '.', body],
    });
    const value = signed(around)['x-signature'] as string;
    expect(value).toMatch(/^a=1;s=\w{64};s=\w{64};t=1614265330;z=2$/);
    expect(refusal(received(around), around)).toBe('no error');
    for (const other of [value.replace(';z=2', ''), value.replace('a=1;', ''), `${value};z=2`, value.replaceAll(/s=\w+;/g, '')])
      expect(refusal(withHeader(around, 'x-signature', other), around)).toBe('invalid-signature');
  });

  it('misses no piece that comes after the signatures', () => {
    const after = by({ format: 's={signature};z=2', separator: ';' });
    const value = signed(after)['x-signature'] as string;
    expect(refusal(withHeader(after, 'x-signature', value.replace(';z=2', '')), after)).toBe('invalid-signature');
  });

  it.each([
    '',
    'sha256=',
    '{signature}{signature}',
    '{signature},{timestamp},{timestamp}',
    '{timestamp}{signature}',
    '{signature}{timestamp}',
    '{sig}={signature}',
    '{signature}}',
    ' {signature}',
    '{signature} ',
    '{signature}\n',
    'naïve={signature}',
    `{signature}${'x'.repeat(300)}`,
    7,
  ])('refuses the template %j', (format) => {
    const isTimed = String(format).includes('{timestamp}');
    const timed: Partial<HmacOptions> = isTimed ? { signed: ({ timestamp, body }) => [timestamp, '.', body] } : {};
    expect(() => by({ ...timed, format: format as never })).toThrow(/^format must be text with \{signature\} once/);
  });
});
