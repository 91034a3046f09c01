import { Connection, type ConnectionExchange, type ConnectionOwner, type ConnectionSettings } from './connection.js';

/** What an origin is made of. */
export interface OriginSettings extends ConnectionSettings {
  readonly connectionsPerOrigin: number;
  /** Called when its last connection has closed and nothing waits for another. */
  readonly left: (origin: Origin) => void;
}

/**
 * One origin: its connections, and the exchanges that wait for one of them. The one that was used last is used next, so that those that a burst
 * needed grow idle, and close.
 */
export class Origin implements ConnectionOwner {
  /** Exchanges that are not done with. */
  pending = 0;
  /** Used again since it was opened, or since the hand of its map last came by. */
  used = false;
  private readonly settings: OriginSettings;
  private readonly connections = new Set<Connection>();
  /** Those that had room when they were last looked at. */
  private readonly free: Connection[] = [];
  private readonly line = new Set<ConnectionExchange>();
  /** What the peer speaks is known once a connection is open: until then, one connect asks for all where it may be HTTP/2. */
  private knowsProtocol: boolean;
  private closing: PromiseWithResolvers<void> | undefined = undefined;

  constructor(settings: OriginSettings) {
    this.settings = settings;
    this.knowsProtocol = !settings.http2 || settings.url.protocol !== 'https:';
  }

  /** Sends it over a connection that is free or new, or as soon as one is. */
  send(exchange: ConnectionExchange): void {
    this.pending++;
    const connection = this.take();
    if (connection === undefined) this.line.add(exchange);
    else connection.send(exchange);
  }

  /** Takes one out of the line that is not wanted any more. */
  withdraw(exchange: ConnectionExchange): void {
    this.line.delete(exchange);
    this.pending--;
    this.leaveIfDone();
  }

  /** Resolves when all that it has begun is done, and its connections are closed. */
  close(): Promise<void> {
    this.closing ??= Promise.withResolvers();
    this.leaveIfDone();
    return this.closing.promise;
  }

  ended(connection: Connection): void {
    this.pending--;
    this.list(connection);
    this.serveLine();
    this.leaveIfDone();
  }

  opened(connection: Connection): void {
    this.knowsProtocol = true;
    this.list(connection);
    this.serveLine();
  }

  gone(connection: Connection): void {
    this.connections.delete(connection);
    this.serveLine();
    this.leaveIfDone();
  }

  private take(): Connection | undefined {
    for (let last = this.free.at(-1); last !== undefined; last = this.free.at(-1)) {
      if (last.hasRoom) return last;
      last.isListed = false;
      this.free.pop();
    }
    const most = this.knowsProtocol ? this.settings.connectionsPerOrigin : 1;
    return this.connections.size < most ? this.open() : undefined;
  }

  private open(): Connection {
    const connection = new Connection(this.settings, this);
    this.connections.add(connection);
    return connection;
  }

  private list(connection: Connection): void {
    if (connection.isListed || !connection.hasRoom) return;
    connection.isListed = true;
    this.free.push(connection);
  }

  private serveLine(): void {
    for (const exchange of this.line) {
      const connection = this.take();
      if (connection === undefined) return;
      this.line.delete(exchange);
      connection.send(exchange);
    }
  }

  private leaveIfDone(): void {
    if (this.pending > 0) return;
    if (this.closing === undefined) {
      if (this.connections.size === 0) this.settings.left(this);
      return;
    }
    const { resolve } = this.closing;
    void Promise.all(Array.from(this.connections, (connection) => connection.close())).then(() => resolve());
  }
}
