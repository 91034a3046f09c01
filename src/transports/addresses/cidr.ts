import { type IpAddress, parseIpAddress } from './ip-address.js';

/** A range of addresses of one family: all whose first bits are those of `network`. */
export interface Cidr {
  /** All bits behind the prefix are zero. */
  readonly network: IpAddress;
  /** How many bits are fixed: 0 to 32, or to 128. */
  readonly prefix: number;
}

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** Reads `10.0.0.0/8`, or an address alone, which is a range of one. Undefined where bits behind the prefix are set: a slip. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.split('/');
  // A zone names an interface: no range has one.
  const network = address.includes('%') || more.length > 0 ? undefined : parseIpAddress(address);
  if (network === undefined) return undefined;
  const bits = network.length * 8;
  if (length !== undefined && !PREFIX.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  return prefix <= bits && isZeroFrom(network, prefix) ? { network, prefix } : undefined;
}

/** A range that this source has written down. */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new TypeError(`no range: ${text}`);
  return parsed;
}

/** True where the address lies in the range. Addresses of the other family never do. */
export function contains({ network, prefix }: Cidr, address: IpAddress): boolean {
  if (address.length !== network.length) return false;
  const whole = prefix >> 3;
  for (let index = 0; index < whole; index++) {
    if (address[index] !== network[index]) return false;
  }
  const mask = maskOf(prefix);
  return mask === 0 || ((address[whole] ?? 0) & mask) === network[whole];
}

/** The bits of the byte that the prefix cuts in two. */
const maskOf = (prefix: number): number => (0xff00 >> (prefix & 7)) & 0xff;

function isZeroFrom(network: IpAddress, prefix: number): boolean {
  const cut = prefix >> 3;
  return network.every((byte, index) => index < cut || (index === cut ? byte & ~maskOf(prefix) & 0xff : byte) === 0);
}
