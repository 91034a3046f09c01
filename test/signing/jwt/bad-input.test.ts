import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '../../../src/signing/index.js';
import {
  AUDIENCE,
  CLAIMS,
  forged,
  forgedOf,
  genuine,
  HEADER,
  received,
  refusal,
  scheme,
  signed,
  tokenOf,
  URL_SIGNED,
} from './fixtures.js';

const withHeader = (value: unknown): ReceivedMessage => genuine({ headers: { authorization: value as string } });

describe('a received token', () => {
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
    const message = received(forged({ [name]: value }));
    expect(await refusal(message)).toBe('invalid-signature');
    await expect(scheme.verify(message)).rejects.toThrow(`the token's ${name} `);
  });

  it.each([
    ['aud', { 0: AUDIENCE }, 'must be text or an array of text'],
    ['aud', [AUDIENCE, 7], 'must be text or an array of text'],
    ['aud', [], 'is not this receiver'],
    ['aud', `${AUDIENCE}.elsewhere.example`, 'is not this receiver'],
    ['aud', [`${AUDIENCE}.elsewhere.example`], 'is not this receiver'],
    ['iat', -1, 'must be whole unix seconds'],
    ['iat', CLAIMS.iat + 0.5, 'must be whole unix seconds'],
    ['exp', 100_000_000_000, 'must be whole unix seconds'],
    ['exp', 99_999_999_999, 'must lie behind its iat, by at most 300000 ms'],
    ['exp', CLAIMS.iat, 'must lie behind its iat, by at most 300000 ms'],
    ['nbf', 0.5, 'must be whole unix seconds'],
    ['jti', 'with space', 'must be 1 to 255 visible ASCII characters'],
    ['jti', 7, 'must be text'],
    ['htm', 'PUT', 'is not the method'],
    ['bh', CLAIMS.bh.slice(0, -1), 'is not the hash of the body'],
  ])('says what is wrong with %s: %j', async (name, value, why) => {
    await expect(scheme.verify(received(forged({ [name]: value })))).rejects.toThrow(`the token's ${name} ${why}`);
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
    const message = received(forged({}, { [name]: value }));
    expect(await refusal(message)).toBe(expected);
    const fault = name === 'crit' ? 'the token must have no critical extension' : `the token's ${name} must be `;
    // An algorithm that is text and no key's is not found among the keys.
    if (expected !== 'no error' && !(name === 'alg' && typeof value === 'string'))
      await expect(scheme.verify(message)).rejects.toThrow(fault);
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
    const message = received(forgedOf(header, claims));
    expect(await refusal(message)).toBe('invalid-signature');
    await expect(scheme.verify(message)).rejects.toThrow(/^the token's (header|claims) must be a JSON object$/);
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

  it.each([
    `${head}.${claims}`,
    `${head}.${claims}.`,
    `${head}..${signature}`,
    `.${claims}.${signature}`,
    `${token}.${signature}`,
    `${head}=.${claims}.${signature}`,
    `${head}.${claims}=.${signature}`,
    `${token}=`,
  ])('calls no token what is not three parts of base64url (%#)', async (text) => {
    await expect(scheme.verify(received(text))).rejects.toThrow('a token must be three parts of canonical base64url');
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
});
