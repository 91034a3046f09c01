import { describe, expect, it } from 'vitest';
import { guardSettings, type OutboundGuardOptions } from '../../../src/transports/addresses/guard-options.js';
import { OutboundGuard } from '../../../src/transports/addresses/outbound-guard.js';

const guard = (options: OutboundGuardOptions = {}): OutboundGuard => new OutboundGuard(guardSettings(options));
const refusal = (url: string, options?: OutboundGuardOptions): string | undefined => guard(options).refusalOf(new URL(url));
const permits = (url: string, address: string, options?: OutboundGuardOptions): boolean =>
  guard(options).permits(new URL(url), address);

const NAME = 'https://customer.example/';

describe('a URL', () => {
  it.each([
    ['http://127.0.0.1/', 'the address is refused as loopback (127.0.0.0/8); allowPrivate or an entry of allow lets it through'],
    [
      'http://[::ffff:a00:1]/',
      'the address is refused as private (10.0.0.0/8); allowPrivate or an entry of allow lets it through',
    ],
    [
      'http://0xa9.0xfe.1/',
      'the address is refused as link-local (169.254.0.0/16); only an entry of allow with its range lets it through',
    ],
    [
      'http://169.254.169.254/latest/',
      'the address is refused as cloud metadata (169.254.169.254); only an entry of allow for nothing but it lets it through',
    ],
    [
      'http://[2002:7f00:1::]/',
      'the address is refused as 6to4 (2002::/16); only an entry of allow with its range lets it through',
    ],
    ['https://user@customer.example/', 'a URL with credentials is refused; put them into a header'],
    ['https://:secret@customer.example/', 'a URL with credentials is refused; put them into a header'],
    [
      'http://localhost/',
      'a name that only private networks have is refused; allowPrivate or an entry of allow with it lets it through',
    ],
    [
      'http://METADATA.google.internal./computeMetadata/',
      'the name of a cloud metadata service is refused; only an entry of allow with this very name lets it through',
    ],
  ])('%s is refused by a rule that the reason names, with the option that allows it', (url, reason) => {
    expect(refusal(url)).toBe(reason);
  });

  it.each([
    'http://app.localhost/',
    'http://printer.local/',
    'http://api.internal/',
    'http://nas.home.arpa./',
    'http://redis:6379/',
  ])('%s has a name that only private networks have', (url) => {
    expect(refusal(url)).toMatch(/^a name that only private networks have/);
    expect(refusal(url, { allowPrivate: true })).toBeUndefined();
    expect(refusal(url, { allow: [new URL(url).hostname] })).toBeUndefined();
  });

  it.each(['https://customer.example/', 'http://hooks.internal.example/', 'https://8.8.8.8:8443/', 'http://[2606:4700::1111]/'])(
    '%s passes',
    (url) => expect(refusal(url)).toBeUndefined(),
  );

  it('with http: is refused by httpsOnly, an allowed host too', () => {
    const options = { httpsOnly: true, allow: ['customer.example'] };
    expect(refusal('http://customer.example/', options)).toBe('http: is refused by httpsOnly; use https:');
    expect(refusal('https://customer.example/', options)).toBeUndefined();
  });

  it('with a port that is not among ports is refused, unless an entry of allow names the port', () => {
    const options = { ports: [80, 443], allow: ['*.svc.example:8443', '8.8.8.8:9000', '10.0.0.0/8', 'plain.example'] };
    expect(refusal('https://customer.example:8080/', options)).toBe(
      'port 8080 is not among ports; an entry of allow that names it lets it through',
    );
    for (const url of [
      'https://a.svc.example:8443/',
      'https://customer.example/',
      'http://customer.example/',
      'http://8.8.8.8:9000/',
    ]) {
      expect(refusal(url, options)).toBeUndefined();
    }
    for (const url of [
      'https://a.svc.example:8444/',
      'http://10.0.0.1:8080/',
      'https://plain.example:8443/',
      'http://8.8.8.9:9000/',
    ]) {
      expect(refusal(url, options)).toMatch(/^port \d+ is not among ports/);
    }
  });

  it('is refused by deny whatever else allows it', () => {
    const options = {
      allowPrivate: true,
      allow: ['10.0.0.0/8', 'a.evil.example'],
      deny: ['10.9.0.0/16', '*.evil.example', '8.8.8.8:25'],
    };
    for (const url of [
      'http://10.9.1.1/',
      'http://[::ffff:10.9.1.1]/',
      'http://[64:ff9b::a09:101]/',
      'https://a.evil.example/',
      'http://8.8.8.8:25/',
    ]) {
      expect(refusal(url, options)).toBe('an entry of deny refuses the host');
    }
    for (const url of ['http://10.8.1.1/', 'https://evil.example/', 'http://8.8.8.8/'])
      expect(refusal(url, options)).toBeUndefined();
  });

  it('is refused by deny in every tunnel to a denied address', () => {
    const options = { allow: ['2002::/16', '64:ff9b:1::/48'], deny: ['8.8.8.0/24'] };
    for (const host of ['2002:808:808::', '64:ff9b:1::808:808', '2606:4700::5efe:808:808', '64:ff9b::808:808']) {
      expect(refusal(`http://[${host}]/`, options)).toBe('an entry of deny refuses the host');
    }
  });

  it('is refused by deny by what its address is outside, too', () => {
    expect(refusal('http://[64:ff9b::808:808]/', { deny: ['64:ff9b::/96'] })).toBe('an entry of deny refuses the host');
  });

  it('to an address in another spelling may have the port that allow has for the address', () => {
    const options = { ports: [80], allow: ['8.8.8.8:9000', '[2002::/16]:9000'] };
    for (const host of ['8.8.8.8', '[::ffff:8.8.8.8]', '[64:ff9b::808:808]', '[2002:101:101::]']) {
      expect(refusal(`http://${host}:9000/`, options)).toBeUndefined();
    }
    expect(refusal('http://[::ffff:8.8.8.9]:9000/', options)).toMatch(/^port 9000/);
  });

  it('to a port of allow is let through there alone', () => {
    const options = { allow: ['127.0.0.1:8080', '[::1]:9000'] };
    expect(refusal('http://127.0.0.1:8080/', options)).toBeUndefined();
    expect(refusal('http://[::1]:9000/', options)).toBeUndefined();
    expect(refusal('http://127.0.0.1/', options)).toMatch(/loopback/);
    expect(refusal('http://[::1]:8080/', options)).toMatch(/loopback/);
  });
});

