import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../../src/index.js';
import { parseAddress } from '../../../src/transports/smtp/address.js';
import { recipientsOf } from '../../../src/transports/smtp/recipients.js';

function refusalOf(to: string): string {
  try {
    return `took ${JSON.stringify(recipientsOf(to))}`;
  } catch (error) {
    return isRingbackError(error) ? error.code : String(error);
  }
}

describe('the recipients of a mailto: destination', () => {
  it.each([
    ['mailto:ann@customer.example', ['ann@customer.example']],
    ['MAILTO:ann@customer.example', ['ann@customer.example']],
    ['mailto:ann@customer.example,bob@customer.example', ['ann@customer.example', 'bob@customer.example']],
    ['mailto:Ann.Lee+news@Customer.EXAMPLE', ['Ann.Lee+news@customer.example']],
    ['mailto:a@x.example,a@X.example,b@x.example', ['a@x.example', 'b@x.example']],
    ['mailto:gorby%25kremvax@example.com', ['gorby%kremvax@example.com']],
    ['mailto:unlikely%3Faddress@example.com', ['unlikely?address@example.com']],
    ['mailto:Mike%26family@example.org', ['Mike&family@example.org']],
    ['mailto:o%27hara@example.com', ["o'hara@example.com"]],
    ['mailto:user@example.%E7%B4%8D%E8%B1%86', ['user@example.xn--99zt52a']],
    ['mailto:j%C3%B5e@customer.example', ['jõe@customer.example']],
    ['mailto:root@localhost', ['root@localhost']],
  ])('%s', (to, addresses) => {
    expect(recipientsOf(new URL(to).href)).toEqual(addresses);
  });

  const BAD: readonly string[] = [
    'mailto:',
    'mailto:ann',
    'mailto:@customer.example',
    'mailto:ann@',
    'mailto:ann%40customer.example',
    'mailto:ann%40evil.example@customer.example',
    'mailto:ann@evil.example%40customer.example',
    'mailto:ann@customer.example,',
    'mailto:,ann@customer.example',
    'mailto://ann@customer.example',
    'mailto:ann@customer.example?bcc=eve@evil.example',
    'mailto:ann@customer.example?subject=x',
    'mailto:?to=eve@evil.example',
    'mailto:ann@customer.example#x',
    'mailto:ann%0D%0ABcc:eve@evil.example',
    'mailto:ann@customer.example%0D%0ARCPT%20TO:<eve@evil.example>',
    'mailto:ann%0a@customer.example',
    'mailto:ann%00@customer.example',
    'mailto:ann@customer.example%00.evil.example',
    'mailto:ann@customer.example%2Ceve@evil.example',
    'mailto:ann@customer.example%3Beve@evil.example',
    'mailto:ann@customer.example%20eve@evil.example',
    'mailto:ann@evil.example@customer.example',
    'mailto:%22ann@evil.example%22@customer.example',
    'mailto:%22ann%22@customer.example',
    'mailto:Ann%20<ann@customer.example>',
    'mailto:<ann@customer.example>',
    'mailto:ann(comment)@customer.example',
    'mailto:ann@[127.0.0.1]',
    'mailto:ann@%5BIPv6:::1%5D',
    'mailto:ann@127.0.0.1',
    'mailto:ann@0x7f000001',
    'mailto:ann@2130706433',
    'mailto:ann@%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1',
    'mailto:ann@-customer.example',
    'mailto:ann@customer..example',
    'mailto:ann@customer.example.',
    'mailto:ann@customer_name.example',
    'mailto:.ann@customer.example',
    'mailto:ann.@customer.example',
    'mailto:a..b@customer.example',
    'mailto:ann%E2%80%AE@customer.example',
    'mailto:ann%E2%80%A8@customer.example',
    'mailto:ann%C2%A0@customer.example',
    'mailto:ann@customer%2Fpath.example',
    'mailto:ann@%E7%B4%8D%3A25.example',
    'mailto:ann@%E7%B4%8D.example%3A25',
    'mailto:ann@%E7%B4%8D.example%2Fpath',
    'mailto:ann@%E7%B4%8D.example%23x',
    'mailto:%FF@customer.example',
    'mailto:%zz@customer.example',
    `mailto:${'a'.repeat(65)}@customer.example`,
    `mailto:ann@${'a.'.repeat(125)}example`,
    `mailto:${'a'.repeat(64)}@${'a.'.repeat(92)}example`,
    `mailto:${Array.from({ length: 101 }, (_, index) => `a${index}@x.example`).join(',')}`,
  ];

  it.each(BAD)('refuses %s', (to) => {
    expect(refusalOf(to)).toBe('invalid-callback');
  });

  it('refuses another scheme', () => {
    expect(refusalOf('https://customer.example/')).toBe('unsupported-destination');
  });

  it('shows no address in its refusal', () => {
    expect(() => recipientsOf('mailto:ann@customer.example,secret name@customer.example')).toThrow(
      'a mailto: destination must be addresses like user@customer.example, but recipient 2 of 2 is none',
    );
  });

  it('are one line without brackets, and the same when they are read again, whatever text they were made of', () => {
    const nasty = fc.constantFrom(
      ...'ab.@-_+"\\<>(),:;[] \t\r\n\u0000\u2028\u00e9\uff11%0xX/?#\'',
      '%0d%0a',
      'example',
      '@x.example',
    );
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 12 }), (texts) => {
        const address = parseAddress(texts.join(''));
        if (address === undefined) return;
        expect(address).toMatch(/^[^\p{C}\p{Z}<>()[\]",:;\\@]{1,64}@[a-z0-9.-]+$/u);
        expect(parseAddress(address)).toBe(address);
      }),
      { numRuns: 20_000 },
    );
  });
});
