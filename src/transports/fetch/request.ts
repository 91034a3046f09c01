import type { Message } from '../../callback.js';
import { FRAMING_HEADERS, isHeaderName, isHeaderValue } from '../../header-grammar.js';
import type { RequestHeaders } from '../request-headers.js';
import type { FetchInit } from './fetch.js';

/**
 * What a message is to `fetch`; undefined where it is no valid HTTP. Platforms differ in what they do with a header that frames the
 * request: some throw, some send it, some leave it out. So none gets one.
 */
export function requestOf(message: Message, method: string, headersOf: RequestHeaders): Omit<FetchInit, 'signal'> | undefined {
  const flat = headersOf(message);
  const headers: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const [name, value] = [flat[index] as string, flat[index + 1] as string];
    if (!isHeaderName(name) || !isHeaderValue(value) || FRAMING_HEADERS.has(name.toLowerCase())) return undefined;
    headers.push([name, value]);
  }
  // No message is made of shared memory, which is all that the wider type allows beside this one.
  return { method, headers, body: message.body as Uint8Array<ArrayBuffer>, redirect: 'manual' };
}
