import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { networkOutcome } from '../../classify/network-error.js';
import { systemClock } from '../../clock.js';
import type { OutcomeKind } from '../../outcome.js';
import { ABANDONED, type Connector } from './connect.js';
import type { ProxySettings } from './proxy.js';

/** Thrown inside a connect. Its message is the reason that users see. */
export class ProxyError extends Error {
  readonly kind: OutcomeKind;

  constructor(reason: string, kind: OutcomeKind = 'failed') {
    super(reason);
    this.kind = kind;
  }
}

/** As undici's own connects set it. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
/** Of the proxy's answer. As much as Node takes of any. */
const MAX_HEAD_BYTES = 16_384;
const END_OF_HEAD = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.[01] ([2-5]\d\d)[ \r]/;

/**
 * Opens connections to the URL's origin through a proxy, by CONNECT: for `http:` too, so that all requests go one way and no credentials of the
 * proxy's are among their headers. The name goes to the proxy as it is. `secure` goes on where the tunnel stands, for `https:`. `timeoutMs` is for
 * all of it.
 */
export function tunnelTo(url: URL, proxy: ProxySettings, secure: Connector, timeoutMs: number): Connector {
  const request = connectRequest(url, proxy);
  return (options, callback, enter) => {
    let phase = '';
    let isSettled = false;
    const stand = (next: string): void => {
      phase = next;
      enter?.(next);
    };
    const socket = connect({ ...SOCKET_OPTIONS, host: proxy.host, port: proxy.port });
    const timer = systemClock.setTimer(() => socket.destroy(new ProxyError(`timed out ${phase}`, 'timed-out')), timeoutMs);
    const settle: typeof callback = (...result) => {
      if (isSettled) return;
      isSettled = true;
      systemClock.clearTimer(timer);
      if (result[0] !== null) socket.destroy();
      callback(...result);
    };
    const opened = (): void => {
      if (url.protocol !== 'https:') {
        settle(null, socket);
        return;
      }
      stand('in the TLS handshake');
      try {
        secure({ ...options, httpSocket: socket }, settle);
      } catch (error) {
        settle(error as Error, null);
      }
    };
    stand('connecting to the proxy');
    socket.on('error', (error) => settle(namedError(error), null));
    socket.on('close', () => settle(new ProxyError('the proxy closed the connection'), null));
    socket.once('connect', () => {
      stand("waiting for the proxy's answer");
      socket.write(request);
      readHead(socket, proxy, opened);
    });
    return socket;
  };
}

function connectRequest({ hostname, port, protocol }: URL, { authorization }: ProxySettings): string {
  const authority = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`;
}

/** Reads the proxy's answer to its end, and no byte further than it has come. */
function readHead(socket: Socket, proxy: ProxySettings, opened: () => void): void {
  let head = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      head = Buffer.concat([head, chunk as Buffer]);
      const end = head.indexOf(END_OF_HEAD);
      if (end < 0 && head.length <= MAX_HEAD_BYTES) continue;
      socket.off('readable', onReadable);
      const fault = faultOf(head, end, proxy);
      if (fault === undefined) opened();
      else socket.destroy(new ProxyError(fault));
      return;
    }
  };
  socket.on('readable', onReadable);
}

/** Why there is no tunnel; undefined where there is one. */
function faultOf(head: Buffer, end: number, { authorization }: ProxySettings): string | undefined {
  if (end < 0 || end > MAX_HEAD_BYTES) return "the proxy's answer is too large";
  const status = STATUS_LINE.exec(head.toString('latin1', 0, end + 2))?.[1];
  if (status === undefined) return "the proxy's answer is no HTTP";
  if (status === '407')
    return authorization === undefined ? 'the proxy asks for credentials (407)' : 'the proxy refused the credentials (407)';
  if (!status.startsWith('2')) return `the proxy answered ${status}`;
  // Neither TLS nor HTTP lets the destination speak first: what came is not its own.
  return head.length > end + END_OF_HEAD.length ? 'the proxy sent more than its answer' : undefined;
}

/** Those of the destination come through `secure`; these are of the socket to the proxy. */
function namedError(error: Error): Error {
  if (error === ABANDONED || error instanceof ProxyError) return error;
  return new ProxyError(`the connection to the proxy failed: ${networkOutcome(error)?.reason ?? 'network error'}`);
}
