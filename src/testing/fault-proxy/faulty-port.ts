import type { AddressInfo, Server, Socket } from 'node:net';
import { RingbackError } from '../../errors.js';
import { PASS, type PlannedFault } from './fault.js';
import { FaultyLine } from './faulty-line.js';

/** What the platform's `node:net` has that a proxy needs. */
type Net = Pick<typeof import('node:net'), 'connect' | 'createServer'>;

/** What {@link FaultyPort} is made of. */
export interface FaultyPortSettings {
  readonly target: { readonly host: string; readonly port: number };
  readonly maxConnections: number;
}

/** The port that a proxy listens on, or does not. */
export class FaultyPort {
  readonly #net: Net;
  readonly #settings: FaultyPortSettings;
  readonly #lines = new Set<FaultyLine>();
  /** Sockets of both sides that have not ended, each with its end. */
  readonly #ends = new Set<Promise<void>>();
  #planned: readonly PlannedFault[] = [];
  #server: Server | undefined;
  #port = 0;
  #accepted = 0;
  #isClosed = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(net: Net, settings: FaultyPortSettings) {
    this.#net = net;
    this.#settings = settings;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#lines.size;
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Plans what the next connections meet, and listens, or not, as the first of it says. */
  async plan(faults: readonly PlannedFault[]): Promise<void> {
    if (this.#isClosed) throw new RingbackError('closed', 'the fault proxy is closed');
    await this.#inTurn(async () => {
      this.#planned = faults;
      if (faults[0]?.kind === 'refuse') this.#refuse();
      else await this.#listen();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inTurn(async () => this.#refuse());
    for (const line of this.#lines) line.destroy();
    while (this.#ends.size > 0) await Promise.all(this.#ends);
  }

  /** Calls go one after the other: a server that is closed before it listens never says that it does. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const acted = this.#turn.then(act);
    this.#turn = acted.catch(() => {});
    return acted;
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = this.#net.createServer({ allowHalfOpen: true }, (near) => this.#take(near));
    server.maxConnections = this.#settings.maxConnections;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#server = undefined;
        reject(error);
      };
      server.once('error', fail).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Closing a server ends no connection of its own. */
  #refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #take(near: Socket): void {
    this.#accepted++;
    const [fault = PASS, ...rest] = this.#planned;
    this.#planned = rest;
    if (rest[0]?.kind === 'refuse') this.#refuse();
    this.#untilClosed(near);
    const line = new FaultyLine(near, fault, () => {
      const far = this.#net.connect({ ...this.#settings.target, allowHalfOpen: true });
      this.#untilClosed(far);
      return far;
    });
    this.#lines.add(line);
    near.on('close', () => this.#lines.delete(line));
  }

  #untilClosed(socket: Socket): void {
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => {
        this.#ends.delete(closed);
        resolve();
      });
    });
    this.#ends.add(closed);
  }
}
