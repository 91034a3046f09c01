import type { Message } from '../callback.js';
import { RingbackError } from '../errors.js';
import { FRAMING_HEADERS, isHeaderName, isHeaderValue } from '../header-grammar.js';
import { invalidOption } from '../options.js';
import { VERSION } from '../version.js';

/** A header that goes out with every message that does not bring its own. */
interface StaticHeader {
  readonly name: string;
  readonly lowerName: string;
  readonly value: string;
}

/** Turns a message's headers into the flat list that undici takes, name and value in turn. */
export type RequestHeaders = (message: Message) => string[];

/**
 * The message's headers come first, in their order and spelling; then the static ones and the defaults that it does not have.
 *
 * @param fixed the static headers, checked here, once
 */
export function requestHeaders(fixed: Readonly<Record<string, string>> = {}): RequestHeaders {
  const additions = staticHeaders(fixed);
  if (!additions.some(({ lowerName }) => lowerName === 'user-agent')) {
    additions.push({ name: 'user-agent', lowerName: 'user-agent', value: `ringback/${VERSION}` });
  }
  return (message) => {
    const list: string[] = [];
    // An array, as there are few: asking it costs less than making a set for every message.
    const given: string[] = [];
    for (const name of Object.keys(message.headers)) {
      given.push(name.toLowerCase());
      list.push(name, message.headers[name] as string);
    }
    for (const { name, lowerName, value } of additions) {
      if (!given.includes(lowerName)) list.push(name, value);
    }
    if (!given.includes('content-type')) list.push('content-type', message.delivery.contentType);
    return list;
  };
}

/** No message here shows a value: it may be a credential. */
function staticHeaders(headers: Readonly<Record<string, string>>): StaticHeader[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw new RingbackError('invalid-option', `headers must be an object of names and values, got ${typeof headers}`);
  }
  const seen = new Set<string>();
  return Object.entries(headers).map(([name, value]) => {
    const lowerName = name.toLowerCase();
    if (!isHeaderName(name)) throw invalidOption('a name in headers', 'an HTTP token', name);
    // The content type is each callback's own.
    if (FRAMING_HEADERS.has(lowerName) || lowerName === 'content-type')
      throw invalidOption('a name in headers', 'none that the transport or the callback sets', name);
    if (seen.has(lowerName)) throw invalidOption('a name in headers', 'there once, in whatever case', name);
    seen.add(lowerName);
    if (typeof value !== 'string' || !isHeaderValue(value)) {
      throw new RingbackError('invalid-option', `headers[${JSON.stringify(name)}] must be Latin-1 text without line breaks`);
    }
    return { name, lowerName, value };
  });
}