describe('a metadata service', () => {
  const literal = 'http://169.254.169.254/';

  it('is let through by nothing but an entry for it', () => {
    for (const allow of [[], ['169.254.0.0/16'], ['0.0.0.0/0'], ['169.254.169.254/31']]) {
      expect(refusal(literal, { allowPrivate: true, allow })).toMatch(/cloud metadata/);
    }
    expect(refusal(literal, { allow: ['169.254.169.254'] })).toBeUndefined();
    expect(refusal(literal, { allow: ['169.254.169.254:80'] })).toBeUndefined();
  });

  it('with a range of its own is let through by that range, and one with an address by no wider one', () => {
    const passes = (host: string, entry: string): boolean => refusal(`http://[${host}]/`, { allow: [entry] }) === undefined;
    expect([passes('fd00:ec2::254', 'fd00:ec2::/32'), passes('fd00:ec2::254', 'fd00:ec2::/31')]).toEqual([true, false]);
    expect([passes('fd20:ce::254', 'fd20:ce::254'), passes('fd20:ce::254', 'fd20:ce::/64')]).toEqual([true, false]);
  });

  it('stays refused in the ranges that allowPrivate opens', () => {
    for (const host of ['100.100.100.200', '[fd00:ec2::254]', '[fd20:ce::254]']) {
      expect(refusal(`http://${host}/`, { allowPrivate: true })).toMatch(/cloud metadata/);
    }
  });

  it('has names that no suffix lets through', () => {
    const url = 'http://metadata.google.internal/';
    expect(refusal(url, { allowPrivate: true, allow: ['*.internal', '*.google.internal'] })).toMatch(/metadata service/);
    expect(refusal(url, { allow: ['metadata.google.internal'] })).toBeUndefined();
    expect(permits(url, '169.254.169.254', { allow: ['metadata.google.internal'] })).toBe(false);
    expect(permits(url, '169.254.169.254', { allow: ['metadata.google.internal', '169.254.169.254'] })).toBe(true);
  });
});

describe('an address that a name resolved to', () => {
  it.each(['1.1.1.1', '::ffff:1.1.1.1', '64:ff9b::101:101', '2606:4700::1111'])(
    'is permitted where it is public: %s',
    (address) => {
      expect(permits(NAME, address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '::1',
    '::ffff:10.0.0.1',
    '169.254.169.254',
    '168.63.129.16',
    'fe80::1%eth0',
    '',
    'customer.example',
    '127.1',
  ])('is refused where it is not, or is no address: %j', (address) => expect(permits(NAME, address)).toBe(false));

  it('may be private where allowPrivate or an entry with the host says so, and never link-local, reserved or metadata by these', () => {
    for (const options of [{ allowPrivate: true }, { allow: ['customer.example'] }, { allow: ['customer.example:443'] }]) {
      for (const address of ['10.0.0.1', '127.0.0.1', '100.64.0.1', 'fd12::1'])
        expect(permits(NAME, address, options)).toBe(true);
      for (const address of ['169.254.1.1', '169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '192.0.2.1', '2002:a00:1::']) {
        expect(permits(NAME, address, options)).toBe(false);
      }
    }
    expect(permits(NAME, '10.0.0.1', { allow: ['customer.example:8443', '*.customer.example'] })).toBe(false);
  });

  it('may be in a range of allow, whatever the range is for', () => {
    const options = { allow: ['10.1.0.0/16', '169.254.0.0/16', '192.168.1.1:443', '192.168.1.2:80'] };
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '169.254.1.1', '192.168.1.1'])
      expect(permits(NAME, address, options)).toBe(true);
    for (const address of ['10.2.0.1', '169.254.169.254', '192.168.1.2']) expect(permits(NAME, address, options)).toBe(false);
  });

  it('in a tunnel that allow has must lead to an address that may be connected to by itself', () => {
    const options = { allow: ['2002::/16'] };
    expect(permits(NAME, '2002:808:808::', options)).toBe(true);
    expect(permits(NAME, '2002:a00:1::', options)).toBe(false);
    expect(permits(NAME, '2002:a00:1::', { allow: ['2002::/16', '10.0.0.0/8'] })).toBe(true);
  });

  it('is refused by deny, on top of allow', () => {
    expect(permits(NAME, '8.8.8.8', { deny: ['8.8.8.0/24'] })).toBe(false);
    expect(permits(NAME, '10.1.2.3', { allow: ['10.1.0.0/16'], deny: ['10.1.2.3:443'] })).toBe(false);
    expect(permits(NAME, '10.1.2.3', { allow: ['10.1.0.0/16'], deny: ['10.1.2.3:444'] })).toBe(true);
  });
});
