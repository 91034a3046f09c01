import type { AddressFinding } from './special-ranges.js';

/**
 * Why the guard refuses, for a person: the rule, and what lets the destination through. They say no more about a name than stands in
 * the URL: what it resolved to is a fact about the network inside, and whoever picks URLs must not learn it.
 */
export const REFUSED_CREDENTIALS = 'a URL with credentials is refused; put them into a header';

export const REFUSED_HTTP = 'http: is refused by httpsOnly; use https:';

export const REFUSED_BY_DENY = 'an entry of deny refuses the host';

export const REFUSED_METADATA_NAME =
  'the name of a cloud metadata service is refused; only an entry of allow with this very name lets it through';

export const REFUSED_PRIVATE_NAME =
  'a name that only private networks have is refused; allowPrivate or an entry of allow with it lets it through';

/** Of every name, whatever its addresses are and whichever rule they broke. */
export const REFUSED_BY_ADDRESS =
  'the name has an address that is not allowed; allowPrivate lets loopback and private ones through, an entry of allow a host or a range';

export function refusedPort(port: number): string {
  return `port ${port} is not among ports; an entry of allow that names it lets it through`;
}

/** Of a host that is an address, so all is said in the URL already. */
export function refusedAddress({ level, rule, range }: AddressFinding): string {
  const way = {
    public: 'nothing more is needed to let it through',
    private: 'allowPrivate or an entry of allow lets it through',
    reserved: 'only an entry of allow with its range lets it through',
    metadata: 'only an entry of allow for nothing but it lets it through',
  }[level];
  return `the address is refused as ${rule} (${range}); ${way}`;
}
