import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { errors } from 'undici';
import { Http2Error, nodeError, streamReset } from './http2-error.js';
import { type AnswerHeaders, type CarriedExchange, type RequestController, UnprocessedError } from './protocol.js';

/** As undici has it for HTTP/1.1. */
const SILENCE_MS = 300_000;
/** A frame's type, as `frameError` tells it. */
const HEADERS_FRAME = 1;

/** What a request's end tells of its connection. */
export interface Http2RequestEnd {
  /** The receiver has said anything to it, so it is there. */
  readonly wasHeard: boolean;
  /** Its stream was reset from here. */
  readonly wasReset: boolean;
}

/** Told of a request's end. */
export interface Http2RequestOwner {
  readonly maxHeaderBytes: number;
  left(request: Http2Request, end: Http2RequestEnd): void;
  /** A reset has left, after its request did. */
  resetSent(): void;
}

/** One request on an HTTP/2 connection, and its answer: it tells the exchange what undici would. It ends once. */
export class Http2Request implements RequestController {
  private readonly exchange: CarriedExchange;
  private readonly owner: Http2RequestOwner;
  private stream: ClientHttp2Stream | undefined = undefined;
  private isOver = false;
  private isAnswered = false;
  private wasHeard = false;
  private informationalBytes = 0;
  /** What the answer's `content-length` says that is still to come; undefined where it says nothing. */
  private bytesLeft: number | undefined = undefined;

  constructor(exchange: CarriedExchange, owner: Http2RequestOwner) {
    this.exchange = exchange;
    this.owner = owner;
  }

  /** The stream's number; 0 before there is one. */
  get id(): number {
    return this.stream?.id ?? 0;
  }

  /** Sends the body, and listens. */
  start(stream: ClientHttp2Stream): void {
    this.stream = stream;
    stream
      .on('headers', (headers) => this.inform(headers))
      .on('response', (headers) => this.answer(headers))
      .on('trailers', (headers) => this.refuseAbove(sizeOf(headers)))
      .on('data', (chunk: Uint8Array) => this.take(chunk))
      .on('end', () => this.end())
      // Node tells of errors after the end, too: without a listener they would end the process.
      .on('error', (error) => this.break(error))
      .on('frameError', (type: number, code: number) =>
        this.fail(type === HEADERS_FRAME ? new UnprocessedError() : streamReset(code)),
      )
      .on('close', () => this.fail(new errors.SocketError('closed')))
      .setTimeout(SILENCE_MS, () => {
        this.fail(this.isAnswered ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError());
      });
    const { body } = this.exchange.request;
    if (body !== null && body.length > 0) stream.end(body);
  }

  /** The exchange has no more use for it. */
  abort(reason: Error): void {
    this.fail(reason);
  }

  /** Ends it and its stream with an error; of no effect when it is over. */
  fail(error: Error): void {
    if (this.isOver) return;
    this.leave();
    this.exchange.onResponseError(this, error);
  }

  private begin(): void {
    this.wasHeard = true;
    if (!this.isOver) this.exchange.onResponseStarted();
  }

  /** Nothing else ends them, so they are held to the cap together. Their status counts too: many have no more. */
  private inform(headers: IncomingHttpHeaders): void {
    this.begin();
    this.informationalBytes += sizeOf(headers);
    this.refuseAbove(this.informationalBytes);
  }

  private refuseAbove(headerBytes: number): void {
    if (headerBytes > this.owner.maxHeaderBytes) this.fail(new errors.HeadersOverflowError());
  }

  private answer(incoming: IncomingHttpHeaders): void {
    if (this.isOver) return;
    this.begin();
    this.isAnswered = true;
    // By entries, as Node marks sensitive ones under a symbol.
    const headers: AnswerHeaders = Object.fromEntries(Object.entries(incoming).filter(([name]) => name !== ':status'));
    this.refuseAbove(sizeOf(headers));
    if (this.isOver) return;
    const length = headers['content-length'];
    if (typeof length === 'string') this.bytesLeft = Number(length);
    this.exchange.onResponseStart(this, Number(incoming[':status']), headers);
  }

  private take(chunk: Uint8Array): void {
    if (this.isOver) return;
    if (this.bytesLeft !== undefined) this.bytesLeft -= chunk.length;
    this.exchange.onResponseData(this, chunk);
  }

  /** Node says so too of a stream that the receiver has reset without an error. */
  private end(): void {
    this.wasHeard = true;
    if (this.isOver) return;
    const code = this.stream?.rstCode ?? constants.NGHTTP2_NO_ERROR;
    // Without a length nothing else tells an answer that was cut off from a whole one.
    if (code !== constants.NGHTTP2_NO_ERROR && (!this.isAnswered || this.bytesLeft !== 0)) {
      this.fail(streamReset(code));
      return;
    }
    if (!this.isAnswered || (this.bytesLeft ?? 0) !== 0) {
      this.fail(new Http2Error(this.isAnswered ? 'HTTP/2 answer broken off' : 'HTTP/2 stream ended without an answer'));
      return;
    }
    this.leave();
    this.exchange.onResponseEnd();
  }

  private break(error: Error): void {
    const code = this.stream?.rstCode ?? constants.NGHTTP2_NO_ERROR;
    if (code !== constants.NGHTTP2_NO_ERROR) this.wasHeard = true;
    this.fail(code === constants.NGHTTP2_REFUSED_STREAM ? new UnprocessedError() : nodeError(error, code));
  }

  /**
   * A stream that is not done is closed with a code. Without one, Node's `close` waits for the body to be written before it tells the receiver.
   * Destroyed meanwhile, the stream is gone for Node but not for nghttp2, which then asks it for data for ever, in one turn of the loop.
   */
  private leave(): void {
    this.isOver = true;
    const { stream } = this;
    const isDone = stream === undefined || (stream.readableEnded && stream.writableFinished);
    const wasReset = !isDone && !stream.closed && !stream.destroyed;
    if (wasReset) stream.on('close', () => this.owner.resetSent()).close(constants.NGHTTP2_CANCEL);
    this.owner.left(this, { wasHeard: this.wasHeard, wasReset });
  }
}

/** Names and values, as undici counts them for HTTP/1.1. */
function sizeOf(headers: object): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length, 0);
}
