import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facesOf } from '../../../src/transports/addresses/embedded-ipv4.js';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';
import { type AddressLevel, findingOf } from '../../../src/transports/addresses/special-ranges.js';
import { blockListLevel } from './block-list.js';

const SEVERITY: readonly AddressLevel[] = ['public', 'private', 'reserved', 'metadata'];

/** The rules of an address's faces, the strictest of them, and its level. */
function judged(text: string): { level: AddressLevel; rules: string[] } {
  const findings = facesOf(parseIpAddress(text) as Uint8Array).map(findingOf);
  const level = SEVERITY[Math.max(...findings.map((finding) => SEVERITY.indexOf(finding.level)))] as AddressLevel;
  return { level, rules: findings.map(({ rule }) => rule) };
}

const v4 = (bits: number): string => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');

describe('an address', () => {
  it.each([
    ['127.0.0.1', ['loopback']],
    ['10.0.0.1', ['private']],
    ['100.64.0.1', ['carrier-grade NAT']],
    ['172.31.255.255', ['private']],
    ['::1', ['loopback']],
    ['fc00::1', ['unique local']],
    ['::ffff:127.0.0.1', ['loopback']],
    ['64:ff9b::10.0.0.1', ['private']],
    ['fd00::5efe:10.0.0.1', ['unique local', 'private']],
  ])('%s is private', (text, rules) => expect(judged(text)).toEqual({ level: 'private', rules }));

  it.each([
    ['0.0.0.0', ['this network']],
    ['169.254.1.1', ['link-local']],
    ['192.0.0.8', ['protocol assignments']],
    ['192.0.2.1', ['documentation']],
    ['192.88.99.1', ['6to4 relay']],
    ['198.19.255.255', ['benchmark']],
    ['239.255.255.250', ['multicast']],
    ['240.0.0.1', ['reserved']],
    ['255.255.255.255', ['broadcast']],
    ['::', ['unspecified']],
    ['::127.0.0.1', ['IPv4-compatible', 'loopback']],
    ['::8.8.8.8', ['IPv4-compatible', 'public']],
    ['::ffff:0:10.0.0.1', ['IPv4-translated', 'private']],
    ['::ffff:0.0.0.0', ['this network']],
    ['64:ff9b::224.0.0.1', ['multicast']],
    ['64:ff9b:1::10.0.0.1', ['local NAT64', 'private']],
    ['100::1', ['discard-only']],
    ['2001:0:a00:1::f5ff:fffe', ['Teredo', 'private', 'private']],
    ['2001:2::1', ['benchmark']],
    ['2001:10::1', ['ORCHID']],
    ['2001:1ff::1', ['protocol assignments']],
    ['2001:db8::1', ['documentation']],
    ['2002:808:808::', ['6to4', 'public']],
    ['3fff:fff::1', ['documentation']],
    ['fe80::1%eth0', ['link-local']],
    ['fec0::1', ['site-local']],
    ['ff02::1', ['multicast']],
    ['4000::1', ['unassigned']],
    ['5f00::1', ['segment routing']],
    ['192.31.196.1', ['AS112']],
    ['2620:4f:8000::1', ['AS112']],
    ['64:ff9b::1:0:0', ['unassigned']],
    ['2606:4700::5efe:192.0.2.1', ['public', 'documentation']],
  ])('%s is reserved', (text, rules) => expect(judged(text)).toEqual({ level: 'reserved', rules }));

  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::a9fe:a9fe',
    '64:ff9b::a83f:8110',
    '64:ff9b:1::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '2001:0:1:1::5601:5601',
    '2606:4700::200:5efe:a9fe:a9fe',
  ])('%s leads to a metadata service', (text) => expect(judged(text).level).toBe('metadata'));

  it.each([
    '1.1.1.1',
    '168.63.129.15',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:200::1',
    '2003::1',
    '2606:4700::5efe:8.8.8.8',
    '::ffff:1.1.1.1',
    '64:ff9b::808:808',
  ])('%s is public', (text) => expect(judged(text).level).toBe('public'));
});

describe('all addresses', () => {
  /** Where the second opinion knows less. */
  const METADATA_V4 = new Set([
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
  ]);
  const expected = (text: string): AddressLevel | undefined => blockListLevel(text);

  it('of IPv4 are judged as by a BlockList: the first, the second and the last of every /16, and of every /24 where ranges are small', () => {
    for (let network = 0; network < 2 ** 16; network++) {
      for (const host of [0, 1, 0xffff]) expectSame(v4(network * 2 ** 16 + host));
    }
    for (const network of ['192.0', '192.88', '192.31', '192.52', '192.175', '198.51', '203.0', '168.63', '100.100', '169.254']) {
      for (let third = 0; third < 256; third++) {
        for (const last of [0, 1, 16, 200, 254, 255]) expectSame(`${network}.${third}.${last}`);
      }
    }
  });

  it('of IPv4 have the same level in each spelling by IPv6 that has one', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const { level } = judged(text);
        expect([`::ffff:${text}`, `64:ff9b::${text}`].map((spelling) => judged(spelling).level)).toEqual([level, level]);
      }),
    );
  });

  it('of IPv4 are never reached by a tunnel at a lower level than their own, and no tunnel is public', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const hex = Buffer.from(parseIpAddress(text) as Uint8Array).toString('hex');
        const inverted = (0xffffffff - Number.parseInt(hex, 16)).toString(16).padStart(8, '0');
        const words = (digits: string): string => `${digits.slice(0, 4)}:${digits.slice(4)}`;
        const tunnels = [
          `2002:${words(hex)}::1`,
          `2001:0:${words(hex)}::`,
          `2001:0:808:808::${words(inverted)}`,
          `64:ff9b:1::${words(hex)}`,
          `::ffff:0:${words(hex)}`,
        ];
        const own = Math.max(SEVERITY.indexOf(judged(text).level), SEVERITY.indexOf('reserved'));
        for (const tunnel of tunnels) expect(SEVERITY.indexOf(judged(tunnel).level)).toBeGreaterThanOrEqual(own);
      }),
    );
  });

  it('of IPv6 are judged as by a BlockList, but for metadata services, ISATAP and the tunnels that lead to one', () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    // Most of the space is unassigned: start from where something happens.
    const starts = fc.constantFrom(
      '2001:0',
      '2001:db8',
      '2002:808',
      '64:ff9b',
      '64:ff9b:1',
      '0:0',
      'fc00',
      'fd00:ec2',
      'fe80',
      'fec0',
      'ff02',
      '3fff',
      '2606:4700',
      '100:0',
    );
    const near = fc.tuple(starts, words).map(([start, tail]) => {
      const head = start.split(':');
      return [...head, ...tail.slice(head.length).map((word) => (word % 3 === 0 ? '0' : word.toString(16)))].join(':');
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV6(),
          near,
          words.map((list) => list.map((word) => word.toString(16)).join(':')),
        ),
        (text) => {
          const { level, rules } = judged(text);
          if (level !== 'metadata' && !(rules.length === 2 && rules[0] === 'public')) expect(level).toBe(expected(text));
        },
      ),
      { numRuns: 10_000 },
    );
  });

  function expectSame(text: string): void {
    const { level } = judged(text);
    if (level !== (METADATA_V4.has(text) ? 'metadata' : expected(text)))
      expect.fail(`${text} is ${level}, not ${expected(text)}`);
  }
});
