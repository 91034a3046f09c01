import { BlockList, isIP } from 'node:net';
import type { AddressLevel } from '../../../src/transports/addresses/special-ranges.js';

/**
 * A second opinion on addresses, on Node's BlockList and as coarse as it can be: what is refused by default, what
 * `allowPrivate` opens. It knows no metadata services and no ISATAP.
 */
type Family = 'ipv4' | 'ipv6';

function ranges(family: Family, cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}

const PRIVATE_V4 = ranges('ipv4', ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
const RESERVED_V4 = ranges('ipv4', [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]);
const PRIVATE_V6 = ranges('ipv6', ['::1/128', 'fc00::/7']);
const GLOBAL_V6 = ranges('ipv6', ['2000::/3']);
const RESERVED_V6 = ranges('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']);
const MAPPED = ranges('ipv6', ['::ffff:0:0/96']);

/** What the second opinion is; undefined for what is no address. */
export function blockListLevel(address: string): Exclude<AddressLevel, 'metadata'> | undefined {
  const family = isIP(address);
  if (family === 4) return levelOfV4(address, 'ipv4');
  return family === 6 ? levelOfV6(address) : undefined;
}

function levelOfV4(address: string, family: Family): Exclude<AddressLevel, 'metadata'> {
  if (PRIVATE_V4.check(address, family)) return 'private';
  return RESERVED_V4.check(address, family) ? 'reserved' : 'public';
}

function levelOfV6(address: string): Exclude<AddressLevel, 'metadata'> {
  const v4 = MAPPED.check(address, 'ipv6') ? address : behindNat64(address);
  // Node judges a mapped address by its IPv4 rules.
  if (v4 !== undefined) return levelOfV4(v4, 'ipv6');
  if (PRIVATE_V6.check(address, 'ipv6')) return 'private';
  return GLOBAL_V6.check(address, 'ipv6') && !RESERVED_V6.check(address, 'ipv6') ? 'public' : 'reserved';
}

/** The mapped spelling of what a NAT64 address leads to. */
function behindNat64(address: string): string | undefined {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  if (!canonical.startsWith('64:ff9b::')) return undefined;
  const words = canonical.slice('64:ff9b::'.length).split(':');
  if (words.length > 2) return undefined;
  return `::ffff:${words.length === 2 ? words[0] : '0'}:${words.at(-1) || '0'}`;
}
