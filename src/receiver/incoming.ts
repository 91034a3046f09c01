import type { ReceivedMessage } from '../signing/scheme.js';
import type { BodySource } from './body.js';
import { Refusal } from './refusal.js';

/** A request as any server has it: what the adapters make, and what one of your own can. */
export interface IncomingRequest {
  readonly method: string;
  /** Absolute, or the path and query alone where the server knows no more. */
  readonly url?: string | undefined;
  /** Repeated headers as arrays, as far as the server tells: a signature that came twice is then refused as such. */
  readonly headers: ReceivedMessage['headers'];
  /**
   * The raw bytes, or a stream of them, which is read up to `maxBytes`; `null` for none. Undefined when something else has read
   * the body, so that it can't be verified: answered by 500.
   */
  readonly body: BodySource;
}

/** All headers, for reading; repeated ones joined. */
export function joinedHeaders(given: IncomingRequest['headers']): Headers {
  if (given instanceof Headers) return given;
  const headers = new Headers();
  try {
    // A `Headers` that is not the platform's, as undici has one, gives its pairs when it is iterated over.
    const pairs = Symbol.iterator in given ? (given as unknown as Headers) : Object.entries(given);
    for (const [name, value] of pairs) {
      // HTTP/2 has its request line among the headers.
      if (name.startsWith(':')) continue;
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one);
    }
  } catch (cause) {
    throw new Refusal(400, 'a header is malformed', { cause });
  }
  return headers;
}

/** What schemes that sign the URL are given: the path as it came, on the origin that senders know us by. */
export function publicUrl(url: string | undefined, origin: string | undefined): string | undefined {
  if (url === undefined || origin === undefined) return url?.startsWith('/') ? undefined : url;
  if (url.startsWith('/')) return origin + url;
  const { pathname = '', search = '' } = URL.parse(url) ?? {};
  return origin + pathname + search;
}
