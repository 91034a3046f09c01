import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { OutboundGuard } from '../addresses/outbound-guard.js';
import { REFUSED_BY_ADDRESS } from '../addresses/refusal.js';

/**
 * Your own way from a host's name to its addresses: a cache, a resolver of your network, a script in a test. It gives addresses as text,
 * the first one preferred; none means that there is no such host.
 *
 * @param name as the URL has it: lower case, in ASCII
 */
export type HostResolver = (name: string) => Promise<readonly string[]>;

/** Thrown inside a connect, to be told from what the network does. */
export class ForbiddenAddressError extends Error {
  constructor() {
    super(REFUSED_BY_ADDRESS);
  }
}

/** A resolver of the user's threw, or gave what is no list. Its cause may tell as much as the system's errors do. */
export class ResolverError extends Error {}

/** As the system's resolver says it. */
class NoAddressError extends Error {
  readonly code = 'ENOTFOUND';
}

/** What a connect is guarded by. */
export interface LookupGuard {
  readonly guard: OutboundGuard;
  /** Undefined for the system's. */
  readonly resolveHost: HostResolver | undefined;
}

/**
 * Resolves a name for connects to this URL, and refuses it when any of its addresses is refused: an attacker's name with one good and
 * one bad address gets nowhere. The socket connects to what this returns and asks anew for each connect, so a name that
 * changes its addresses can't slip past, whichever of them Node tries first.
 */
export function guardedLookup({ guard, resolveHost }: LookupGuard, url: URL): LookupFunction {
  const faultOf = (addresses: readonly LookupAddress[]): Error | undefined => {
    if (addresses.length === 0) return new NoAddressError();
    return addresses.every(({ address }) => guard.permits(url, address)) ? undefined : new ForbiddenAddressError();
  };
  return (hostname, options, callback) => {
    // The system's resolver gives no list with its errors, whatever its types say.
    const check = (error: Error | null, addresses: LookupAddress[] = []): void => {
      const fault = error ?? faultOf(addresses);
      const [first] = addresses;
      if (fault !== undefined || first === undefined) callback(fault ?? null, []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    };
    if (resolveHost === undefined) lookup(hostname, { ...options, all: true }, check);
    else {
      askResolver(resolveHost, hostname).then(
        (addresses) => check(null, addresses),
        (error) => check(error as Error),
      );
    }
  };
}

async function askResolver(resolveHost: HostResolver, name: string): Promise<LookupAddress[]> {
  try {
    const addresses = await resolveHost(name);
    if (!Array.isArray(addresses)) throw new TypeError('it gave no list');
    // What is no address has the family 0; the guard refuses it.
    return addresses.map((address: string) => ({ address: String(address), family: isIP(address) }));
  } catch (cause) {
    throw new ResolverError('resolveHost failed', { cause });
  }
}
