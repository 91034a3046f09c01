import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Answer, Delivery, Message } from '../../../src/callback.js';
import { type HttpOptions, http } from '../../../src/transports/http/index.js';
import type { Transport } from '../../../src/transports/transport.js';

/** A server on the loopback that ends with the test. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** Sockets that clients opened, ever. */
  readonly connections: () => number;
  /** Sockets that are open now. */
  readonly open: () => number;
  /** Resolves when no socket is open. */
  readonly allClosed: () => Promise<void>;
}

interface Listening {
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
  listen(port: number, host: string, listening: () => void): unknown;
  close(): unknown;
  address(): AddressInfo | string | null;
}

export async function listen(server: Listening, protocol = 'http'): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let total = 0;
  let whenClosed: (() => void)[] = [];
  server.on('connection', (socket: Socket) => {
    total++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size > 0) return;
      for (const resolve of whenClosed) resolve();
      whenClosed = [];
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${protocol}://127.0.0.1:${port}`,
    port,
    connections: () => total,
    open: () => sockets.size,
    allClosed: () => new Promise((resolve) => (sockets.size === 0 ? resolve() : whenClosed.push(resolve))),
  };
}

/** An HTTP server. */
export function receiver(listener: RequestListener): Promise<Receiver> {
  const server: Server = createServer(listener);
  return listen(server);
}

/** A TCP server that speaks whatever it is told to. */
export const rawReceiver = (onConnection: (socket: Socket) => void): Promise<Receiver> => listen(createTcpServer(onConnection));

/** What a request's body was. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads the request to its end, then answers. */
export const answering =
  (status: number, headers: Record<string, string | string[]> = {}, body: string | Uint8Array = ''): RequestListener =>
  (request: IncomingMessage, response: ServerResponse) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(body));
  };

export function message(
  to: string,
  changes: { headers?: Record<string, string>; body?: Uint8Array; contentType?: string; idempotencyKey?: string } = {},
): Message {
  const { headers = {}, body = Buffer.from('{"paid":true}'), contentType = 'application/json', idempotencyKey } = changes;
  const delivery: Delivery = {
    id: 'msg_1',
    to,
    destination: to,
    headers,
    body,
    contentType,
    idempotencyKey,
    priority: 0,
    acceptedAtMs: 0,
  };
  return { id: 'msg_1', to, headers, body, delivery };
}

/** A transport to the loopback that is closed when the test ends. */
export function loopback(options: HttpOptions = {}): Transport & { close(): Promise<void> } {
  const transport = http({ allowPrivate: true, ...options }) as Transport & { close(): Promise<void> };
  onTestFinished(() => transport.close());
  return transport;
}

export function send(transport: Transport, toSend: Message | string, signal = new AbortController().signal): Promise<Answer> {
  return transport.send(typeof toSend === 'string' ? message(toSend) : toSend, { number: 1, signal });
}
