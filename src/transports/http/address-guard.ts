import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** What an address is to callbacks sent from inside a service's network. */
export type AddressKind =
  /** Anyone's: what callbacks are for. */
  | 'public'
  /** The process's own machine or network: only where the operator allows it. */
  | 'private'
  /** No place for a callback anywhere: link-local (cloud metadata lives there), multicast, documentation, reserved. */
  | 'reserved';

type Family = 'ipv4' | 'ipv6';

function ranges(family: Family, cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const slash = cidr.indexOf('/');
    list.addSubnet(cidr.slice(0, slash), Number(cidr.slice(slash + 1)), family);
  }
  return list;
}

/** Loopback, private (RFC 1918), carrier-grade NAT (RFC 6598). */
const PRIVATE_V4 = ranges('ipv4', ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);

/** From IANA's special-purpose registry: "this network", link-local, protocol assignments, documentation, benchmarks, multicast, reserved. */
const RESERVED_V4 = ranges('ipv4', [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** Loopback, unique local (RFC 4193), locally assigned NAT64 (RFC 8215). */
const PRIVATE_V6 = ranges('ipv6', ['::1/128', 'fc00::/7', '64:ff9b:1::/48']);

/** All that is given out for unicast. What lies outside is link-local, multicast, unspecified or unassigned. */
const GLOBAL_V6 = ranges('ipv6', ['2000::/3']);

/** Inside it: protocol assignments with Teredo, documentation, 6to4. The tunnels can carry any IPv4 address, private ones too. */
const RESERVED_V6 = ranges('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** IPv4 in IPv6 clothes. Node's BlockList judges such an address by its IPv4 rules. */
const MAPPED = ranges('ipv6', ['::ffff:0:0/96']);

/** By it IPv6-only networks reach every IPv4 host (RFC 6052), so what counts is the IPv4 address in the last two words. */
const NAT64_PREFIX = '64:ff9b::';

/** What kind of address it is. Whatever is no address at all is `reserved`. */
export function addressKind(address: string): AddressKind {
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  const family = isIP(bare);
  if (family === 4) return kindOfV4(bare, 'ipv4');
  return family === 6 ? kindOfV6(bare) : 'reserved';
}

function kindOfV4(address: string, family: Family): AddressKind {
  if (PRIVATE_V4.check(address, family)) return 'private';
  return RESERVED_V4.check(address, family) ? 'reserved' : 'public';
}

function kindOfV6(address: string): AddressKind {
  const v4 = MAPPED.check(address, 'ipv6') ? address : behindNat64(address);
  if (v4 !== undefined) return kindOfV4(v4, 'ipv6');
  if (PRIVATE_V6.check(address, 'ipv6')) return 'private';
  return GLOBAL_V6.check(address, 'ipv6') && !RESERVED_V6.check(address, 'ipv6') ? 'public' : 'reserved';
}

/** The IPv4 address that a NAT64 address leads to, as a mapped one. */
function behindNat64(address: string): string | undefined {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  if (!canonical.startsWith(NAT64_PREFIX)) return undefined;
  const words = canonical.slice(NAT64_PREFIX.length).split(':');
  if (words.length > 2) return undefined;
  return `::ffff:${words.length === 2 ? words[0] : '0'}:${words.at(-1) || '0'}`;
}

/** What the guard lets through beside public addresses. */
export interface GuardSettings {
  readonly allowPrivate: boolean;
}

/**
 * Says why an address was refused. It is the same sentence for every address and name: it tells how to allow private ones, and
 * never what a name resolved to.
 */
export const FORBIDDEN_REASON =
  'the destination has an address that is not public; http({ allowPrivate: true }) allows loopback and private ones';

/** Thrown inside a connect, to be told from what the network does. */
export class ForbiddenAddressError extends Error {
  constructor() {
    super(FORBIDDEN_REASON);
  }
}

/** May be connected to? */
export function isAllowed(address: string, { allowPrivate }: GuardSettings): boolean {
  const kind = addressKind(address);
  return kind === 'public' || (allowPrivate && kind === 'private');
}

/**
 * The system's lookup, refusing a name when any of its addresses is refused: an attacker's name with one good and one bad
 * address gets nowhere. The socket connects to what this returns, so a name that resolves anew can't slip past.
 */
export function guardedLookup(settings: GuardSettings): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      if (addresses.some(({ address }) => !isAllowed(address, settings))) return callback(new ForbiddenAddressError(), []);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
