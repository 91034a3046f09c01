import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';

/** No receiver has looked at the request: it may be sent again, whatever it is. */
export class UnprocessedError extends Error {
  constructor() {
    super('the receiver refused the request before it looked at it');
  }
}

/** The request as undici takes it. */
export interface ConnectionRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  readonly body: Uint8Array | null;
}

/** A request that is on its way. */
export interface RequestController {
  abort(reason: Error): void;
}

/** What an answer's headers are, by lower-case name. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A request, and what is told of its answer: as undici's handlers have it, so that its client takes it as it is. */
export interface CarriedExchange extends Dispatcher.DispatchHandler {
  readonly request: ConnectionRequest;
  /** It is written now. Throws where nobody wants it any more, and then it is not. */
  onRequestStart(controller: RequestController): void;
  onResponseStarted(): void;
  onResponseStart(controller: RequestController, status: number, headers: AnswerHeaders): void;
  onResponseData(controller: RequestController, chunk: Uint8Array): void;
  onResponseEnd(): void;
  /** @param controller null where the request was never written */
  onResponseError(controller: RequestController | null, error: Error): void;
}

/** What carries a connection's requests: undici's client for HTTP/1.1, and what does the same for HTTP/2. */
export interface Protocol {
  /** Carries it as soon as there is a socket, and tells the exchange all that comes of it. Must not throw. */
  dispatch(request: ConnectionRequest, exchange: CarriedExchange): unknown;
  /** Resolves when what it carries is done, and its sockets are closed. */
  close(): Promise<void>;
}

/** Whose protocol it is. */
export interface ProtocolListener {
  /** Its socket takes no more requests; the next one needs another. */
  closed(): void;
  /** So many requests at once are welcome now, those that run included. Said by what was negotiated, once it is known. */
  admits(count: number): void;
}

/** What a protocol is made of. */
export interface ProtocolSettings {
  readonly url: URL;
  readonly maxHeaderBytes: number;
}

/** Opens a socket, and says so. */
export type OpenSocket = (options: buildConnector.Options, callback: buildConnector.Callback) => void;

/** HTTP/1.1: one socket at a time, opened when there is something to send. */
export function http1Client({ url, maxHeaderBytes }: ProtocolSettings, connect: OpenSocket, listener: ProtocolListener): Client {
  const client = new Client(url, { connect, maxHeaderSize: maxHeaderBytes, allowH2: false });
  return client.on('disconnect', () => listener.closed()).on('connectionError', () => listener.closed());
}

/** The same over a socket that is open already, and over no other: what asks for another goes back as unprocessed. */
export function http1ClientOn(socket: Socket, settings: ProtocolSettings, listener: ProtocolListener): Client {
  let isTaken = false;
  const connect: OpenSocket = (_options, callback) => {
    const isFirst = !isTaken;
    isTaken = true;
    // Not at once: undici takes a socket only after it was asked for one.
    queueMicrotask(() => (isFirst ? callback(null, socket) : callback(new UnprocessedError(), null)));
  };
  return http1Client(settings, connect, listener);
}
