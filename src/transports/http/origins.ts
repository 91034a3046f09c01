import type { Connector } from './connect.js';
import { ConnectionLimit } from './connection-limit.js';
import { Origin } from './origin.js';

/** Bounds of {@link Origins}, and how they connect. */
export interface OriginsSettings {
  readonly maxOrigins: number;
  readonly connectionsPerOrigin: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly http2: boolean;
  /** What connects to an origin: it checks each address that the origin's name resolves to. */
  readonly connectorTo: (origin: URL) => Connector;
}

/** How many origins an eviction looks at before it takes the next one, busy or not: its cost must not grow with their number. */
const MAX_LOOKS = 64;

/**
 * The origins that have connections now. An origin leaves when its last connection ends and nothing waits for another: undici
 * closes idle connections on timers of its own, so none is needed here. At the bound one leaves to make room.
 */
export class Origins {
  readonly #settings: OriginsSettings;
  readonly #limit: ConnectionLimit;
  readonly #origins = new Map<string, Origin>();
  /** Closing, but with requests to finish. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(settings: OriginsSettings) {
    this.#settings = settings;
    this.#limit = new ConnectionLimit(settings.maxConnections);
  }

  /** How many there are. */
  get size(): number {
    return this.#origins.size;
  }

  /** The one under this key, if it is open. */
  get(key: string): Origin | undefined {
    const origin = this.#origins.get(key);
    if (origin !== undefined) origin.used = true;
    return origin;
  }

  /** Opens the URL's origin, which the guard has let through: where its host is an address, nothing checks it later. */
  open(url: URL): Origin {
    const { maxOrigins, connectorTo } = this.#settings;
    if (this.#origins.size >= maxOrigins) this.#makeRoom();
    const key = url.origin;
    const origin = new Origin({
      ...this.#settings,
      url: new URL(key),
      connector: connectorTo(url),
      limit: this.#limit,
      left: (leaving) => this.#leave(key, leaving),
    });
    this.#origins.set(key, origin);
    return origin;
  }

  /** Lets all `https:` origins go: their connections end with their requests, and the next request opens new ones. */
  renewSecure(): void {
    for (const [key, origin] of this.#origins) if (key.startsWith('https:')) this.#leave(key, origin);
  }

  /** Closes all of them once their requests are done. */
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

  /** A busy one finishes its requests first. */
  #leave(key: string, origin: Origin): void {
    if (this.#origins.get(key) !== origin) return;
    this.#origins.delete(key);
    const closed = origin.close().then(() => void this.#leaving.delete(closed));
    this.#leaving.add(closed);
  }
}
