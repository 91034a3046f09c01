import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { ABANDONED, Connect, type Connector } from './connect.js';
import type { ConnectionLimit, LimitedConnection } from './connection-limit.js';
import { Negotiation } from './negotiation.js';
import { type CarriedExchange, http1Client, type Protocol, type ProtocolListener, type ProtocolSettings } from './protocol.js';

/** A request and the handler of its answer, as far as connections know it. */
export interface ConnectionExchange extends CarriedExchange {
  /** The one that it was given to. */
  connection: Connection | undefined;
}

/** Whose connection it is. */
export interface ConnectionOwner {
  /** An exchange is done with, whatever came of it. */
  ended(connection: Connection): void;
  /** The connection is open, and may have room for more. */
  opened(connection: Connection): void;
  /** It takes no more exchanges, and its socket closes. */
  gone(connection: Connection): void;
}

/** What the connections of an origin are made of. */
export interface ConnectionSettings extends ProtocolSettings {
  readonly connector: Connector;
  readonly limit: ConnectionLimit;
  /** Speaks HTTP/2 where the peer does too. */
  readonly http2: boolean;
}

/**
 * One connection: it has one socket at a time that takes requests, and opens it when there is something to send. It counts what it was
 * given, so that its owner knows when it can take more, and knows where its connect stands.
 */
export class Connection implements LimitedConnection, ProtocolListener {
  /** Answers that came over the socket that is open now: with none, it is fresh. */
  answers = 0;
  /** Whether it stands among its owner's free ones; the owner's to write. */
  isListed = false;
  private readonly settings: ConnectionSettings;
  private readonly owner: ConnectionOwner;
  private readonly protocol: Protocol;
  /** The receiver chooses the protocol, which then says how much is welcome. */
  private readonly negotiates: boolean;
  /** How many it takes at once: one, unless it speaks HTTP/2. */
  private capacity = 1;
  /** Given, and not done with. */
  private exchanges = 0;
  /** Those of them that were given up before they were written: undici lets go of them when it comes to them. */
  private givenUp = 0;
  private isOpen = false;
  private isDropped = false;
  private connecting: Connect | undefined = undefined;
  private socket: Socket | undefined = undefined;

  constructor(settings: ConnectionSettings, owner: ConnectionOwner) {
    this.settings = settings;
    this.owner = owner;
    const connect = (options: buildConnector.Options, callback: buildConnector.Callback): void => this.connect(options, callback);
    this.negotiates = settings.http2 && settings.url.protocol === 'https:';
    this.protocol = this.negotiates ? new Negotiation(settings, connect, this) : http1Client(settings, connect, this);
  }

  /** True when it can take one more now. */
  get hasRoom(): boolean {
    if (this.isDropped || this.exchanges >= this.capacity) return false;
    // Where the peer has said goodbye on HTTP/2, what still runs ends first. And where others wait for room, one that carries many takes no more,
    // so that it comes to its end.
    return this.exchanges === 0 || (this.isOpen && !this.settings.limit.isCrowded);
  }

  get isIdle(): boolean {
    return this.isOpen && this.exchanges === 0 && !this.isDropped;
  }

  /** The error that ended its socket. Of one that negotiates its protocol nothing is known here: HTTP/2 tells by itself how a stream ended. */
  get brokenBy(): Error | undefined {
    return this.negotiates ? undefined : (this.socket?.errored ?? undefined);
  }

  /** Where an exchange stands that was not written yet. */
  get phase(): string {
    return this.connecting === undefined ? 'waiting for a free connection' : this.connecting.phase;
  }

  send(exchange: ConnectionExchange): void {
    this.exchanges++;
    exchange.connection = this;
    this.protocol.dispatch(exchange.request, exchange);
  }

  /**
   * Sends one again whose socket closed under it: on a fresh socket, as this connection has no other. Or one that the receiver has refused. One
   * microtask later, as undici can't take a request while it fails another.
   */
  sendAgain(exchange: ConnectionExchange): void {
    queueMicrotask(() => this.protocol.dispatch(exchange.request, exchange));
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
    return this.protocol.close().catch(() => {
      // It was closed before.
    });
  }

  /** Its socket takes no more. */
  closed(): void {
    this.isOpen = false;
    this.settings.limit.remove(this);
    if (this.exchanges === 0) this.drop();
  }

  admits(count: number): void {
    this.capacity = count;
    this.owner.opened(this);
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
      this.socket = result[1] ?? undefined;
      this.capacity = 1;
      callback(...result);
      if (!this.isOpen) return;
      limit.add(this);
      if (!this.negotiates) this.owner.opened(this);
    });
    limit.enter(this.connecting);
  }
}
