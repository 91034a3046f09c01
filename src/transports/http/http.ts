import type { Answer, Message, Response } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { type AnswerReading, answerOf } from '../http-answer.js';
import { type RequestHeaders, requestHeaders } from '../request-headers.js';
import type { LightSignal, SendAttempt, Transport } from '../transport.js';
import { forbidden } from './answer.js';
import { connectorTo } from './connector.js';
import { Exchange } from './exchange.js';
import { type HttpOptions, type HttpSettings, httpSettings } from './options.js';
import { Origins } from './origins.js';
import { type HttpTlsOptions, tlsSettings } from './tls.js';

/** What `http` gives. */
export interface HttpTransport extends Transport {
  /**
   * Takes other certificates, keys and pins, all of them, without a restart: call it where the files were renewed. Connections that are open
   * finish what they do and close; the next requests go over new ones.
   *
   * @throws RingbackError `invalid-option`, and then all stays as it was.
   */
  updateTls(tls: HttpTlsOptions): void;
}

/**
 * Delivers over HTTP/1.1, or HTTP/2 where `http2` is set: each callback is one request, by default a POST of its bytes, on kept-alive connections. Use it for
 * webhooks and for any receiver with an `http:` or `https:` URL.
 *
 * 2xx is `delivered`; 429, 502, 503 and 504 are `overloaded`; 408, 425 and other 5xx `failed`; 410 `gone`; other 4xx
 * `rejected`. A redirect is `failed`, as redirects are not followed. Only public addresses are connected to, each checked at the
 * connect; all others are `forbidden` unless `allow` or `allowPrivate` lets them through.
 *
 * @throws RingbackError `invalid-option`. Its `send` rejects with the signal's reason when aborted, with `closed` after `close`, and
 * with `transport-failed` where `classify` throws; all else, also what the network does, resolves as an outcome.
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { createRingback } from 'ringback';
 * import { http } from 'ringback/http';
 *
 * const receiver = createServer((_request, response) => response.writeHead(204).end());
 * await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
 * const { port } = receiver.address() as AddressInfo;
 *
 * const ringback = createRingback({ transports: [http({ allowPrivate: true })] });
 * const receipt = await ringback.deliver({ to: `http://127.0.0.1:${port}/`, type: 'invoice.paid', data: { id: 'in_42' } });
 * console.log(receipt.response?.status); // 204
 * await ringback.close();
 * receiver.close();
 * ```
 */
export function http(options: HttpOptions = {}): HttpTransport {
  return httpTransport(httpSettings(options), requestHeaders(options));
}

/** The same of settings that are checked, with any method: for questions that are to go the way that callbacks go. */
export function httpTransport(settings: HttpSettings, headersOf: RequestHeaders): HttpTransport {
  const { method, maxResponseBytes, clock, classify, guard } = settings;
  const reading: AnswerReading = { transport: 'http', clock, classify };
  let { tls } = settings;
  const connecting = { ...settings, tls: () => tls };
  const origins = new Origins({ ...settings, connectorTo: (url) => connectorTo(url, connecting) });
  let closed = false;

  const begin = (message: Message, attempt: SendAttempt): Promise<Answer> => {
    if (closed) throw new RingbackError('closed', 'the http transport is closed');
    const signal: LightSignal = attempt.lightSignal ?? attempt.signal;
    if (signal.aborted) throw signal.reason;
    let target = targetOf(message.to);
    let origin = origins.get(target.origin);
    if (origin === undefined) {
      const url = parse(message.to);
      const refusal = guard.refusalOf(url);
      if (refusal !== undefined) return Promise.resolve(forbidden(refusal));
      target = { origin: url.origin, path: url.pathname + url.search };
      origin = origins.get(target.origin) ?? origins.open(url);
    }
    const request = { path: target.path, method, headers: headersOf(message), body: message.body };
    const answer = (response: Response): Answer => answerOf(response, message.to, reading);
    return new Exchange({ origin, request, attempt, signal, maxResponseBytes, answer, id: message.id }).start();
  };

  return {
    name: 'http',
    method,
    accepts: isHttp,
    // Not async: the promise of the exchange goes out as it is, where an async function would add turns of its own.
    send: (message, attempt) => {
      try {
        return begin(message, attempt);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    updateTls: (changed) => {
      tls = tlsSettings(changed);
      origins.renewSecure();
    },
    close: () => {
      closed = true;
      return origins.close();
    },
  };
}

/** Where a request goes. */
interface Target {
  readonly origin: string;
  readonly path: string;
}

/**
 * Cuts a normalised URL, as `deliver` gives it, in two. Parsing it for every attempt would cost more than this transport does in
 * all; only a URL whose first part is no open origin's is parsed.
 */
function targetOf(to: string): Target {
  const start = to.indexOf('/', 'https://'.length);
  const end = to.indexOf('#');
  return { origin: to.slice(0, start), path: to.slice(start, end < 0 ? undefined : end) };
}

function parse(to: string): URL {
  const url = URL.parse(to);
  // The URL is not in the message: it may carry a secret.
  if (url === null || !isHttp(url)) throw new RingbackError('unsupported-destination', 'to must be an http: or https: URL');
  return url;
}

const isHttp = ({ protocol }: URL): boolean => protocol === 'https:' || protocol === 'http:';
