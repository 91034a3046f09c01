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

/** What a transport that speaks HTTP may be told of headers. */
export interface RequestHeaderOptions {
  /** Sent with every message that does not bring its own of that name. `content-type` is the callback's alone. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Sends a callback's `idempotencyKey` as `Idempotency-Key`, as it is, where the callback has no such header of its own: for
   * receivers that deduplicate by it. Default false, as a key may be made of what is nobody else's business.
   */
  readonly idempotencyKeyHeader?: boolean;
}

const IDEMPOTENCY_KEY = 'idempotency-key';

/**
 * The message's headers come first, in their order and spelling; then the static ones and the defaults that it does not have. What
 * is empty has no content type. The options are checked here, once.
 */
export function requestHeaders({ headers, idempotencyKeyHeader = false }: RequestHeaderOptions): RequestHeaders {
  if (typeof idempotencyKeyHeader !== 'boolean') {
    throw invalidOption('idempotencyKeyHeader', 'true or false', idempotencyKeyHeader);
  }
  const additions = staticHeaders(headers);
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
    const { idempotencyKey } = message.delivery;
    if (idempotencyKeyHeader && idempotencyKey !== undefined && !given.includes(IDEMPOTENCY_KEY)) {
      given.push(IDEMPOTENCY_KEY);
      list.push(IDEMPOTENCY_KEY, idempotencyKey);
    }
    for (const { name, lowerName, value } of additions) {
      if (!given.includes(lowerName)) list.push(name, value);
    }
    if (message.body.length > 0 && !given.includes('content-type')) list.push('content-type', message.delivery.contentType);
    return list;
  };
}

/** No message here shows a value: it may be a credential. */
function staticHeaders(headers: RequestHeaderOptions['headers'] = {}): StaticHeader[] {
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
