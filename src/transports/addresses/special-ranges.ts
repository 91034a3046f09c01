import { type Cidr, cidr, contains } from './cidr.js';
import type { IpAddress } from './ip-address.js';
import { METADATA_ADDRESSES } from './metadata-services.js';

/** How much it takes to let an address through. */
export type AddressLevel =
  /** Nothing: anyone's, what callbacks are for. */
  | 'public'
  /** `allowPrivate`, or an entry in `allow`: the process's own machine or network. */
  | 'private'
  /** An entry in `allow` with its range: no place for a callback anywhere. */
  | 'reserved'
  /** An entry in `allow` for nothing but it: it hands out the machine's credentials. */
  | 'metadata';

/** What an address is, and the range that says so. */
export interface AddressFinding {
  readonly level: AddressLevel;
  /** What the range is for, as a reader of a refusal sees it. */
  readonly rule: string;
  /** The range as text. */
  readonly range: string;
  /** How many bits of an address the range fixes. */
  readonly prefix: number;
}

/** One range, how much it takes to let it through, and what it is for. */
export type SpecialRange = readonly [range: string, level: AddressLevel, rule: string];

/**
 * The special-purpose registries of IANA (RFC 6890 and what updates it), multicast, and the metadata services of clouds. The first
 * row that fits counts. Tunnels are refused as such: through them any IPv4 address can
 * be reached. The one exception, NAT64's well-known prefix, is how IPv6-only networks reach every IPv4 host.
 */
export const SPECIAL_RANGES: readonly SpecialRange[] = [
  ...METADATA_ADDRESSES.map((address): SpecialRange => [address, 'metadata', 'cloud metadata']),
  ['0.0.0.0/8', 'reserved', 'this network'],
  ['10.0.0.0/8', 'private', 'private'],
  ['100.64.0.0/10', 'private', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'private', 'loopback'],
  ['169.254.0.0/16', 'reserved', 'link-local'],
  ['172.16.0.0/12', 'private', 'private'],
  ['192.0.0.0/24', 'reserved', 'protocol assignments'],
  ['192.0.2.0/24', 'reserved', 'documentation'],
  ['192.31.196.0/24', 'reserved', 'AS112'],
  ['192.52.193.0/24', 'reserved', 'multicast tunnelling'],
  ['192.88.99.0/24', 'reserved', '6to4 relay'],
  ['192.168.0.0/16', 'private', 'private'],
  ['192.175.48.0/24', 'reserved', 'AS112'],
  ['198.18.0.0/15', 'reserved', 'benchmark'],
  ['198.51.100.0/24', 'reserved', 'documentation'],
  ['203.0.113.0/24', 'reserved', 'documentation'],
  ['224.0.0.0/4', 'reserved', 'multicast'],
  ['255.255.255.255/32', 'reserved', 'broadcast'],
  ['240.0.0.0/4', 'reserved', 'reserved'],
  ['::/128', 'reserved', 'unspecified'],
  ['::1/128', 'private', 'loopback'],
  ['::/96', 'reserved', 'IPv4-compatible'],
  ['::ffff:0:0:0/96', 'reserved', 'IPv4-translated'],
  ['64:ff9b:1::/48', 'reserved', 'local NAT64'],
  ['100::/64', 'reserved', 'discard-only'],
  ['2001::/32', 'reserved', 'Teredo'],
  ['2001:2::/48', 'reserved', 'benchmark'],
  ['2001:10::/28', 'reserved', 'ORCHID'],
  ['2001::/23', 'reserved', 'protocol assignments'],
  ['2001:db8::/32', 'reserved', 'documentation'],
  ['2002::/16', 'reserved', '6to4'],
  ['2620:4f:8000::/48', 'reserved', 'AS112'],
  ['3fff::/20', 'reserved', 'documentation'],
  ['5f00::/16', 'reserved', 'segment routing'],
  ['fc00::/7', 'private', 'unique local'],
  ['fe80::/10', 'reserved', 'link-local'],
  ['fec0::/10', 'reserved', 'site-local'],
  ['ff00::/8', 'reserved', 'multicast'],
  // All that is given out for unicast; what no row has is not in use.
  ['2000::/3', 'public', 'public'],
  ['::/0', 'reserved', 'unassigned'],
  ['0.0.0.0/0', 'public', 'public'],
];

const RANGES: readonly { readonly cidr: Cidr; readonly finding: AddressFinding }[] = SPECIAL_RANGES.map(
  ([range, level, rule]) => {
    const parsed = cidr(range);
    return { cidr: parsed, finding: { level, rule, range, prefix: parsed.prefix } };
  },
);

/** What the address is by itself; an IPv4 address inside it is the business of `facesOf`. */
export function findingOf(address: IpAddress): AddressFinding {
  const row = RANGES.find((candidate) => contains(candidate.cidr, address));
  if (row === undefined) throw new TypeError(`an address has 4 or 16 bytes, this one ${address.length}`);
  return row.finding;
}
