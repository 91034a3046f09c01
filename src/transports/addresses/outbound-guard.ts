import { type DestinationHost, destinationOf, isPrivateName, type NamedHost } from './destination-host.js';
import { type DestinationPattern, matchesAddress, matchesName } from './destination-pattern.js';
import { facesOf } from './embedded-ipv4.js';
import type { OutboundGuardSettings } from './guard-options.js';
import { type IpAddress, parseIpAddress } from './ip-address.js';
import { isMetadataName } from './metadata-services.js';
import {
  REFUSED_BY_DENY,
  REFUSED_CREDENTIALS,
  REFUSED_HTTP,
  REFUSED_METADATA_NAME,
  REFUSED_PRIVATE_NAME,
  refusedAddress,
  refusedPort,
} from './refusal.js';
import { type AddressFinding, findingOf } from './special-ranges.js';

/**
 * Decides where callbacks may go. It is asked twice: {@link refusalOf} of each URL before anything is resolved, {@link permits} of
 * each address that a name resolved to, at every connect. It holds rules and no state, and knows no network.
 */
export class OutboundGuard {
  readonly #settings: OutboundGuardSettings;

  constructor(settings: OutboundGuardSettings) {
    this.#settings = settings;
  }

  /** Why an `http:` or `https:` URL is refused, by what stands in it; undefined where nothing speaks against it. */
  refusalOf(url: URL): string | undefined {
    if (url.username !== '' || url.password !== '') return REFUSED_CREDENTIALS;
    if (this.#settings.httpsOnly && url.protocol !== 'https:') return REFUSED_HTTP;
    const host = destinationOf(url);
    if (this.#denies(host)) return REFUSED_BY_DENY;
    if (!this.#opensPort(host)) return refusedPort(host.port);
    if (host.address === undefined) return this.#refusalOfName(host);
    const refused = this.#refusedFace(host.address, host.port, false);
    return refused === undefined ? undefined : refusedAddress(refused);
  }

  /** May a connect to this URL, whose host is a name, go to this address? What is no address may not. */
  permits(url: URL, address: string): boolean {
    const host = destinationOf(url);
    const parsed = parseIpAddress(address);
    if (parsed === undefined || this.#denies({ address: parsed, port: host.port })) return false;
    const hostIsAllowed = host.address === undefined && this.#allowsName(host);
    return this.#refusedFace(parsed, host.port, hostIsAllowed) === undefined;
  }

  #denies(host: DestinationHost): boolean {
    return this.#settings.deny.some((pattern) => matches(pattern, host));
  }

  /** A range of `allow` opens its port to hosts that are addresses: of a name it is asked before its addresses are known. */
  #opensPort(host: DestinationHost): boolean {
    const { ports, allow } = this.#settings;
    if (ports === undefined || ports.has(host.port)) return true;
    return allow.some((pattern) => pattern.port !== undefined && matches(pattern, host));
  }

  #refusalOfName(host: NamedHost): string | undefined {
    const { allow, allowPrivate } = this.#settings;
    if (isMetadataName(host.name)) {
      const isNamed = allow.some(
        (pattern) => pattern.cidr === undefined && !pattern.isSuffix && matchesName(pattern, host.name, host.port),
      );
      return isNamed ? undefined : REFUSED_METADATA_NAME;
    }
    return isPrivateName(host.name) && !allowPrivate && !this.#allowsName(host) ? REFUSED_PRIVATE_NAME : undefined;
  }

  #allowsName({ name, port }: NamedHost): boolean {
    return this.#settings.allow.some((pattern) => matchesName(pattern, name, port));
  }

  /** The first of the address's faces that nothing lets through. */
  #refusedFace(address: IpAddress, port: number, hostIsAllowed: boolean): AddressFinding | undefined {
    const { allowPrivate } = this.#settings;
    for (const face of facesOf(address)) {
      const finding = findingOf(face);
      if (finding.level === 'public') continue;
      if (finding.level === 'private' && (allowPrivate || hostIsAllowed)) continue;
      if (!this.#allowsAddress(face, port, finding)) return finding;
    }
    return undefined;
  }

  /** A range let through for other reasons must not open the metadata service in it: that takes an entry as narrow as itself. */
  #allowsAddress(address: IpAddress, port: number, { level, prefix }: AddressFinding): boolean {
    const narrowest = level === 'metadata' ? prefix : 0;
    return this.#settings.allow.some(
      (pattern) => matchesAddress(pattern, address, port) && pattern.cidr !== undefined && pattern.cidr.prefix >= narrowest,
    );
  }
}

/** True where the entry is about this host, an address by any of its faces. */
function matches(pattern: DestinationPattern, host: DestinationHost): boolean {
  if (host.address === undefined) return matchesName(pattern, host.name, host.port);
  return [host.address, ...facesOf(host.address)].some((address) => matchesAddress(pattern, address, host.port));
}
