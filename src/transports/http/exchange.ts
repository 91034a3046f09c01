import { Buffer } from 'node:buffer';
import type { Dispatcher } from 'undici';
import type { Answer, Response } from '../../callback.js';
import { failureOf } from './answer.js';
import { ABANDONED, type Origin } from './origins.js';

type Controller = Dispatcher.DispatchController;
type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

const NO_BODY: Uint8Array = new Uint8Array(0);

/** The request as undici takes it. */
interface ExchangeRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  /** Let go of when the exchange is given up in line. */
  body: Uint8Array | null;
}

/** What an exchange is made of. */
export interface ExchangeSettings {
  readonly origin: Origin;
  readonly request: ExchangeRequest;
  readonly signal: AbortSignal;
  readonly maxResponseBytes: number;
  /** What a whole response means. It may throw. */
  readonly answer: (response: Response) => Answer;
}

/**
 * One request and its response, as a handler of undici's: no stream, no buffering beyond the cap. Settles exactly once,
 * whatever comes first: the response's end or its cap, an error, the signal. What undici says after that is only counted.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly promise: Promise<Answer>;
  private readonly settings: ExchangeSettings;
  private resolve!: (answer: Answer) => void;
  private reject!: (reason: unknown) => void;
  private settled = false;
  /** From the moment that it has a connection. */
  private controller: Controller | undefined = undefined;
  private status = 0;
  private headers: IncomingHeaders = {};
  private body: Uint8Array = NO_BODY;
  /** The chunks, once there are two. */
  private chunks: Uint8Array[] | undefined = undefined;
  private bytes = 0;

  constructor(settings: ExchangeSettings) {
    this.settings = settings;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Hands the request to undici. Called once. */
  start(): Promise<Answer> {
    const { origin, request, signal } = this.settings;
    signal.addEventListener('abort', this);
    origin.pending++;
    origin.waiting++;
    origin.pool.dispatch(request, this);
    return this.promise;
  }

  /** The signal's abort: this object is its own listener, which saves a closure. */
  handleEvent(): void {
    const { origin, request, signal } = this.settings;
    if (!this.settle()) return;
    this.reject(signal.reason);
    if (this.controller !== undefined) {
      this.controller.abort(ABANDONED);
      return;
    }
    request.body = null;
    origin.stopWaiting();
  }

  onRequestStart(controller: Controller): void {
    // A throw takes it out of line and leaves the connection to the next one; aborting here would destroy the connection.
    if (this.settled) throw ABANDONED;
    this.controller = controller;
    this.settings.origin.waiting--;
  }

  onResponseStart(_controller: Controller, status: number, headers: IncomingHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    if (this.settled) return;
    const room = this.settings.maxResponseBytes - this.bytes;
    if (chunk.length <= room) {
      this.keep(chunk);
      return;
    }
    if (room > 0) this.keep(chunk.subarray(0, room));
    this.finish(true);
    // Not at once: undici's parser stands in the middle of this chunk. If the rest of the response was in it, the connection lives.
    queueMicrotask(() => controller.abort(ABANDONED));
  }

  onResponseEnd(): void {
    this.settings.origin.pending--;
    this.finish(false);
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    const { origin } = this.settings;
    origin.pending--;
    if (!this.settle()) return;
    if (this.controller === undefined) origin.waiting--;
    this.resolve(failureOf(error));
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.settings.signal.removeEventListener('abort', this);
    return true;
  }

  private keep(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.chunks !== undefined) this.chunks.push(chunk);
    else if (this.body.length === 0) this.body = plain(chunk);
    else this.chunks = [this.body, chunk];
  }

  private finish(truncated: boolean): void {
    if (!this.settle()) return;
    const body = this.chunks === undefined ? this.body : plain(Buffer.concat(this.chunks));
    const response = { status: this.status, headers: flat(this.headers), body, truncated };
    try {
      this.resolve(this.settings.answer(response));
    } catch (error) {
      this.reject(error);
    }
  }
}

/** The same bytes without Buffer's own ways of printing and turning to JSON. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** Values of a repeated header joined. Nearly all responses have none, and then undici's object serves as it is. */
function flat(headers: IncomingHeaders): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  if (names.every((name) => typeof headers[name] === 'string')) return headers as Readonly<Record<string, string>>;
  return Object.fromEntries(names.map((name) => [name, [headers[name] ?? []].flat().join(', ')]));
}
