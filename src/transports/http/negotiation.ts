import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { Http2Connection } from './http2-connection.js';
import {
  type CarriedExchange,
  type ConnectionRequest,
  http1ClientOn,
  type OpenSocket,
  type Protocol,
  type ProtocolListener,
  type ProtocolSettings,
} from './protocol.js';

/**
 * Speaks what the receiver chooses in each TLS handshake. It has one open socket that takes requests, and lets requests end on sockets that
 * the receiver said goodbye to.
 */
export class Negotiation implements Protocol {
  private readonly settings: ProtocolSettings;
  private readonly connect: OpenSocket;
  private readonly listener: ProtocolListener;
  /** The one that takes requests. */
  private current: Protocol | undefined = undefined;
  private readonly all = new Set<Protocol>();
  /** What waits for a socket; undefined while none is being opened. */
  private waiting: CarriedExchange[] | undefined = undefined;

  constructor(settings: ProtocolSettings, connect: OpenSocket, listener: ProtocolListener) {
    this.settings = settings;
    this.connect = connect;
    this.listener = listener;
  }

  dispatch(request: ConnectionRequest, exchange: CarriedExchange): void {
    if (this.current !== undefined) {
      this.current.dispatch(request, exchange);
      return;
    }
    if (this.waiting !== undefined) {
      this.waiting.push(exchange);
      return;
    }
    this.waiting = [exchange];
    this.connect(addressOf(this.settings.url), (...result) => this.connected(...result));
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.all, end));
  }

  private connected(...[error, socket]: Parameters<buildConnector.Callback>): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    if (error !== null) {
      for (const exchange of waiting) exchange.onResponseError(null, error);
      this.listener.closed();
      return;
    }
    this.current = this.speak(socket);
    if (!speaksHttp2(socket)) this.listener.admits(1);
    for (const exchange of waiting) this.dispatch(exchange.request, exchange);
  }

  private speak(socket: Socket): Protocol {
    const listener: ProtocolListener = {
      closed: () => {
        if (this.current !== protocol) return;
        this.current = undefined;
        this.listener.closed();
        // One that was closed sees to what it still carries, and takes no other socket.
        void end(protocol);
      },
      admits: (count) => {
        if (this.current === protocol) this.listener.admits(count);
      },
    };
    const protocol: Protocol = speaksHttp2(socket)
      ? new Http2Connection(socket, this.settings, listener)
      : http1ClientOn(socket, this.settings, listener);
    this.all.add(protocol);
    socket.once('close', () => this.all.delete(protocol));
    return protocol;
  }
}

/** undici's client rejects where it was closed before. */
const end = (protocol: Protocol): Promise<void> => protocol.close().catch(() => {});

/** As undici asks for it. */
function addressOf({ host, hostname, protocol, port }: URL): buildConnector.Options {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return { host, hostname: isIP(bare) === 0 ? hostname : bare, protocol, port };
}

const speaksHttp2 = (socket: Socket): boolean => socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
