import { isIP, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { ConnectionLimit, LimitedConnect } from './connection-limit.js';

/** Given to undici when a request or a connect is not wanted any more. Nobody sees it, so one without a story serves all. */
export const ABANDONED: Error = new Error('abandoned');

/**
 * Opens a socket, and tells when it can be written to. undici's own return their socket too, though their type does not say so. One that takes
 * more steps than they do says at which it stands.
 */
export type Connector = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
  enter?: (phase: string) => void,
) => Socket;

/** One connect, from its place in the line for room to the open socket. It knows where it stands. */
export class Connect implements LimitedConnect {
  readonly #limit: ConnectionLimit;
  readonly #connector: Connector;
  readonly #options: buildConnector.Options;
  readonly #callback: buildConnector.Callback;
  #socket: Socket | undefined;
  #hasAddress: boolean;
  /** What the connector said last. */
  #phase: string | undefined;

  constructor(limit: ConnectionLimit, connector: Connector, options: buildConnector.Options, callback: buildConnector.Callback) {
    this.#limit = limit;
    this.#connector = connector;
    this.#options = options;
    this.#callback = callback;
    this.#hasAddress = isIP(options.hostname) !== 0;
  }

  /** Where it stands, for a timeout's reason. */
  get phase(): string {
    if (this.#socket === undefined) return 'waiting for room among all connections';
    if (this.#phase !== undefined) return this.#phase;
    if (!this.#socket.connecting) return 'in the TLS handshake';
    return this.#hasAddress ? 'connecting' : "resolving the host's name";
  }

  /** Called by the limit. */
  start(): void {
    try {
      this.#socket = this.#connector(this.#options, this.#callback, (phase) => {
        this.#phase = phase;
      });
    } catch (error) {
      this.#limit.leave();
      this.#callback(error as Error, null);
      return;
    }
    this.#socket.once('lookup', () => {
      this.#hasAddress = true;
    });
    this.#socket.once('close', () => this.#limit.leave());
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    if (this.#socket !== undefined) this.#socket.destroy(ABANDONED);
    else if (this.#limit.cancel(this)) queueMicrotask(() => this.#callback(ABANDONED, null));
  }
}
