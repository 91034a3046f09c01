import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lab, request, TO, verdict } from './callback-url-lab.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const nextCharacter = (character = ''): string | undefined => BASE64URL[BASE64URL.indexOf(character) + 1];

describe('the grammar of a callback URL', () => {
  const { urls } = lab();
  const url = urls.create({ ...request, to: `${TO}?a=1` });
  const token = url.slice(url.indexOf('callback-token='));
  const [, purpose, expiry, nonce, signature] = token.slice('callback-token='.length).split('.') as string[];

  it.each([
    ['a changed path', url.replace('42', '43')],
    ['a changed query', url.replace('a=1', 'a=2')],
    ['a parameter more', url.replace('a=1', 'a=1&b=2')],
    ['a parameter less', url.replace('a=1&', '')],
    ['a parameter behind the token', `${url}&b=2`],
    ['a changed scheme', url.replace('https', 'http')],
    ['a changed host', url.replace('mine', 'yours')],
    ['a changed port', url.replace('.example', '.example:8443')],
    ['credentials', url.replace('https://', 'https://user:pass@')],
    ['a fragment', `${url}#top`],
    ['an empty fragment', `${url}#`],
    ['the token in the fragment', url.replace('?', '#?')],
    ['the token in the path', `https://api.mine.example/${token}`],
    ['no token', `${TO}?a=1`],
    ['the token twice', `${url}&${token}`],
    ['two tokens', `${TO}?callback-token=1&${token}`],
    ['an empty token', `${TO}?a=1&callback-token=`],
    ['a token without a value', `${TO}?a=1&callback-token`],
    ['the token first', `${TO}?${token}&a=1`],
    ['an escaped name', url.replace('callback-token', 'callback%2Dtoken')],
    ['a name in capitals', url.replace('callback-token', 'Callback-Token')],
    ['another version', url.replace('v1.', 'v2.')],
    ['another purpose', url.replace(`.${purpose}.`, '.delete.')],
    ['a later expiry', url.replace(`.${expiry}.`, `.${Number(expiry) + 1}.`)],
    ['an expiry in another spelling', url.replace(`.${expiry}.`, `.0${expiry}.`)],
    ['an expiry that is no number', url.replace(`.${expiry}.`, '.never.')],
    ['another nonce', url.replace(`.${nonce}.`, `.${'A'.repeat(24)}.`)],
    ['no nonce', url.replace(`.${nonce}.`, '..')],
    ['a truncated signature', url.slice(0, -1)],
    ['an oversized signature', `${url}A`],
    ['a signature in base64', `${url.slice(0, -43)}${Buffer.from(signature ?? '', 'base64url').toString('base64')}`],
    ['a signature in hex', `${url.slice(0, -43)}${Buffer.from(signature ?? '', 'base64url').toString('hex')}`],
    ['a signature whose last character has bits that no byte needs', `${url.slice(0, -1)}${nextCharacter(url.at(-1))}`],
    ['a question mark before the token, where the query has begun', url.replace('&callback', '?callback')],
    ['an ampersand before the token, where no query has begun', urls.create(request).replace('?callback', '&callback')],
    ['a part more', `${url}.x`],
    ['a line break', `${url}\n`],
    ['a line break within', url.replace('callback', 'call\nback')],
    ['white space around it', ` ${url}`],
    ['other digits than ASCII', url.replace('42', '٤٢')],
    ['an escape where none was', url.replace('42', '4%32')],
    ['a path alone', url.slice('https://api.mine.example'.length)],
    ['another scheme', url.replace('https:', 'ftp:')],
    ['nothing', ''],
    ['no text', undefined],
    ['an oversized URL', url.replace('a=1', `a=${'1'.repeat(5_000)}`)],
    ['an oversized text', 'x'.repeat(10_000_000)],
  ])('refuses %s', async (_what, changed) => {
    expect(await verdict(urls, changed)).toBe('invalid-signature');
  });

  it('is 4,096 characters long at most', async () => {
    const fill = 4_096 - urls.create({ ...request, to: `${TO}?a=` }).length;
    const longest = urls.create({ ...request, to: `${TO}?a=${'1'.repeat(fill)}` });
    expect(longest.length).toBe(4_096);
    expect(await verdict(urls, longest)).toBe('accepted');
    await expect(urls.redeem(`${longest}1`)).rejects.toThrow('a callback URL must be at most 4096 characters');
  });

  it('takes the case of scheme and host, a default port and dot segments as the URL standard does: they are the same URL', async () => {
    const same = [
      url.replace('https://api.mine', 'HTTPS://API.Mine'),
      url.replace('.example', '.example:443'),
      url.replace('/answers', '/x/../answers'),
    ];
    for (const spelling of same) {
      const fresh = lab();
      expect(await verdict(fresh.urls, spelling)).toBe('accepted');
      expect(await verdict(fresh.urls, url)).toBe('already-redeemed');
    }
  });

  it('never takes a changed URL, and throws nothing but a RingbackError', async () => {
    const at = fc.nat({ max: url.length - 1 });
    const change = fc.tuple(
      fc.constantFrom('replace', 'insert', 'delete', 'cut'),
      at,
      fc.string({ unit: 'binary', maxLength: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([kind, index, text]) => {
        const behind = url.slice(kind === 'insert' ? index : index + 1);
        const changed = kind === 'cut' ? url.slice(0, index) : url.slice(0, index) + (kind === 'delete' ? '' : text) + behind;
        // Another spelling of the same URL is no change.
        fc.pre(URL.parse(changed)?.href !== url);
        expect(await verdict(urls, changed)).toBe('invalid-signature');
      }),
      { numRuns: 10_000 },
    );
  });

  it('never takes what was made up, and throws nothing but a RingbackError', async () => {
    const made = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true }), fc.anything());
    await fc.assert(
      fc.asyncProperty(made, fc.boolean(), async (text, withToken) => {
        const changed = withToken && typeof text === 'string' ? `${text}?${token}` : text;
        expect(await verdict(urls, changed)).toBe('invalid-signature');
      }),
      { numRuns: 2_000 },
    );
  });
});
