import { type Cidr, cidr, contains } from './cidr.js';
import type { IpAddress } from './ip-address.js';

/** IPv4 in another spelling (RFC 4291), and NAT64's well-known prefix (RFC 6052): what counts is the IPv4 address alone. */
const SPELLINGS: readonly Cidr[] = [cidr('::ffff:0:0/96'), cidr('64:ff9b::/96')];

/** Tunnels and translations, and the byte at which their IPv4 address begins. */
const TUNNELS: readonly { readonly cidr: Cidr; readonly at: number; readonly inverted?: boolean }[] = [
  { cidr: cidr('::/96'), at: 12 }, // IPv4-compatible
  { cidr: cidr('::ffff:0:0:0/96'), at: 12 }, // IPv4-translated (RFC 7915)
  { cidr: cidr('64:ff9b:1::/48'), at: 12 }, // local NAT64 (RFC 8215), in the layout of a /96
  { cidr: cidr('2002::/16'), at: 2 }, // 6to4 (RFC 3056)
  { cidr: cidr('2001::/32'), at: 4 }, // Teredo (RFC 4380): its server
  { cidr: cidr('2001::/32'), at: 12, inverted: true }, // and its client
];

/** `::` and `::1` have the form of IPv4-compatible addresses, and are none. */
const NOT_COMPATIBLE = cidr('::/127');

/**
 * The addresses by which an address is judged, each of which must be allowed: an IPv4 one for IPv4 in another spelling; for tunnels
 * the address itself and the IPv4 address inside; else the address itself.
 */
export function facesOf(address: IpAddress): readonly IpAddress[] {
  if (address.length === 4) return [address];
  if (SPELLINGS.some((range) => contains(range, address))) return [v4At(address, 12)];
  const faces = [address];
  if (contains(NOT_COMPATIBLE, address)) return faces;
  for (const { cidr: range, at, inverted } of TUNNELS) {
    if (contains(range, address)) faces.push(inverted ? v4At(address, at).map((byte) => byte ^ 0xff) : v4At(address, at));
  }
  if (isIsatap(address)) faces.push(v4At(address, 12));
  return faces;
}

const v4At = (address: IpAddress, at: number): IpAddress => address.subarray(at, at + 4);

/** ISATAP (RFC 5214) has no prefix of its own: its interface identifier is `0:5efe` or `200:5efe` and an IPv4 address. */
function isIsatap(address: IpAddress): boolean {
  return ((address[8] ?? 0) & ~2) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
}
