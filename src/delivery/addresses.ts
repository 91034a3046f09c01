import { RingbackError } from '../errors.js';
import { DestinationMap } from '../policies/destination-map.js';
import type { Transport } from '../transports/transport.js';

/** Where a callback goes. */
export interface Address {
  /** The normalised URI. */
  readonly to: string;
  /** The key by which policies and lines are kept. */
  readonly destination: string;
  /** The first transport that accepts the URI. */
  readonly transport: Transport;
}

/** Parsing a URI costs as much as signing a message, and most go where others went before. */
const MAX_REMEMBERED = 1_000;

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/** Parses destinations, and remembers the last ones. Messages never show a URI: it may carry a secret. */
export class Addresses {
  readonly #remembered: DestinationMap<Address>;
  readonly #transports: readonly Transport[];
  readonly #destinationOf: (to: URL) => string;

  constructor(transports: readonly Transport[], destinationOf: (to: URL) => string) {
    this.#transports = transports;
    this.#destinationOf = destinationOf;
    this.#remembered = new DestinationMap({
      maxDestinations: MAX_REMEMBERED,
      create: (to) => this.#parse(to),
      mayEvict: () => true,
    });
  }

  /** @throws RingbackError `invalid-callback`, `unsupported-destination`. */
  of(to: unknown): Address {
    if (typeof to === 'string') return this.#remembered.get(to);
    if (to instanceof URL) return this.#remembered.get(to.href);
    throw invalid(`to must be a URI such as https://customer.example/hooks, got ${to === null ? 'null' : typeof to}`);
  }

  #parse(to: string): Address {
    const url = URL.parse(to);
    if (url === null) {
      throw invalid(
        `to must be a URI such as https://customer.example/hooks, got a string of ${to.length} characters that is none`,
      );
    }
    if (url.username !== '' || url.password !== '') {
      throw invalid(`to must carry no credentials, got some for ${url.host}: put them into a header`);
    }
    if (url.hash !== '') url.hash = '';
    return { to: url.href, destination: this.#destinationOf(url), transport: this.#transportFor(url) };
  }

  #transportFor(url: URL): Transport {
    const transport = this.#transports.find((candidate) => accepts(candidate, url));
    if (transport !== undefined) return transport;
    const names = this.#transports.map(({ name }) => name).join(', ');
    throw new RingbackError(
      'unsupported-destination',
      `no transport accepts the scheme ${JSON.stringify(url.protocol)} (string); there is ${names}`,
    );
  }
}

function accepts(transport: Transport, to: URL): boolean {
  try {
    return transport.accepts(to);
  } catch (cause) {
    throw new RingbackError('unsupported-destination', `accepts() of the transport ${transport.name} threw`, { cause });
  }
}
