import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidr, contains, parseCidr } from '../../../src/transports/addresses/cidr.js';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';

const address = (text: string): Uint8Array => parseIpAddress(text) as Uint8Array;
const has = (range: string, text: string): boolean => contains(cidr(range), address(text));

const v4 = (bits: number): string => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');

describe('a range', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['172.16.0.0/12', '172.31.255.255', '172.32.0.0'],
    ['192.168.1.1', '192.168.1.1', '192.168.1.2'],
    ['192.168.1.0/31', '192.168.1.1', '192.168.1.2'],
    ['fc00::/7', 'fdff::1', 'fe00::'],
    ['::1', '::1', '::'],
    ['64:ff9b::/96', '64:ff9b::ffff:ffff', '64:ff9b::1:0:0'],
  ])('%s has %s and not %s', (range, inside, outside) => {
    expect([has(range, inside), has(range, outside)]).toEqual([true, false]);
  });

  it('of length 0 has every address of its family and none of the other', () => {
    expect([has('0.0.0.0/0', '255.1.2.3'), has('::/0', 'ffff::')]).toEqual([true, true]);
    expect([has('0.0.0.0/0', '::'), has('::/0', '0.0.0.0')]).toEqual([false, false]);
  });

  it.each([
    '10.0.0.1/8',
    '10.0.0.0/33',
    '::1/127',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'fe80::%eth0/10',
    '/8',
    '',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(() => cidr(text)).toThrow(TypeError);
  });

  it('has what a BlockList of Node has', () => {
    const bits = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(bits, fc.integer({ min: 1, max: 32 }), bits, fc.integer({ min: 0, max: 31 }), (network, prefix, other, bit) => {
        const masked = (network & (-1 << (32 - prefix))) >>> 0;
        const list = new BlockList();
        list.addSubnet(v4(masked), prefix);
        for (const tried of [other, network, (network ^ (1 << bit)) >>> 0]) {
          expect(has(`${v4(masked)}/${prefix}`, v4(tried))).toBe(list.check(v4(tried)));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
