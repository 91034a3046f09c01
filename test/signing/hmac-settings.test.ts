import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { github, type HmacOptions, hmac, type SignatureScheme, stripe } from '../../src/signing/index.js';
import { BODY, everything, SECRET, signed, TEXT } from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

const base: HmacOptions = { secrets: [SECRET], header: 'x-signature' };
const by = (options: Partial<HmacOptions> = {}): SignatureScheme => hmac({ ...base, ...options });

describe('settings', () => {
  const withTime: HmacOptions['signed'] = ({ timestamp, body }) => [timestamp, '.', body];

  it.each<[string, Partial<Record<keyof HmacOptions, unknown>>, string]>([
    ['a header that is none', { header: 'x signature' }, 'header must be the name of a header, got "x signature"'],
    ['no header', { header: undefined }, 'header must be the name of a header, got undefined'],
    ['a timestampHeader that is none', { timestampHeader: '', signed: withTime }, 'timestampHeader must be the name of a header'],
    ['an idHeader that is none', { idHeader: 'x:id' }, 'idHeader must be the name of a header'],
    ['two roles for one header', { idHeader: 'X-Signature' }, 'header, timestampHeader and idHeader must be different'],
    ['an unknown algorithm', { algorithm: 'sha1' }, 'algorithm must be "sha256", "sha384" or "sha512", got "sha1"'],
    ['an algorithm that is a method of every object', { algorithm: 'toString' }, 'algorithm must be'],
    ['an unknown encoding', { encoding: 'binary' }, 'encoding must be "hex", "base64" or "base64url", got "binary"'],
    ['an unknown separator', { separator: '|' }, 'separator must be ",", ";" or " ", got'],
    [
      'a separator that leaves timestamp and signature in one piece',
      { format: '{timestamp}:{signature}', separator: ',', signed: withTime },
      'format must be a template whose separator parts {timestamp} from {signature}',
    ],
    ['a negative tolerance', { toleranceMs: -1, timestampHeader: 'x-t', signed: withTime }, 'toleranceMs must be'],
    ['a tolerance without a timestamp', { toleranceMs: 1_000 }, 'toleranceMs is of no use without a timestamp'],
    [
      'two places for the timestamp',
      { timestampHeader: 'x-t', format: '{timestamp}.{signature}', signed: withTime },
      'not by both',
    ],
    ['a timestamp that is sent and not signed', { timestampHeader: 'x-t' }, 'signed must cover the timestamp'],
    ['a timestamp in the format that is not signed', { format: '{timestamp}.{signature}' }, 'signed must cover the timestamp'],
    ['a timestamp that is signed and not sent', { signed: withTime }, 'signed covers the timestamp, so'],
    [
      'an id that is signed and not sent',
      { signed: ({ id, body }: { id: string; body: Uint8Array }) => [id, '.', body] },
      'signed covers the id, so',
    ],
    ['signed that leaves the body out', { signed: () => ['constant'] }, 'signed must be a function that covers the body'],
    [
      'signed that throws',
      {
        signed: () => {
          throw new Error('no');
        },
      },
      'signed must be a function that takes any message, it threw for a sample',
    ],
    ['signed that gives text', { signed: () => TEXT }, 'what signed gives must be an array of strings and Uint8Arrays'],
    ['signed that gives a number among its parts', { signed: () => [TEXT, 7] }, 'what signed gives must be an array'],
    ['signed that gives a promise', { signed: async () => [TEXT] }, 'what signed gives must be an array'],
    [
      'signed that gives other parts each time',
      {
        signed: (() => {
          let calls = 0;
          return ({ body }: { body: Uint8Array }) => [String(calls++), body];
        })(),
      },
      'signed must be a function that gives the same parts for the same message',
    ],
    ['signed that is no function', { signed: '{timestamp}.{body}' }, 'signed must be a function, got'],
    [
      'an option that it has not',
      { tolerance: 5 } as never,
      'hmac has no option "tolerance"; it has secrets, header, algorithm, encoding',
    ],
  ])('refuses %s, and says why', (_what, options, why) => {
    expect(codeOf(() => by(options as never))).toBe('invalid-option');
    expect(() => by(options as never)).toThrow(why);
  });

  it('of the fixed dialects are fewer, and each has its name', () => {
    const secrets = [SECRET];
    expect([by(), stripe({ secrets }), github({ secrets })].map(({ name }) => name)).toEqual(['hmac', 'stripe', 'github']);
    expect(() => stripe({ secrets, tolerance: 5 } as never)).toThrow(
      'stripe has no option "tolerance"; it has secrets, toleranceMs',
    );
    expect(() => stripe({ secrets, toleranceMs: -1 })).toThrow('toleranceMs must be a finite number of at least 0, got -1');
    expect(() => github({ secrets, toleranceMs: 5 } as never)).toThrow('github has no option "toleranceMs"; it has secrets');
  });

  it('has what signed threw as the cause', () => {
    const thrown = new Error('no');
    const throws = (): never => {
      throw thrown;
    };
    expect(() => by({ signed: throws })).toThrow(expect.objectContaining({ cause: thrown }));
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

  it.each<[string, unknown, string]>([
    ['too short', 's3cr3t-15-chars', '15 bytes'],
    ['too long', 's3cr3t'.repeat(86), '516 bytes'],
    ['empty', '', '0 bytes'],
    ['followed by a line break', `${SECRET}\n`, 'text that begins or ends with white space'],
    ['after a space', ` ${SECRET}`, 'text that begins or ends with white space'],
    ['no text', 1234567890123456, 'number'],
    ['null', null, 'null'],
    ['an array of numbers', Array.from({ length: 32 }, () => 7), 'object'],
  ])('that are %s are refused as invalid-secret, and not shown', (_what, secret, got) => {
    const attempt = (): unknown => by({ secrets: [SECRET, secret as never] });
    expect(codeOf(attempt)).toBe('invalid-secret');
    expect(attempt).toThrow(
      expect.objectContaining({ message: `secrets[1] must be text or bytes, 16 to 512 bytes long, got ${got}` }),
    );
    expect(attempt).not.toThrow(SECRET);
    expect(attempt).not.toThrow('s3cr3t');
  });

  it('are not shown when the scheme is inspected or turned to JSON, nor are keys', () => {
    const scheme = hmac(everything);
    const shown = inspect(scheme, { depth: 10, showHidden: true }) + JSON.stringify(scheme);
    for (const form of [SECRET, Buffer.from(SECRET).toString('hex'), 'KeyObject']) expect(shown).not.toContain(form);
  });
});
