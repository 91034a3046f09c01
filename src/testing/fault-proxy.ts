import { checkNames, invalidOption, numberOption, requiredNumber } from '../options.js';
import { type Fault, type PlannedFault, plannedFault } from './fault-proxy/fault.js';
import { FaultyPort, type FaultyPortSettings } from './fault-proxy/faulty-port.js';

/** Settings of {@link faultProxy}. */
export interface FaultProxyOptions {
  /** Where it leads to: a server of yours on the loopback. `host` is `127.0.0.1` unless it says so. */
  readonly target: { readonly host?: string; readonly port: number };
  /** Connections at once, from 1 to 100,000; what comes on top is closed. Default 1,000. */
  readonly maxConnections?: number;
}

/** A proxy on the loopback whose connections go wrong by script. */
export interface FaultProxy {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** How many of its clients' connections are open now. */
  readonly connections: number;
  /** How many it has taken, ever. */
  readonly accepted: number;
  /**
   * What the next connections meet, one each, instead of what was planned before; those after them pass. Resolves once the port
   * listens, or does not, as the first of them says.
   */
  next(...faults: Fault[]): Promise<void>;
  /** Cuts all connections, and listens no more. */
  close(): Promise<void>;
}

/**
 * Puts a TCP proxy in front of a server of your test's, on the loopback, with faults that real networks have: refused and reset
 * connections, silence, answers that are late, slow, cut or garbage, and kept-alive connections that end when they are used
 * again. Without a script everything passes.
 *
 * It needs `node:net`, which it imports when it is called.
 *
 * @throws RingbackError `invalid-option` for an unknown option, a target that is not on the loopback, or a malformed fault;
 * `closed` from `next` after `close`.
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { constant, createRingback } from 'ringback';
 * import { http } from 'ringback/http';
 * import { faultProxy } from 'ringback/testing';
 *
 * const receiver = createServer((_request, response) => response.writeHead(204).end());
 * await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
 * const { port } = receiver.address() as AddressInfo;
 * const proxy = await faultProxy({ target: { port } });
 * await proxy.next('reset', 'garbage');
 *
 * const retry = { backoff: constant({ delayMs: 10 }) };
 * const ringback = createRingback({ transports: [http({ allowPrivate: true })], pipeline: { retry } });
 * const receipt = await ringback.deliver({ to: `http://127.0.0.1:${proxy.port}/`, data: { id: 'in_42' } });
 * console.log(receipt.attempts.map(({ outcome }) => outcome)); // [ 'failed', 'failed', 'delivered' ]
 * await ringback.close();
 * await proxy.close();
 * receiver.close();
 * ```
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const settings = checked(options);
  const port = new FaultyPort(await import('node:net'), settings);
  await port.plan([]);
  return {
    get port() {
      return port.port;
    },
    get connections() {
      return port.connections;
    },
    get accepted() {
      return port.accepted;
    },
    next: async (...faults) => port.plan(planned(faults)),
    close: () => port.close(),
  };
}

function checked(options: FaultProxyOptions): FaultyPortSettings {
  checkNames('faultProxy', options, ['target', 'maxConnections']);
  checkNames('target', options.target, ['host', 'port']);
  const { host = '127.0.0.1', port } = options.target;
  if (!LOOPBACK.test(host)) throw invalidOption('target.host', 'an address of the loopback', host);
  return {
    target: { host, port: requiredNumber('target.port', port, { from: 1, to: 65_535, integer: true }) },
    maxConnections: numberOption('maxConnections', options.maxConnections, 1_000, { from: 1, to: 100_000, integer: true }),
  };
}

/** Nothing that goes through it is to leave the machine. */
const LOOPBACK = /^(::1|127(\.\d{1,3}){3})$/;

function planned(faults: readonly Fault[]): readonly PlannedFault[] {
  const all = faults.map((fault, index) => plannedFault(`faults[${index}]`, fault));
  const refused = all.findIndex(({ kind }) => kind === 'refuse');
  if (refused >= 0 && refused < all.length - 1) throw invalidOption('faults', "without one after 'refuse'", all.length);
  return all;
}
