import { RingbackError } from '../../errors.js';
import { parseAddress } from './address.js';

/** As many as every server takes in one transaction (RFC 5321 §4.5.3.1.8). */
const MAX_RECIPIENTS = 100;

const SCHEME = /^mailto:/i;

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/**
 * The addresses that a `mailto:` URI names (RFC 6068), each once, in their order. Its path is addresses and nothing else: a query
 * could add recipients and headers to a mail, so it is refused. Messages show no address.
 *
 * @throws RingbackError `unsupported-destination` for another scheme, `invalid-callback` for what is no list of addresses.
 */
export function recipientsOf(to: string): readonly string[] {
  if (!SCHEME.test(to)) throw new RingbackError('unsupported-destination', 'to must be a mailto: URI');
  const path = to.slice('mailto:'.length);
  if (/[?#]/.test(path)) {
    throw invalid('a mailto: destination must be addresses alone, got a query or fragment: a subject comes with the mail');
  }
  const parts = path.split(',');
  if (parts.length > MAX_RECIPIENTS) {
    throw invalid(`a mailto: destination must have at most ${MAX_RECIPIENTS} recipients, got ${parts.length}`);
  }
  const addresses = parts.map((part, index) => {
    const address = addressOf(part);
    if (address !== undefined) return address;
    const which = parts.length === 1 ? 'its recipient' : `recipient ${index + 1} of ${parts.length}`;
    throw invalid(`a mailto: destination must be addresses like user@customer.example, but ${which} is none`);
  });
  return [...new Set(addresses)];
}

/**
 * `//` begins the authority of other URIs: who wrote it meant no local part. An `@` in percent-encoding is none of the URI's: who looks
 * for the domain without decoding it would find another one.
 */
function addressOf(part: string): string | undefined {
  if (part.startsWith('//') || !part.includes('@')) return undefined;
  try {
    return parseAddress(decodeURIComponent(part));
  } catch {
    return undefined;
  }
}
