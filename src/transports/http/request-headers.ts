import type { Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { invalidOption } from '../../options.js';
import { VERSION } from '../../version.js';

/** Headers that frame the request or the connection: the transport writes them itself, and a second opinion would break the framing. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible characters, spaces and tabs, Latin-1: what undici takes. */
const FIELD_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** A header that goes out with every message that does not bring its own. */
interface StaticHeader {
  readonly name: string;
  readonly lowerName: string;
  readonly value: string;
}

/** Turns a message's headers into the flat list that undici takes, name and value in turn. */
export type RequestHeaders = (message: Message) => string[];

/** Checks the static headers once; a value is never shown, as it may be a credential. */
function staticHeaders(headers: Readonly<Record<string, string>> | undefined): StaticHeader[] {
  if (headers === undefined) return [];
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    // Its type alone: a value could be a credential.
    throw new RingbackError('invalid-option', `headers must be an object of names and values, got ${typeof headers}`);
  }
  const seen = new Set<string>();
  return Object.entries(headers).map(([name, value]) => {
    const lowerName = name.toLowerCase();
    if (seen.has(lowerName)) throw invalidOption('a name in headers', 'there once, in whatever case', name);
    seen.add(lowerName);
    if (!TOKEN.test(name)) throw invalidOption('a name in headers', 'an HTTP token', name);
    if (FRAMING.has(lowerName)) throw invalidOption('a name in headers', 'none that the transport sets itself', name);
    if (typeof value !== 'string' || !FIELD_VALUE.test(value)) {
      throw new RingbackError('invalid-option', `headers[${JSON.stringify(name)}] must be text without line breaks`);
    }
    return { name, lowerName, value };
  });
}

/**
 * The message's headers come first, in their order and spelling; then the static ones and the defaults that it does not have.
 * The list it gives throws `invalid-callback` for a header that only the transport may set.
 */
export function requestHeaders(fixed: Readonly<Record<string, string>> | undefined): RequestHeaders {
  const additions = staticHeaders(fixed);
  if (!additions.some(({ lowerName }) => lowerName === 'user-agent')) {
    additions.push({ name: 'user-agent', lowerName: 'user-agent', value: `ringback/${VERSION}` });
  }
  const fixesContentType = additions.some(({ lowerName }) => lowerName === 'content-type');
  return (message) => {
    const list: string[] = [];
    // An array, as there are few: asking it costs less than making a set for every message.
    const given: string[] = [];
    for (const name of Object.keys(message.headers)) {
      const lowerName = name.toLowerCase();
      if (FRAMING.has(lowerName)) {
        throw new RingbackError('invalid-callback', `headers must leave ${lowerName} to the transport, which sets it itself`);
      }
      given.push(lowerName);
      list.push(name, message.headers[name] as string);
    }
    for (const { name, lowerName, value } of additions) {
      if (!given.includes(lowerName)) list.push(name, value);
    }
    if (!given.includes('content-type') && !fixesContentType) list.push('content-type', message.delivery.contentType);
    return list;
  };
}
