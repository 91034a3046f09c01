import { buildConnector } from 'undici';
import type { Answer, Message, Response } from '../../callback.js';
import { type Clock, systemClock } from '../../clock.js';
import { RingbackError } from '../../errors.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../../options.js';
import type { Transport } from '../transport.js';
import { guardedLookup } from './address-guard.js';
import { answerOf, FORBIDDEN, type HttpClassify } from './answer.js';
import { Exchange } from './exchange.js';
import { Origins } from './origins.js';
import { requestHeaders } from './request-headers.js';

export type { HttpClassify };

/** TLS beyond the defaults: PEM text. */
export interface HttpTlsOptions {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca?: string | readonly string[];
  /** The client's certificate chain, for receivers that ask for one. */
  readonly cert?: string;
  /** The private key that belongs to `cert`. */
  readonly key?: string;
}

/** Settings of {@link http}. */
export interface HttpOptions {
  /** Default `POST`. */
  readonly method?: string;
  /** Added to every message that does not bring its own of that name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How much of a response's body is kept, in bytes; the rest is not read. 0 to 16,777,216. Default 65,536. */
  readonly maxResponseBytes?: number;
  /** How long a connect may take, TLS included, in ms. The attempt's own timeout bounds it too. Default 10,000 (undici). */
  readonly connectTimeoutMs?: number;
  /** Connections per origin, 1 to 10,000; further requests wait for one. Default 64. */
  readonly connectionsPerOrigin?: number;
  /** Origins with open connections at once, 1 to 1,000,000. At the bound an idle one is closed. Default 1,000. */
  readonly maxOrigins?: number;
  /** Lets callbacks go to loopback and private addresses. For tests, and where receivers live in your own network. Default false. */
  readonly allowPrivate?: boolean;
  /** Your own reading of a response; `undefined` leaves it to the default. */
  readonly classify?: HttpClassify;
  readonly tls?: HttpTlsOptions;
  /** The clock that a Retry-After with a date is measured on. Default `systemClock`. */
  readonly clock?: Clock;
}

const OPTIONS = [
  'method',
  'headers',
  'maxResponseBytes',
  'connectTimeoutMs',
  'connectionsPerOrigin',
  'maxOrigins',
  'allowPrivate',
  'classify',
  'tls',
  'clock',
];

const METHOD = /^[A-Z]{3,20}$/;

/**
 * Delivers over HTTP/1.1: each callback is one request, by default a POST of its bytes, on kept-alive connections. Use it for
 * webhooks and for any receiver with an `http:` or `https:` URL.
 *
 * 2xx is `delivered`; 429, 502, 503 and 504 are `overloaded`; 408, 425 and other 5xx `failed`; 410 `gone`; other 4xx
 * `rejected`. A redirect is `failed`, as redirects are not followed. Loopback and private addresses are `forbidden` unless
 * `allowPrivate` is set; every address is checked when it is connected to.
 *
 * @throws RingbackError `invalid-option`. Its `send` rejects with the signal's reason when aborted, with `closed` after
 * `close`, with `invalid-callback` for a header that only the transport may set; all else resolves as an outcome.
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createRingback } from 'ringback';
 * import { http } from 'ringback/http';
 *
 * const receiver = createServer((request, response) => response.writeHead(204).end());
 * await new Promise((resolve) => receiver.listen(0, '127.0.0.1', () => resolve(undefined)));
 *
 * const ringback = createRingback({ transports: [http({ allowPrivate: true })] });
 * const receipt = await ringback.deliver({ to: `http://127.0.0.1:${receiver.address().port}/`, data: { paid: true } });
 * console.log(receipt.response?.status); // 204
 * await ringback.close();
 * receiver.close();
 * ```
 */
export function http(options: HttpOptions = {}): Transport {
  checkNames('http', options, OPTIONS);
  const { method = 'POST', allowPrivate = false } = options;
  const clock = contractOption('clock', options.clock ?? systemClock, ['now']);
  if (typeof method !== 'string' || !METHOD.test(method) || method === 'CONNECT') {
    throw invalidOption('method', 'an HTTP method in capitals other than CONNECT', method);
  }
  if (typeof allowPrivate !== 'boolean') throw invalidOption('allowPrivate', 'true or false', allowPrivate);
  const maxResponseBytes = numberOption('maxResponseBytes', options.maxResponseBytes, 65_536, {
    from: 0,
    to: 2 ** 24,
    integer: true,
  });
  const classify = functionOption('classify', options.classify, undefined);
  const headersOf = requestHeaders(options.headers);
  const origins = originsOf(options, allowPrivate);
  let closed = false;

  const begin = (message: Message, signal: AbortSignal): Promise<Answer> => {
    if (closed) throw new RingbackError('closed', 'the http transport is closed');
    signal.throwIfAborted();
    let target = targetOf(message.to);
    let origin = origins.get(target.origin);
    if (origin === undefined) {
      const url = parse(message.to);
      target = { origin: url.origin, path: url.pathname + url.search };
      origin = origins.get(target.origin) ?? origins.open(url);
    }
    if (origin === undefined) return Promise.resolve(FORBIDDEN);
    const request = { path: target.path, method, headers: headersOf(message), body: message.body };
    const answer = (response: Response): Answer => answerOf(response, message.to, clock, classify);
    return new Exchange({ origin, request, signal, maxResponseBytes, answer }).start();
  };

  return {
    name: 'http',
    accepts: isHttp,
    // Not async: what it returns is undici's own turn of the loop, without two more of the promise's.
    send: (message, attempt) => {
      try {
        return begin(message, attempt.signal);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    close: () => {
      closed = true;
      return origins.close();
    },
  };
}

function originsOf(options: HttpOptions, allowPrivate: boolean): Origins {
  const { tls = {} } = options;
  checkNames('tls', tls, ['ca', 'cert', 'key']);
  const connect = buildConnector({
    ...(tls as object),
    // One exchange per connection keeps the bounds plain, and what an abort destroys is that attempt's own.
    allowH2: false,
    timeout: numberOption('connectTimeoutMs', options.connectTimeoutMs, 10_000, { above: 0, to: 600_000 }),
    lookup: guardedLookup({ allowPrivate }),
  });
  return new Origins({
    connect,
    allowPrivate,
    connectionsPerOrigin: numberOption('connectionsPerOrigin', options.connectionsPerOrigin, 64, {
      from: 1,
      to: 10_000,
      integer: true,
    }),
    maxOrigins: numberOption('maxOrigins', options.maxOrigins, 1_000, { from: 1, to: 1_000_000, integer: true }),
  });
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
