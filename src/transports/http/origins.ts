import { Socket } from 'node:net';
import { type buildConnector, Pool } from 'undici';

type Connector = buildConnector.connector;

/** Given to undici when a request or a connect is not wanted any more. Nobody sees it, so one without a story serves all. */
export const ABANDONED: Error = new Error('abandoned');

/** One origin: its pool of connections, and what hangs on them. */
export class Origin {
  readonly pool: Pool;
  /** Requests that undici holds, abandoned ones in its line among them. */
  pending = 0;
  /** Those of them that are wanted and have no connection yet. */
  waiting = 0;
  /** Used again since it was opened, or since the hand of {@link Origins} last came by. */
  used = false;
  readonly #connecting = new Set<Socket>();

  constructor(origin: string, connections: number, connect: Connector) {
    this.pool = new Pool(origin, { connections, connect: (options, callback) => this.#connect(connect, options, callback) });
  }

  /** A waiting request was given up. The connects that only such requests wait for are given up too. */
  stopWaiting(): void {
    this.waiting--;
    if (this.waiting > 0) return;
    for (const socket of this.#connecting) socket.destroy(ABANDONED);
  }

  #connect(connect: Connector, options: buildConnector.Options, callback: buildConnector.Callback): void {
    if (this.waiting === 0) {
      // What is left in undici's line was abandoned; a connect would keep the process alive for nothing.
      queueMicrotask(() => callback(ABANDONED, null));
      return;
    }
    // undici's connector returns its socket, though its type does not say so. Without it a connect just takes its full timeout.
    const socket: unknown = connect(options, (...result) => {
      if (socket instanceof Socket) this.#connecting.delete(socket);
      callback(...result);
    });
    if (socket instanceof Socket) this.#connecting.add(socket);
  }
}

/** Bounds of {@link Origins}. */
export interface OriginsSettings {
  readonly maxOrigins: number;
  readonly connectionsPerOrigin: number;
  /** What connects to an origin: it checks each address that the origin's name resolves to. */
  readonly connectorTo: (origin: URL) => Connector;
}

/** How many origins an eviction looks at before it takes the next one, busy or not: its cost must not grow with their number. */
const MAX_LOOKS = 64;

/**
 * The origins that have a pool now. An origin leaves when its last connection ends and nothing waits for another: undici
 * closes idle connections on timers of its own, so none is needed here. At the bound one leaves to make room.
 */
export class Origins {
  readonly #settings: OriginsSettings;
  readonly #origins = new Map<string, Origin>();
  /** Closing, but with requests to finish. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(settings: OriginsSettings) {
    this.#settings = settings;
  }

  /** How many have a pool. */
  get size(): number {
    return this.#origins.size;
  }

  /** The one under this key, if it has a pool. */
  get(key: string): Origin | undefined {
    const origin = this.#origins.get(key);
    if (origin !== undefined) origin.used = true;
    return origin;
  }

  /** Opens a pool for the URL's origin, which the guard has let through: where its host is an address, nothing checks it later. */
  open(url: URL): Origin {
    if (this.#origins.size >= this.#settings.maxOrigins) this.#makeRoom();
    const { connectionsPerOrigin, connectorTo } = this.#settings;
    const origin = new Origin(url.origin, connectionsPerOrigin, connectorTo(url));
    const leaveIfIdle = (): void => {
      if (origin.pending === 0 && origin.pool.stats.connected === 0) this.#leave(url.origin, origin);
    };
    origin.pool.on('disconnect', leaveIfIdle).on('connectionError', leaveIfIdle);
    this.#origins.set(url.origin, origin);
    return origin;
  }

  /** Closes all pools once their requests are done. */
  async close(): Promise<void> {
    for (const [key, origin] of this.#origins) this.#leave(key, origin);
    await Promise.all(this.#leaving);
  }

  /** CLOCK: the hand passes over what is busy or was used since it last came by. */
  #makeRoom(): void {
    let looks = 0;
    for (const [key, origin] of this.#origins) {
      if ((origin.pending === 0 && !origin.used) || ++looks > MAX_LOOKS) {
        this.#leave(key, origin);
        return;
      }
      origin.used = false;
      this.#origins.delete(key);
      this.#origins.set(key, origin);
    }
  }

  /** A busy one finishes its requests first: closing a pool waits for them. */
  #leave(key: string, origin: Origin): void {
    if (this.#origins.get(key) !== origin) return;
    this.#origins.delete(key);
    const left = (): void => void this.#leaving.delete(closed);
    const closed = origin.pool.close().then(left, left);
    this.#leaving.add(closed);
  }
}
