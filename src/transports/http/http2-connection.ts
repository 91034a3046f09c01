import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { errors } from 'undici';
import { isHeaderName, isHeaderValue } from '../../header-grammar.js';
import { nodeError, saidGoodbye } from './http2-error.js';
import { Http2Request, type Http2RequestEnd, type Http2RequestOwner } from './http2-request.js';
import {
  type CarriedExchange,
  type ConnectionRequest,
  type Protocol,
  type ProtocolListener,
  type ProtocolSettings,
  UnprocessedError,
} from './protocol.js';

/** Streams at once, as most servers allow; fewer where the receiver says so. */
const MAX_STREAMS = 100;
/** Numbers for streams end at 2^31; a connection that has come so far is followed by another. */
const LAST_STREAM_ID = 2 ** 30;
/** A receiver may answer every PING and no request: so many that it leaves unheard, and they go over another connection. */
const MAX_UNHEARD = 20;
/** As undici has it for HTTP/1.1. */
const IDLE_MS = 4_000;
/**
 * In MB, and in effect none. Node counts the bodies that are still to be sent, which the caller holds anyway, and at its default of 10 it resets the
 * streams whose answers come then.
 */
const MAX_SESSION_MEMORY = 4_000;
/**
 * Node resets a stream whose headers are above its own bounds, with the code by which a receiver says that it is overloaded: so they lie where our cap
 * has long been passed. Node adds 32 bytes to each header, and the least one is two.
 */
const LEAST_HEADER_LIST_BYTES = 2 ** 18;
const HEADER_OVERHEAD_BYTES = 32;
const MAX_LIST_PER_HEADER_BYTE = 17;

/**
 * An open HTTP/2 connection, by Node's own client. It ends by its socket: Node's ways to end a session wait for the peer to read, or to close.
 *
 * A request that is given up before the receiver has said anything to it leaves a doubt whether there is still a receiver. With HTTP/1.1 its
 * connection ends with it. Here the connection ends where no other request is on it; else it takes no more until something is heard.
 */
export class Http2Connection implements Protocol, Http2RequestOwner {
  readonly maxHeaderBytes: number;
  private readonly url: URL;
  private readonly listener: ProtocolListener;
  private readonly socket: Socket;
  private readonly session: ClientHttp2Session;
  private readonly requests = new Set<Http2Request>();
  /** What is to be sent again comes all at once: but for the first, it waits until the receiver has said how much it allows. */
  private readonly early: CarriedExchange[] = [];
  /** How many the receiver allows at once; undefined until it has said so. */
  private allowed: number | undefined = undefined;
  /** What the listener was told last. */
  private admitted: number | undefined = undefined;
  private isDoubtful = false;
  /** Requests that were given up unheard, one after the other. */
  private unheard = 0;
  /** Streams that were reset, and may still count at the receiver: it would refuse others that take their place too soon. */
  private resets = 0;
  /** Those of them that have left: Node holds a reset back while it writes. */
  private resetsSent = 0;
  private isAsking = false;
  /** Takes no more requests. */
  private isRetired = false;
  private readonly socketClosed = Promise.withResolvers<void>();

  constructor(socket: Socket, { url, maxHeaderBytes }: ProtocolSettings, listener: ProtocolListener) {
    this.url = url;
    this.maxHeaderBytes = maxHeaderBytes;
    this.listener = listener;
    this.socket = socket;
    const maxHeaderListSize = Math.max(LEAST_HEADER_LIST_BYTES, MAX_LIST_PER_HEADER_BYTE * maxHeaderBytes);
    this.session = connect(url, {
      createConnection: () => socket,
      peerMaxConcurrentStreams: MAX_STREAMS,
      maxSessionMemory: MAX_SESSION_MEMORY,
      maxHeaderListPairs: maxHeaderListSize / HEADER_OVERHEAD_BYTES,
      settings: { enablePush: false, maxHeaderListSize },
    });
    this.session
      .on('remoteSettings', ({ maxConcurrentStreams = MAX_STREAMS }) => {
        this.allowed = Math.min(maxConcurrentStreams, MAX_STREAMS);
        this.isDoubtful = false;
        this.tellRoom();
        for (const exchange of this.early.splice(0)) this.dispatch(exchange.request, exchange);
      })
      .on('goaway', (code, lastId) => this.takeGoodbye(code, lastId))
      .on('error', (error) => this.end(nodeError(error)))
      .on('close', () => this.end())
      .setTimeout(IDLE_MS, () => {
        if (this.requests.size === 0) this.end();
      });
    socket
      .on('error', (error) => this.end(error))
      .on('end', () => this.end())
      .on('close', () => {
        this.end();
        this.socketClosed.resolve();
      });
  }

