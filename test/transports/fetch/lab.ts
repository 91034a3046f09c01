import { onTestFinished } from 'vitest';
import type { Answer, Message } from '../../../src/callback.js';
import { type Fetch, type FetchInit, type FetchTransportOptions, fetchTransport } from '../../../src/transports/fetch/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { message } from '../http/receiver.js';

/** A transport to the loopback that is closed when the test ends. */
export function loopback(options: FetchTransportOptions = {}): Transport & { close(): Promise<void> } {
  const transport = fetchTransport({ allowPrivate: true, ...options }) as Transport & { close(): Promise<void> };
  onTestFinished(() => transport.close());
  return transport;
}

/** A fetch that keeps what it was given, and answers with a fresh response each time. */
export function mockFetch(answer: (init: FetchInit) => Response | Promise<Response>): {
  fetch: Fetch;
  calls: { url: string; init: FetchInit }[];
} {
  const calls: { url: string; init: FetchInit }[] = [];
  const fetch: Fetch = async (url, init) => {
    calls.push({ url, init });
    return answer(init);
  };
  return { fetch, calls };
}

export const PUBLIC = 'https://customer.example/hooks';

/** Sends by a mock, so no name is resolved. */
export function sendBy(
  fetch: Fetch,
  options: FetchTransportOptions = {},
  toSend: Message = message(PUBLIC),
  signal: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  return fetchTransport({ fetch, ...options }).send(toSend, { number: 1, signal });
}
