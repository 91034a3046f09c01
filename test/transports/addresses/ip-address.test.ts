import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';

/** The address as a URL's parser writes it, from its bytes. */
function canonical(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1);
}

/** An IPv4 address inside an IPv6 one, and 32 characters for a zone. */
const LONGEST = 77;

describe('an address', () => {
  it.each([
    ['127.0.0.1', [127, 0, 0, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['1::', [0, 1, ...new Array(14).fill(0)]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:10.1.2.3', [...new Array(10).fill(0), 255, 255, 10, 1, 2, 3]],
    ['64:FF9B::A00:1', [0, 0x64, 0xff, 0x9b, ...new Array(8).fill(0), 10, 0, 0, 1]],
    ['fe80::1%eth0', [0xfe, 0x80, ...new Array(13).fill(0), 1]],
  ])('%s is read to its bytes', (text, bytes) => expect(Array.from(parseIpAddress(text) ?? [])).toEqual(bytes));

  it.each([
    '',
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '127.0.0.01',
    '127.0.0.256',
    '127.0.0.1.',
    '127.0.0.1%eth0',
    '１.1.1.1',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '[::1]',
    '::1%',
    '::1/128',
    `::${'1'.repeat(80)}`,
  ])('%j is none', (text) => expect(parseIpAddress(text)).toBeUndefined());

  it('is one exactly where Node says so', () => {
    const part = fc.oneof(
      fc.stringMatching(/^[0-9a-fA-F]{0,5}$/),
      fc.constantFrom('', ':', '::', '1.2.3.4', '0', '.', '%lo'),
      fc.ipV4(),
    );
    const almost = fc
      .array(part, { maxLength: 10 })
      .chain((parts) => fc.constantFrom(parts.join(':'), parts.join('.'), parts.join('')));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost), (text) => {
        // Node takes a zone of any length, and nothing that long is an interface's name.
        const isTooLong = text.length > LONGEST;
        expect(parseIpAddress(text)?.length ?? 0).toBe(isTooLong ? 0 : [0, 0, 0, 0, 4, 0, 16][isIP(text)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('has the bytes that the parser of URLs sees', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const host = new URL(`http://${text.includes(':') ? `[${text}]` : text}/`).hostname.replace(/[[\]]/g, '');
        expect(canonical(parseIpAddress(text) ?? new Uint8Array())).toBe(host);
      }),
      { numRuns: 2_000 },
    );
  });
});