  dispatch(request: ConnectionRequest, exchange: CarriedExchange): void {
    if (this.allowed === undefined && this.requests.size > 0) {
      this.early.push(exchange);
      return;
    }
    const sent = new Http2Request(exchange, this);
    let headers: Record<string, string>;
    try {
      exchange.onRequestStart(sent);
      headers = headersOf(request, this.url);
    } catch (error) {
      exchange.onResponseError(null, error as Error);
      return;
    }
    this.requests.add(sent);
    this.socket.ref();
    try {
      sent.start(this.session.request(headers, { endStream: request.body === null || request.body.length === 0 }));
    } catch {
      const isGone = this.session.closed || this.session.destroyed;
      if (isGone) this.retire();
      sent.fail(isGone ? new UnprocessedError() : new errors.InvalidArgumentError());
    }
    if (sent.id > LAST_STREAM_ID) this.retire();
  }

  left(request: Http2Request, { wasHeard, wasReset }: Http2RequestEnd): void {
    this.requests.delete(request);
    this.isDoubtful = !wasHeard;
    this.unheard = wasHeard ? 0 : this.unheard + 1;
    if (this.unheard >= MAX_UNHEARD) this.retire();
    if (wasReset) this.resets++;
    if (!wasHeard) this.ask();
    this.sendEarly();
    this.endIfUnwanted();
    this.tellRoom();
  }

  resetSent(): void {
    this.resetsSent++;
    this.ask();
  }

  close(): Promise<void> {
    this.retire();
    this.endIfUnwanted();
    return this.socketClosed.promise;
  }

  /** One is always under way, as the settings may never come; what nobody wants any more is let go of here. */
  private sendEarly(): void {
    while (this.requests.size === 0) {
      const next = this.early.shift();
      if (next === undefined) return;
      this.dispatch(next.request, next);
    }
  }

  private endIfUnwanted(): void {
    if (this.requests.size > 0 || this.early.length > 0) return;
    if (this.isRetired || this.isDoubtful || this.room === 0) this.end();
    else this.socket.unref();
  }

  /** Whether there still is a receiver, and has taken notice of what was reset until now. */
  private ask(): void {
    if (this.isAsking || this.socket.destroyed || this.session.destroyed) return;
    this.isAsking = true;
    const { resetsSent } = this;
    this.session.ping((error) => {
      this.isAsking = false;
      if (error !== null) {
        this.retire();
        this.endIfUnwanted();
        return;
      }
      this.resets -= resetsSent;
      this.resetsSent -= resetsSent;
      this.isDoubtful = false;
      if (this.resetsSent > 0) this.ask();
      this.tellRoom();
    });
  }

  private get room(): number {
    return this.isDoubtful ? 0 : Math.max(0, (this.allowed ?? 1) - this.resets);
  }

  private tellRoom(): void {
    if (this.isRetired || this.allowed === undefined) return;
    const { room } = this;
    if (room === this.admitted) return;
    this.admitted = room;
    this.listener.admits(room);
  }

  /** What it has not looked at, by the receiver's own word, is sent over another connection; the rest goes on, unless the goodbye is an error. */
  private takeGoodbye(code: number, lastId: number): void {
    this.retire();
    for (const request of this.requests) if (request.id > lastId) request.fail(new UnprocessedError());
    if (code !== constants.NGHTTP2_NO_ERROR) this.end(saidGoodbye(code));
    this.endIfUnwanted();
  }

  private retire(): void {
    if (this.isRetired) return;
    this.isRetired = true;
    this.listener.closed();
  }

  private end(reason: Error = new errors.SocketError('closed')): void {
    this.retire();
    this.socket.destroy();
    for (const request of this.requests) request.fail(reason);
    for (const exchange of this.early.splice(0)) exchange.onResponseError(null, reason);
  }
}

/** Checked here, as Node does not: what reaches a receiver of HTTP/1.1 by way of a proxy must not break a line there. */
function headersOf({ method, path, headers, body }: ConnectionRequest, { host }: URL): Record<string, string> {
  const pseudo = { ':method': method, ':path': path, ':authority': host, ':scheme': 'https' };
  const all: Record<string, string> = Object.assign(Object.create(null), pseudo, { 'content-length': String(body?.length ?? 0) });
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i]?.toLowerCase() ?? '', headers[i + 1] ?? ''];
    if (!isHeaderName(name) || !isHeaderValue(value)) throw new errors.InvalidArgumentError('invalid header');
    all[name] = name in all ? `${all[name]}, ${value}` : value;
  }
  return all;
}
