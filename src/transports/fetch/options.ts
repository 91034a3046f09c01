import { type Clock, systemClock } from '../../clock.js';
import { checkNames, contractOption, functionOption, invalidOption, numberOption } from '../../options.js';
import { GUARD_OPTION_NAMES, guardSettings, type OutboundGuardOptions } from '../addresses/guard-options.js';
import { OutboundGuard } from '../addresses/outbound-guard.js';
import type { HttpClassify } from '../http-answer.js';
import type { RequestHeaderOptions } from '../request-headers.js';
import type { Fetch } from './fetch.js';

/**
 * Settings of `fetchTransport`. Those that `http` has too mean the same, with the same defaults; those of the outbound guard are asked
 * of what stands in the URL alone, as a `fetch` does not tell what a name resolves to.
 */
export interface FetchTransportOptions extends OutboundGuardOptions, RequestHeaderOptions {
  /** What makes the request. Default: the global `fetch`, looked up at each attempt. */
  readonly fetch?: Fetch;
  /** Default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH';
  /**
   * How much of a response's body is kept, in bytes, as the platform hands it out: decompressed. The rest is not read. 0 to 16,777,216.
   * Default 65,536: room for any error page.
   */
  readonly maxResponseBytes?: number;
  /** Your own reading of a response; `undefined` leaves it to the default. */
  readonly classify?: HttpClassify;
  /** What a Retry-After date is read against where the answer has no `Date`. Default `systemClock`. */
  readonly clock?: Clock;
}

/** The same, checked and complete, but for the headers, which their own file checks. */
export interface FetchTransportSettings {
  readonly fetch: Fetch;
  readonly method: string;
  readonly guard: OutboundGuard;
  readonly maxResponseBytes: number;
  readonly classify: HttpClassify | undefined;
  readonly clock: Clock;
}

const NAMES: readonly string[] = [
  'fetch',
  'method',
  'headers',
  'idempotencyKeyHeader',
  'maxResponseBytes',
  ...GUARD_OPTION_NAMES,
  'classify',
  'clock',
] satisfies (keyof FetchTransportOptions)[];

const METHODS: readonly unknown[] = ['POST', 'PUT', 'PATCH'];

/** Looked up late: what patches the global (a mock, a tracer) may come after the transport was made. */
const globalFetch: Fetch = (url, init) => globalThis.fetch(url, init);

/** Checks the options. Throws `invalid-option`. */
export function fetchTransportSettings(options: FetchTransportOptions): FetchTransportSettings {
  checkNames('fetchTransport', options, NAMES);
  const { method = 'POST' } = options;
  if (!METHODS.includes(method)) throw invalidOption('method', 'POST, PUT or PATCH', method);
  return {
    fetch: functionOption('fetch', options.fetch, globalFetch),
    method,
    guard: new OutboundGuard(guardSettings(options)),
    maxResponseBytes: numberOption('maxResponseBytes', options.maxResponseBytes, 65_536, { from: 0, to: 2 ** 24, integer: true }),
    classify: functionOption('classify', options.classify, undefined),
    clock: contractOption('clock', options.clock ?? systemClock, ['now']),
  };
}
