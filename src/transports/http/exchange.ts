import type { Answer, Response } from '../../callback.js';
import { KeptBytes } from '../kept-bytes.js';
import type { AttemptProgress, LightSignal, SendAttempt } from '../transport.js';
import { failureOf } from './answer.js';
import { ABANDONED } from './connect.js';
import type { Connection, ConnectionExchange } from './connection.js';
import type { Origin } from './origin.js';
import { type AnswerHeaders, type ConnectionRequest, type RequestController, UnprocessedError } from './protocol.js';

const NO_BODY: Uint8Array = new Uint8Array(0);

/** The peer's end of a connection, as undici and Node tell it. */
const CLOSED_BY_PEER: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** What an exchange is made of. */
export interface ExchangeSettings {
  readonly origin: Origin;
  readonly request: ConnectionRequest;
  /** Told where the exchange stands. */
  readonly attempt: SendAttempt;
  readonly signal: LightSignal;
  readonly maxResponseBytes: number;
  /** What a whole response means. It may throw. */
  readonly answer: (response: Response) => Answer;
  /** The message's id. Where a header carries it, the receiver can tell that it was given the same message twice. */
  readonly id: string;
}

/**
 * One request and its response, as a handler of undici's: no stream, no buffering beyond the cap. Settles exactly once,
 * whatever comes first: the response's end or its cap, an error, the signal. What comes after that is only counted.
 *
 * A receiver may close a kept-alive connection in the moment in which a request is written to it. Then it is written once more, on a fresh one.
 */
export class Exchange implements ConnectionExchange, AttemptProgress {
  readonly promise: Promise<Answer>;
  readonly request: ConnectionRequest;
  connection: Connection | undefined = undefined;
  private readonly settings: ExchangeSettings;
  private resolve!: (answer: Answer) => void;
  private reject!: (reason: unknown) => void;
  private settled = false;
  /** From the moment that it has a connection. */
  private controller: RequestController | undefined = undefined;
  /** The connection was used before: its peer may be closing it. */
  private onUsedConnection = false;
  /** A connection that closes again is no race, though on HTTP/2 others may have been answered on it meanwhile. */
  private wasSentAgain = false;
  private hasBegunAnswer = false;
  private status = 0;
  private headers: AnswerHeaders = {};
  private body: Uint8Array = NO_BODY;
  /** The whole body, once it is more than one chunk. */
  private kept: KeptBytes | undefined = undefined;

  constructor(settings: ExchangeSettings) {
    this.settings = settings;
    this.request = settings.request;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Sends the request. Called once. */
  start(): Promise<Answer> {
    const { origin, attempt, signal } = this.settings;
    signal.addEventListener('abort', this);
    attempt.progress = this;
    origin.send(this);
    return this.promise;
  }

  /** Where it stands, for a timeout's reason. */
  get phase(): string {
    if (this.connection === undefined) return 'waiting for a free connection';
    if (this.controller === undefined) return this.connection.phase;
    if (this.status >= 200) return 'reading the response body';
    return this.hasBegunAnswer ? 'reading the response headers' : 'waiting for the response';
  }

  /** The signal's abort: this object is its own listener, which saves a closure. */
  handleEvent(): void {
    if (!this.settle()) return;
    const { origin, signal } = this.settings;
    this.reject(signal.reason);
    if (this.controller !== undefined) this.controller.abort(ABANDONED);
    else if (this.connection !== undefined) this.connection.giveUp();
    else origin.withdraw(this);
  }

  onRequestStart(controller: RequestController): void {
    // A throw takes it out of line and leaves the connection to the next one; aborting here would destroy the connection.
    if (this.settled) throw ABANDONED;
    this.controller = controller;
    this.onUsedConnection = (this.connection as Connection).answers > 0;
  }

  onResponseStarted(): void {
    this.hasBegunAnswer = true;
  }

  onResponseStart(_controller: RequestController, status: number, headers: AnswerHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: RequestController, chunk: Uint8Array): void {
    if (this.settled || this.keep(chunk)) return;
    this.finish(true);
    // Not at once: undici's parser stands in the middle of this chunk. If the rest of the response was in it, the connection lives.
    queueMicrotask(() => controller.abort(ABANDONED));
  }

  onResponseEnd(): void {
    // A body without a length ends with its connection, and undici takes a reset for that end, too.
    const error = this.connection?.brokenBy;
    if (error === undefined) this.finish(false);
    else if (this.settle()) this.resolve(failureOf(error));
    this.connection?.answered();
  }

  onResponseError(_controller: RequestController | null, error: Error): void {
    const connection = this.connection as Connection;
    if (this.isToSendAgain(error)) {
      this.controller = undefined;
      this.wasSentAgain = true;
      connection.sendAgain(this);
      return;
    }
    connection.failed(this.settled && this.controller === undefined);
    if (this.settle()) this.resolve(failureOf(error));
  }

  /**
   * The receiver says that it never looked at the request. Or the connection closed before the first byte of an answer, and had served others: then
   * it most likely did not.
   */
  private isToSendAgain(error: Error): boolean {
    // Who has begun to answer has looked at it, whatever it says now; and a second answer must not be read on top of the first.
    if (this.settled || this.wasSentAgain || this.hasBegunAnswer) return false;
    if (error instanceof UnprocessedError) return true;
    if (!this.onUsedConnection) return false;
    return CLOSED_BY_PEER.has((error as { readonly code?: unknown }).code) && carries(this.request.headers, this.settings.id);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.settings.signal.removeEventListener('abort', this);
    return true;
  }

  /** Keeps what fits; false where that is not all of it. Nearly all bodies are one chunk, which serves as it is. */
  private keep(chunk: Uint8Array): boolean {
    const { maxResponseBytes } = this.settings;
    if (this.kept === undefined) {
      if (this.body.length === 0 && chunk.length <= maxResponseBytes) {
        this.body = plain(chunk);
        return true;
      }
      this.kept = new KeptBytes(maxResponseBytes);
      this.kept.add(this.body);
    }
    return this.kept.add(chunk);
  }

  private finish(truncated: boolean): void {
    if (!this.settle()) return;
    const response = { status: this.status, headers: flat(this.headers), body: this.kept?.all() ?? this.body, truncated };
    try {
      this.resolve(this.settings.answer(response));
    } catch (error) {
      this.reject(error);
    }
  }
}

/** Whether any header tells the receiver which message it is: signature schemes send the id, and some receivers ask for a key. */
function carries(headers: readonly string[], id: string): boolean {
  return headers.some((text, i) => (i % 2 === 1 ? text === id : text.toLowerCase() === 'idempotency-key'));
}

/** The same bytes without Buffer's own ways of printing and turning to JSON. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** Values of a repeated header joined. Nearly all responses have none, and then undici's object serves as it is. */
function flat(headers: AnswerHeaders): Readonly<Record<string, string>> {
  for (const name in headers) {
    if (typeof headers[name] !== 'string') return joined(headers);
  }
  return headers as Readonly<Record<string, string>>;
}

function joined(headers: AnswerHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]));
}
