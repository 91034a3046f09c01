/** A connect, as far as the limit knows it. */
export interface LimitedConnect {
  /** There is room now. Must not throw. */
  start(): void;
}

/** A connection, as far as the limit knows it. */
export interface LimitedConnection {
  /** Open, and no request is on it. */
  readonly isIdle: boolean;
  /** Ends it once its requests are done. */
  drop(): void;
}

/**
 * The bound on connections in all, those that are being opened included. At the bound a connect waits: first an idle connection is closed for it,
 * wherever it leads; where none is idle, the next one that is done with its request. So every origin comes to its turn.
 */
export class ConnectionLimit {
  readonly #max: number;
  readonly #line = new Set<LimitedConnect>();
  readonly #connections = new Set<LimitedConnection>();
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** True while connects wait for room. */
  get isCrowded(): boolean {
    return this.#line.size > 0;
  }

  /** Starts the connect, now or when there is room. Each start is followed by one {@link leave}. */
  enter(connect: LimitedConnect): void {
    if (this.#open < this.#max) {
      this.#open++;
      connect.start();
      return;
    }
    this.#line.add(connect);
    for (const connection of this.#connections) {
      if (!connection.isIdle) continue;
      connection.drop();
      return;
    }
  }

  /** Takes a connect out of the line; false where it is not in it, as it was started. */
  cancel(connect: LimitedConnect): boolean {
    return this.#line.delete(connect);
  }

  /** A socket has closed. */
  leave(): void {
    this.#open--;
    for (const next of this.#line) {
      this.#line.delete(next);
      this.#open++;
      next.start();
      return;
    }
  }

  /** It may be closed for others from now on, when it is idle. */
  add(connection: LimitedConnection): void {
    this.#connections.add(connection);
  }

  remove(connection: LimitedConnection): void {
    this.#connections.delete(connection);
  }
}
