import { type Cidr, cidr, contains, parseCidr } from './cidr.js';
import { type IpAddress, parseIpAddress } from './ip-address.js';

/** An entry of `allow` or `deny`. Without a port it is about all ports. */
export type DestinationPattern = RangePattern | NamePattern;

/** Addresses: those of literal hosts, and those that names resolve to. */
export interface RangePattern {
  readonly cidr: Cidr;
  readonly port: number | undefined;
}

/** A host by its name, or with `*.` all names under one. */
export interface NamePattern {
  readonly cidr?: undefined;
  /** As `destinationOf` gives names. Of a pattern with `*.` the part behind the asterisk: `.svc.example`. */
  readonly name: string;
  readonly isSuffix: boolean;
  readonly port: number | undefined;
}

/** What {@link parsePattern} takes, in words. */
export const PATTERN_RULE =
  'an address, a range, a host or a *.suffix, with or without a port: 10.1.0.0/16, [fd12::/16]:8080, hooks.example, *.svc.example:8443';

const BRACKETED = /^\[([^\]]*)\](?::(\d{1,5}))?$/;
const WITH_PORT = /^([^:]+)(?::(\d{1,5}))?$/;

/** Reads an entry; undefined where it breaks {@link PATTERN_RULE}. */
export function parsePattern(text: string): DestinationPattern | undefined {
  // A second colon outside of brackets can only be IPv6's, and then there is no port.
  const bare = text.split(':').length > 2 && !text.startsWith('[');
  const [, host, portText] = bare ? ['', text] : (BRACKETED.exec(text) ?? WITH_PORT.exec(text) ?? []);
  if (host === undefined) return undefined;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const range = parseCidr(host);
  if (range !== undefined) return isMapped(range) ? undefined : { cidr: range, port };
  return bare || text.startsWith('[') ? undefined : namePattern(host, port);
}

const MAPPED = cidr('::ffff:0:0/96');

/** Addresses are compared as IPv4 ones where they are, so such a range would never match. */
const isMapped = ({ network }: Cidr): boolean => contains(MAPPED, network);

/** What a URL's parser would cut off, decode or drop in silence. */
const NO_HOST = /[\s/\\?#@%]/;
/** A URL's parser takes more, an asterisk and a comma among it. In a list that is a slip, and would never match. */
const HOST = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

function namePattern(host: string, port: number | undefined): NamePattern | undefined {
  const isSuffix = host.startsWith('*.');
  const written = isSuffix ? host.slice(2) : host;
  if (NO_HOST.test(written)) return undefined;
  const name = URL.parse(`http://${written}/`)?.hostname.replace(/\.+$/, '') ?? '';
  // `127.1` and `0x7f.1` are addresses to a URL's parser. In a list they are more likely a slip.
  if (!HOST.test(name) || parseIpAddress(name) !== undefined) return undefined;
  return { name: isSuffix ? `.${name}` : name, isSuffix, port };
}

/** True where the entry names this host. */
export function matchesName(pattern: DestinationPattern, name: string, port: number): boolean {
  if (pattern.cidr !== undefined || !isForPort(pattern, port)) return false;
  return pattern.isSuffix ? name.endsWith(pattern.name) : name === pattern.name;
}

/** True where the entry's range has this address. */
export function matchesAddress(pattern: DestinationPattern, address: IpAddress, port: number): boolean {
  return pattern.cidr !== undefined && isForPort(pattern, port) && contains(pattern.cidr, address);
}

const isForPort = (pattern: DestinationPattern, port: number): boolean => pattern.port === undefined || pattern.port === port;
