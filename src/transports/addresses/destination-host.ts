import { type IpAddress, parseIpAddress } from './ip-address.js';

/** Where a URL leads, by what stands in it. */
export type DestinationHost = LiteralHost | NamedHost;

/** A host that is an address: nothing will be resolved. */
export interface LiteralHost {
  readonly address: IpAddress;
  readonly port: number;
}

/** A host that is a name: what it resolves to is known at the connect. */
export interface NamedHost {
  readonly address?: undefined;
  /** In lower case, in ASCII (`xn--…`), without a dot at its end. */
  readonly name: string;
  readonly port: number;
}

/** Reads an `http:` or `https:` URL. Its parser has already brought every spelling of an address to one form. */
export function destinationOf({ hostname, port: text, protocol }: URL): DestinationHost {
  const port = text === '' ? (protocol === 'https:' ? 443 : 80) : Number(text);
  const host = withoutDots(hostname);
  const address = parseIpAddress(host.startsWith('[') ? host.slice(1, -1) : host);
  return address === undefined ? { name: host, port } : { address, port };
}

/** With two dots at its end an address is a name to the parser, and may be the address again to whoever resolves it. */
function withoutDots(hostname: string): string {
  if (!hostname.endsWith('.')) return hostname;
  const host = hostname.replace(/\.+$/, '');
  return URL.parse(`http://${host}`)?.hostname ?? host;
}

/** By standard never public: RFC 6761, RFC 6762, ICANN's resolution of 2024, RFC 8375. */
const PRIVATE_SUFFIXES: readonly string[] = ['.localhost', '.local', '.internal', '.home.arpa'];

/** True for names that only private networks have; names of one label, `localhost` among them, are looked up in a search domain. */
export function isPrivateName(name: string): boolean {
  return !name.includes('.') || PRIVATE_SUFFIXES.some((suffix) => name.endsWith(suffix));
}
