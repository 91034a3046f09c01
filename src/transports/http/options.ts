import { type Clock, systemClock } from '../../clock.js';
import { RingbackError } from '../../errors.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../../options.js';
import { GUARD_OPTION_NAMES, guardSettings, type OutboundGuardOptions } from '../addresses/guard-options.js';
import { OutboundGuard } from '../addresses/outbound-guard.js';
import type { HttpClassify } from '../http-answer.js';
import type { RequestHeaderOptions } from '../request-headers.js';
import type { HostResolver } from './guarded-lookup.js';
import { type HttpProxyOptions, type ProxySettings, proxySettings } from './proxy.js';
import { type HttpTlsOptions, type TlsSettings, tlsSettings } from './tls.js';

/** Settings of `http`. */
export interface HttpOptions extends OutboundGuardOptions, RequestHeaderOptions {
  /** Default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH';
  /** How much of a response's body is kept, in bytes; the rest is not read. 0 to 16,777,216. Default 65,536: room for any error page. */
  readonly maxResponseBytes?: number;
  /** How long the headers of an answer may be, in bytes, 1,024 to 1,048,576; a longer one has failed. Default 16,384 (Node). */
  readonly maxHeaderBytes?: number;
  /** How long a connect may take, TLS included, in ms, to 600,000. The attempt's own timeout bounds it too. Default 10,000 (undici). */
  readonly connectTimeoutMs?: number;
  /** Connections per origin, 1 to 10,000; further requests wait for one. Default 64. */
  readonly connectionsPerOrigin?: number;
  /** Connections in all, 1 to 1,000,000; at the bound one that is idle is closed for the next. Default 2,048: below the open files of most systems. */
  readonly maxConnections?: number;
  /** Origins with connections at once, 1 to 1,000,000. At the bound an idle one is closed. Default 1,000. */
  readonly maxOrigins?: number;
  /**
   * Speaks HTTP/2 with `https:` receivers that do too: up to 100 requests share a connection. Default false: HTTP/1.1, one at a time on
   * each.
   */
  readonly http2?: boolean;
  /** Turns names into addresses, at each connect. They are checked as any. Default: the system's resolver. */
  readonly resolveHost?: HostResolver;
  /**
   * The egress proxy that all connections go through, `http:` ones too, by CONNECT. It resolves names, so only what stands in a URL is checked here.
   * Default: none; no environment variable is read.
   */
  readonly proxy?: HttpProxyOptions;
  /** Your own reading of a response; `undefined` leaves it to the default. */
  readonly classify?: HttpClassify;
  /** Default: the authorities that Node brings, no certificate of the client's, no pins, TLS 1.2 at the least. */
  readonly tls?: HttpTlsOptions;
  /** What a Retry-After date is read against where the answer has no `Date`. Default `systemClock`. */
  readonly clock?: Clock;
}

/** The same, checked and complete. */
export interface HttpSettings
  extends Required<
    Omit<
      HttpOptions,
      'method' | 'classify' | 'resolveHost' | 'proxy' | 'tls' | keyof OutboundGuardOptions | keyof RequestHeaderOptions
    >
  > {
  readonly method: string;
  readonly guard: OutboundGuard;
  readonly resolveHost: HostResolver | undefined;
  readonly proxy: ProxySettings | undefined;
  readonly tls: TlsSettings;
  readonly classify: HttpClassify | undefined;
}

const NAMES: readonly (keyof HttpOptions)[] = [
  'method',
  'headers',
  'idempotencyKeyHeader',
  'maxResponseBytes',
  'maxHeaderBytes',
  'connectTimeoutMs',
  'connectionsPerOrigin',
  'maxConnections',
  'maxOrigins',
  ...GUARD_OPTION_NAMES,
  'http2',
  'resolveHost',
  'proxy',
  'classify',
  'tls',
  'clock',
];

const METHODS: readonly unknown[] = ['POST', 'PUT', 'PATCH'];

/** Checks all options but the headers, which their own file checks. Throws `invalid-option`. */
export function httpSettings(options: HttpOptions): HttpSettings {
  checkNames('http', options, NAMES);
  const { method = 'POST', http2 = false } = options;
  if (typeof http2 !== 'boolean') throw invalidOption('http2', 'true or false', http2);
  if (options.proxy !== undefined && options.resolveHost !== undefined)
    throw new RingbackError('invalid-option', 'resolveHost is not asked where a proxy resolves names: set one of them');
  if (!METHODS.includes(method)) throw invalidOption('method', 'POST, PUT or PATCH', method);
  const integer = (name: keyof HttpOptions, fallback: number, from: number, to: number): number =>
    numberOption(name, options[name], fallback, { from, to, integer: true });
  return {
    method,
    guard: new OutboundGuard(guardSettings(options)),
    resolveHost: functionOption('resolveHost', options.resolveHost, undefined),
    http2,
    proxy: options.proxy === undefined ? undefined : proxySettings(options.proxy),
    tls: tlsSettings(options.tls),
    maxResponseBytes: integer('maxResponseBytes', 65_536, 0, 2 ** 24),
    maxHeaderBytes: integer('maxHeaderBytes', 16_384, 1_024, 2 ** 20),
    connectTimeoutMs: numberOption('connectTimeoutMs', options.connectTimeoutMs, 10_000, { above: 0, to: 600_000 }),
    connectionsPerOrigin: integer('connectionsPerOrigin', 64, 1, 10_000),
    maxConnections: integer('maxConnections', 2_048, 1, 1_000_000),
    maxOrigins: integer('maxOrigins', 1_000, 1, 1_000_000),
    classify: functionOption('classify', options.classify, undefined),
    clock: contractOption('clock', options.clock ?? systemClock, ['now']),
  };
}
