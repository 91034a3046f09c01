import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facesOf } from '../../../src/transports/addresses/embedded-ipv4.js';
import { guardSettings, type OutboundGuardOptions } from '../../../src/transports/addresses/guard-options.js';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';
import { OutboundGuard } from '../../../src/transports/addresses/outbound-guard.js';
import { findingOf } from '../../../src/transports/addresses/special-ranges.js';

const v4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom(
    '127.0.0.1',
    '10.1.2.3',
    '10.2.0.1',
    '100.100.100.200',
    '100.64.0.1',
    '169.254.169.254',
    '169.254.1.1',
    '8.8.8.8',
    '168.63.129.16',
  ),
);
const hex = (text: string): string => {
  const digits = Buffer.from(parseIpAddress(text) as Uint8Array).toString('hex');
  return `${digits.slice(0, 4)}:${digits.slice(4)}`;
};
const address = fc.oneof(
  v4,
  fc.ipV6(),
  fc.constantFrom('::1', 'fd12::1', 'fd00:ec2::254', 'fe80::1', '2606:4700::1111', '2001:db8::1'),
  fc
    .tuple(v4, fc.constantFrom('::ffff:', '64:ff9b::', '64:ff9b:1::', '::', '2606:4700::5efe:'))
    .map(([text, prefix]) => `${prefix}${hex(text)}`),
  v4.map((text) => `2002:${hex(text)}::`),
);
const entry = fc.constantFrom(
  '10.1.0.0/16',
  '10.1.0.0/16:443',
  '10.0.0.0/8:80',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '169.254.169.254',
  '0.0.0.0/0',
  '8.8.8.0/24',
  '::/0',
  'fd00::/8',
  '2002::/16',
  '64:ff9b::/96',
  'a.example',
  'a.example:443',
  'a.example:80',
  '*.example',
);
const options = fc.record({
  allowPrivate: fc.boolean(),
  allow: fc.array(entry, { maxLength: 3 }),
  deny: fc.array(entry, { maxLength: 2 }),
});

const guard = (from: OutboundGuardOptions): OutboundGuard => new OutboundGuard(guardSettings(from));
const NAME = new URL('https://a.example/');
const literal = (text: string): URL => new URL(`https://${text.includes(':') ? `[${text}]` : text}/`);
const isRange = (text: string): boolean => !text.includes('example');
const runs = { numRuns: 3_000 };

describe('whatever its options are, the guard', () => {
  it('lets no more through for one more entry of deny, and no less for one more of allow', () => {
    fc.assert(
      fc.property(options, entry, address, (base, more, text) => {
        const permitted = guard(base).permits(NAME, text);
        if (!permitted) expect(guard({ ...base, deny: [...base.deny, more] }).permits(NAME, text)).toBe(false);
        if (permitted) expect(guard({ ...base, allow: [...base.allow, more] }).permits(NAME, text)).toBe(true);
      }),
      runs,
    );
  });

  it('judges an address the same as a host and behind a name, where no entry has the name', () => {
    fc.assert(
      fc.property(options, address, ({ allowPrivate, allow, deny }, text) => {
        const judge = guard({ allowPrivate, allow: allow.filter(isRange), deny: deny.filter(isRange) });
        expect(judge.refusalOf(literal(text)) === undefined).toBe(judge.permits(NAME, text));
      }),
      runs,
    );
  });

  it('lets through nothing reserved, and no metadata service, for a host alone or for allowPrivate', () => {
    fc.assert(
      fc.property(options, address, ({ allowPrivate, allow }, text) => {
        const levels = facesOf(parseIpAddress(text) as Uint8Array).map((face) => findingOf(face).level);
        const judge = guard({ allowPrivate, allow: allow.filter((each) => !isRange(each)) });
        if (levels.some((level) => level === 'reserved' || level === 'metadata')) expect(judge.permits(NAME, text)).toBe(false);
        if (levels.every((level) => level === 'public')) expect(judge.permits(NAME, text)).toBe(true);
      }),
      runs,
    );
  });

  it('lets a metadata service through for an entry for it alone', () => {
    const service = fc.constantFrom(
      '169.254.169.254',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '100.100.100.200',
      '168.63.129.16',
    );
    fc.assert(
      fc.property(options, service, ({ allowPrivate, allow }, text) => {
        const permitted = guard({ allowPrivate, allow }).permits(NAME, text);
        expect(permitted).toBe(allow.includes('169.254.169.254') && /169\.254|a9fe/.test(text));
      }),
      runs,
    );
  });
});
