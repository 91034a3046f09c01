import { TLSSocket } from 'node:tls';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { ABANDONED, Connect, type Connector } from './connect.js';
import type { ConnectionLimit, LimitedConnection } from './connection-limit.js';

/** The request as undici takes it. */
export interface ConnectionRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  readonly body: Uint8Array | null;
}

/** A request and the handler of its answer, as far as connections know it. */
export interface ConnectionExchange extends Dispatcher.DispatchHandler {
  readonly request: ConnectionRequest;
  /** The one that it was given to. */
  connection: Connection | undefined;
}

/** Whose connection it is. */
export interface ConnectionOwner {
  /** An exchange is done with, whatever came of it. */
  ended(connection: Connection): void;
  /** The connection is open. */
  opened(connection: Connection): void;
  /** It takes no more exchanges, and its socket closes. */
  gone(connection: Connection): void;
}

/** What the connections of an origin are made of. */
export interface ConnectionSettings {
  readonly url: URL;
  readonly connector: Connector;
  readonly limit: ConnectionLimit;
  readonly maxHeaderBytes: number;
  /** Speaks HTTP/2 where the peer does too. */
  readonly http2: boolean;
}

/** Streams at once on one HTTP/2 connection, as most servers allow; undici keeps to what the server says where that is less. */
const MAX_STREAMS = 100;

/**
 * One connection: a client of undici's that has one socket at a time, and opens it when there is something to send. It counts what it was
 * given, so that its owner knows when it can take more, and knows where its connect stands.
 */
export class Connection implements LimitedConnection {
  /** Answers that came over the socket that is open now: with none, it is fresh. */
  answers = 0;
  /** Whether it stands among its owner's free ones; the owner's to write. */
  isListed = false;
  private readonly settings: ConnectionSettings;
  private readonly owner: ConnectionOwner;
  private readonly client: Client;
  /** How many it takes at once: one, unless it speaks HTTP/2. */
  private capacity = 1;
  /** Given, and not done with. */
  private exchanges = 0;
  /** Those of them that were given up before they were written: undici lets go of them when it comes to them. */
  private givenUp = 0;
  private isOpen = false;
  private isDropped = false;
  private connecting: Connect | undefined = undefined;

  constructor(settings: ConnectionSettings, owner: ConnectionOwner) {
    this.settings = settings;
    this.owner = owner;
    const connect = (options: buildConnector.Options, callback: buildConnector.Callback): void => this.connect(options, callback);
    this.client = new Client(settings.url, { connect, maxHeaderSize: settings.maxHeaderBytes, allowH2: settings.http2 });
    this.client.on('disconnect', () => this.closed()).on('connectionError', () => this.closed());
  }

  /** True when it can take one more now. */
  get hasRoom(): boolean {
    if (this.isDropped || this.exchanges >= this.capacity) return false;
    // Where the peer has said goodbye on HTTP/2, undici begins nothing before all that still runs has ended. And where others wait for room,
    // one that carries many takes no more, so that it comes to its end.
    return this.exchanges === 0 || (this.isOpen && !this.settings.limit.isCrowded);
  }

  /** True for HTTP/2, whose headers undici does not bound. */
  get isMultiplexed(): boolean {
    return this.capacity > 1;
  }

  get isIdle(): boolean {
    return this.isOpen && this.exchanges === 0 && !this.isDropped;
  }

  /** Where an exchange stands that was not written yet. */
  get phase(): string {
    return this.connecting === undefined ? 'waiting for a free connection' : this.connecting.phase;
  }

  send(exchange: ConnectionExchange): void {
    this.exchanges++;
    exchange.connection = this;
    this.client.dispatch(exchange.request, exchange);
  }

  /**
   * Sends one again whose socket closed under it: on a fresh socket, as this connection has no other. One microtask later, as undici can't take a
   * request while it fails another.
   */
  sendAgain(exchange: ConnectionExchange): void {
    queueMicrotask(() => this.client.dispatch(exchange.request, exchange));
  }

  /** One that was not written yet is not wanted any more. A connect that nobody waits for is given up too. */
  giveUp(): void {
    this.givenUp++;
    this.abandonIfUnwanted();
  }

  /** One was answered to its end. */
  answered(): void {
    this.answers++;
    this.done();
  }

  /** One broke off, or undici has let go of one that was given up. Heard one microtask later, for the same reason as in {@link sendAgain}. */
  failed(wasGivenUp: boolean): void {
    queueMicrotask(() => {
      if (wasGivenUp) this.givenUp--;
      this.done();
    });
  }

  drop(): void {
    if (this.isDropped) return;
    this.isDropped = true;
    this.settings.limit.remove(this);
    void this.close();
    this.owner.gone(this);
  }

  /** Resolves when its requests are done and its socket is closed. */
  close(): Promise<void> {
    return this.client.close().catch(() => {
      // It was closed before.
    });
  }

  private done(): void {
    this.exchanges--;
    this.abandonIfUnwanted();
    if (this.exchanges === 0 && (!this.isOpen || this.settings.limit.isCrowded)) this.drop();
    this.owner.ended(this);
  }

  private abandonIfUnwanted(): void {
    if (this.givenUp === this.exchanges) this.connecting?.abandon();
  }

  private connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    // All that undici still holds was given up: a connect would keep the process alive for nothing.
    if (this.givenUp === this.exchanges) {
      queueMicrotask(() => callback(ABANDONED, null));
      return;
    }
    const { limit, connector } = this.settings;
    this.connecting = new Connect(limit, connector, options, (...result) => {
      this.connecting = undefined;
      this.answers = 0;
      this.isOpen = result[0] === null;
      this.capacity = speaksHttp2(result[1]) ? MAX_STREAMS : 1;
      callback(...result);
      if (!this.isOpen) return;
      limit.add(this);
      this.owner.opened(this);
    });
    limit.enter(this.connecting);
  }

  private closed(): void {
    this.isOpen = false;
    this.settings.limit.remove(this);
    if (this.exchanges === 0) this.drop();
  }
}

const speaksHttp2 = (socket: unknown): boolean => socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
