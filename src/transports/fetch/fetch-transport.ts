import type { Answer, Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { type AnswerReading, answerOf } from '../http-answer.js';
import { requestHeaders } from '../request-headers.js';
import type { SendAttempt, Transport } from '../transport.js';
import { exchange } from './exchange.js';
import { type FetchTransportOptions, fetchTransportSettings } from './options.js';
import { requestOf } from './request.js';

/**
 * Delivers by any `fetch`: the platform's on Deno, Bun and workerd, one that you wrapped, a mock. Use it where `ringback/http`, which
 * needs Node's sockets, does not run. It **can't check what a name resolves to**, so where strangers choose destinations, on
 * Node, take `http`; hosts written as addresses are checked here too.
 *
 * Answers mean what they mean to `http`: 2xx is `delivered`; 429, 502, 503 and 504 are `overloaded`; 408, 425 and other 5xx
 * `failed`; 410 `gone`; other 4xx `rejected`. A redirect is `failed`, as redirects are not followed. What the guard refuses by the
 * URL alone is `forbidden`.
 *
 * It is not called `fetch`, as a file that imports it would lose the global of that name.
 *
 * @throws RingbackError `invalid-option`. Its `send` rejects with the signal's reason when aborted, with `closed` after `close`,
 * with `unsupported-destination` for what is no HTTP URL, and with `transport-failed` where `classify` throws; all else, also what
 * the `fetch` throws, resolves as an outcome.
 * @example
 * ```ts
 * import { createRingback } from 'ringback';
 * import { fetchTransport } from 'ringback/fetch';
 *
 * const transport = fetchTransport({ fetch: async () => new Response('thank you', { status: 202 }) });
 * const ringback = createRingback({ transports: [transport] });
 * const receipt = await ringback.deliver({ to: 'https://customer.example/hooks', type: 'invoice.paid', data: { id: 'in_42' } });
 * console.log(receipt.response?.status); // 202
 * await ringback.close();
 * ```
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  const { fetch, method, guard, maxResponseBytes, classify, clock } = fetchTransportSettings(options);
  const reading: AnswerReading = { transport: 'fetchTransport', clock, classify };
  const headersOf = requestHeaders(options);
  const running = new Set<Promise<Answer>>();
  let closed = false;

  const send = async (message: Message, attempt: SendAttempt): Promise<Answer> => {
    if (closed) throw new RingbackError('closed', 'the fetch transport is closed');
    attempt.signal.throwIfAborted();
    const url = parse(message.to);
    const refusal = guard.refusalOf(url);
    if (refusal !== undefined) return { outcome: { kind: 'forbidden', reason: refusal } };
    const request = requestOf(message, method, headersOf);
    if (request === undefined) return { outcome: { kind: 'rejected', reason: 'the request is no valid HTTP' } };
    const exchanged = await exchange({ fetch, url: url.href, request, maxResponseBytes }, attempt);
    return 'response' in exchanged ? answerOf(exchanged.response, message.to, reading) : exchanged;
  };

  return {
    name: 'fetch',
    method,
    accepts: isHttp,
    send: (message, attempt) => {
      const sending = send(message, attempt);
      const ended = (): void => void running.delete(sending);
      running.add(sending);
      sending.then(ended, ended);
      return sending;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}

function parse(to: string): URL {
  const url = URL.parse(to);
  // The URL is not in the message: it may carry a secret.
  if (url === null || !isHttp(url)) throw new RingbackError('unsupported-destination', 'to must be an http: or https: URL');
  return url;
}

const isHttp = ({ protocol }: URL): boolean => protocol === 'https:' || protocol === 'http:';
