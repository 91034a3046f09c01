import { isRingbackError, RingbackError } from '../errors.js';
import { type Bookmark, DestinationMap } from '../policies/destination-map.js';
import type { Pipeline } from '../policies/pipeline/pipeline.js';
import type { Transport } from '../transports/transport.js';

/** Where a callback goes, with a bookmark of its destination's pipeline: a remembered URI needs no second lookup. */
export interface Address extends Bookmark<Pipeline> {
  /** The normalised URI. */
  readonly to: string;
  /** The key by which policies and lines are kept. */
  readonly destination: string;
  /** The first transport that accepts the URI. */
  readonly transport: Transport;
}

/** A longer URI is parsed each time: memory is bounded by length too. */
const MAX_REMEMBERED_LENGTH = 2_048;

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/**
 * Parses destinations, and remembers the last ones, as parsing a URI costs as much as signing a message. It remembers as many as
 * have policies: fewer would be parsed anew at nearly every delivery. Messages never show a URI: it may carry a secret.
 */
export class Addresses {
  readonly #remembered: DestinationMap<Address>;
  readonly #transports: readonly Transport[];
  readonly #destinationOf: (to: URL) => string;

  constructor(transports: readonly Transport[], destinationOf: (to: URL) => string, maxRemembered: number) {
    this.#transports = transports;
    this.#destinationOf = destinationOf;
    this.#remembered = new DestinationMap({
      maxDestinations: maxRemembered,
      create: (to) => this.#parse(to),
      mayEvict: () => true,
    });
  }

  /** @throws RingbackError `invalid-callback`, `unsupported-destination`. */
  of(to: unknown): Address {
    if (typeof to === 'string') return to.length > MAX_REMEMBERED_LENGTH ? this.#parse(to) : this.#remembered.get(to);
    if (to instanceof URL) return this.of(to.href);
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
    const { href } = url;
    // The same string where it is one: comparing it with itself, as a map does, reads none of its characters.
    const destination = this.#destinationOf(url);
    return { to: href === to ? to : href, destination, transport: this.#transportFor(url), entry: undefined };
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
    // It is the transport's own scheme, and malformed by its rules.
    if (isRingbackError(cause, 'invalid-callback')) throw cause;
    throw new RingbackError('unsupported-destination', `accepts() of the transport ${transport.name} threw`, { cause });
  }
}
