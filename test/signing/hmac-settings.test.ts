import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type HmacOptions, hmac, type SignatureScheme } from '../../src/signing/index.js';
import { BODY, everything, SECRET, signed, TEXT } from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

const base: HmacOptions = { secrets: [SECRET], header: 'x-signature' };
const by = (options: Partial<HmacOptions> = {}): SignatureScheme => hmac({ ...base, ...options });

describe('settings', () => {
  const withTime: HmacOptions['signed'] = ({ timestamp, body }) => [timestamp, '.', body];

  it.each<[string, Partial<Record<keyof HmacOptions, unknown>>]>([
    ['a header that is none', { header: 'x signature' }],
    ['no header', { header: undefined }],
    ['a timestampHeader that is none', { timestampHeader: '', signed: withTime }],
    ['an idHeader that is none', { idHeader: 'x:id' }],
    ['two roles for one header', { idHeader: 'X-Signature' }],
    ['an unknown algorithm', { algorithm: 'sha1' }],
    ['an algorithm that is a method of every object', { algorithm: 'toString' }],
    ['an unknown encoding', { encoding: 'binary' }],
    ['an unknown separator', { separator: '|' }],
    [
      'a separator that leaves timestamp and signature in one piece',
      { format: '{timestamp}:{signature}', separator: ',', signed: withTime },
    ],
    ['a negative tolerance', { toleranceMs: -1, timestampHeader: 'x-t', signed: withTime }],
    ['a tolerance without a timestamp', { toleranceMs: 1_000 }],
    ['two places for the timestamp', { timestampHeader: 'x-t', format: '{timestamp}.{signature}', signed: withTime }],
    ['a timestamp that is sent and not signed', { timestampHeader: 'x-t' }],
    ['a timestamp in the format that is not signed', { format: '{timestamp}.{signature}' }],
    ['a timestamp that is signed and not sent', { signed: withTime }],
    ['an id that is signed and not sent', { signed: ({ id, body }: { id: string; body: Uint8Array }) => [id, '.', body] }],
    ['signed that leaves the body out', { signed: () => ['constant'] }],
    [
      'signed that throws',
      {
        signed: () => {
          throw new Error('no');
        },
      },
    ],
    ['signed that gives text', { signed: () => TEXT }],
    ['signed that gives a promise', { signed: async () => [TEXT] }],
    [
      'signed that gives other parts each time',
      {
        signed: (() => {
          let calls = 0;
          return ({ body }: { body: Uint8Array }) => [String(calls++), body];
        })(),
      },
    ],
    ['signed that is no function', { signed: '{timestamp}.{body}' }],
    ['an option that it has not', { tolerance: 5 } as never],
  ])('refuses %s', (_what, options) => {
    expect(codeOf(() => by(options as never))).toBe('invalid-option');
  });

  it('says why', () => {
    expect(() => by({ timestampHeader: 'x-t' })).toThrow('signed must cover the timestamp');
    let calls = 0;
    expect(() => by({ signed: ({ body }) => [String(calls++), body] })).toThrow('gives the same parts for the same message');
    expect(() => by({ algorithm: 'sha1' as never })).toThrow(
      'algorithm must be "sha256", "sha384" or "sha512", got "sha1" (string)',
    );
  });

  it.each([null, undefined, 'text', 7])('refuses %j for options', (options) => {
    expect(codeOf(() => hmac(options as never))).toBe('invalid-option');
  });
});

describe('secrets', () => {
  it('are text, which stands for its UTF-8, or bytes', () => {
    const text = 'schlüssel-von-32-bytes-im-ganzen';
    expect(signed(by({ secrets: [text] }))).toEqual(signed(by({ secrets: [Buffer.from(text)] })));
    expect(signed(by({ secrets: [Buffer.from('ab'.repeat(32), 'hex')] }))['x-signature']).toBe(
      createHmac('sha256', Buffer.alloc(32, 0xab)).update(BODY).digest('hex'),
    );
  });

  it('are kept as they were when the scheme was built', () => {
    const bytes = Buffer.alloc(32, 1);
    const kept = by({ secrets: [bytes] });
    const before = signed(kept);
    bytes.fill(2);
    expect(signed(kept)).toEqual(before);
  });

  it.each([16, 512])('may have %i bytes', (length) => {
    expect(codeOf(() => by({ secrets: ['s'.repeat(length)] }))).toBe('no error');
  });

  it.each<[string, unknown]>([
    ['too short', 's3cr3t-15-chars'],
    ['too long', 's3cr3t'.repeat(86)],
    ['empty', ''],
    ['followed by a line break', `${SECRET}\n`],
    ['after a space', ` ${SECRET}`],
    ['no text', 1234567890123456],
    ['null', null],
    ['an array of numbers', Array.from({ length: 32 }, () => 7)],
  ])('that are %s are refused as invalid-secret, and not shown', (_what, secret) => {
    const attempt = (): unknown => by({ secrets: [SECRET, secret as never] });
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(/^secrets\[1\] must be text or bytes, 16 to 512 bytes long, got /);
    expect(attempt).not.toThrow(SECRET);
    expect(attempt).not.toThrow('s3cr3t');
  });

  it('are not shown when the scheme is inspected or turned to JSON, nor are keys', () => {
    const scheme = hmac(everything);
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    for (const form of [SECRET, Buffer.from(SECRET).toString('hex'), 'KeyObject']) expect(shown).not.toContain(form);
  });
});
