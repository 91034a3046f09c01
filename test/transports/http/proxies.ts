import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { listen, type Receiver } from './receiver.js';

/** A CONNECT proxy on the loopback. */
export interface ConnectProxy extends Receiver {
  /** What it was asked for: the authority and the credentials of each CONNECT. */
  readonly asked: { readonly authority: string; readonly authorization: string | undefined }[];
  /** What came through, in clear or not. */
  readonly sent: () => string;
}

/** Leads every name to the loopback, unless `answer` says something of its own instead. */
export async function connectProxy(answer?: (socket: Socket) => void): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = [];
  const sent: Buffer[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, stream) => {
    const socket = stream as Socket;
    const authority = request.url as string;
    asked.push({ authority, authorization: request.headers['proxy-authorization'] });
    if (answer !== undefined) {
      // Else it would never hear of its end.
      socket.resume().on('end', () => socket.end());
      return answer(socket);
    }
    const far = connect(Number(authority.slice(authority.lastIndexOf(':') + 1)), '127.0.0.1');
    far.on('connect', () => socket.write('HTTP/1.1 200 Connection established\r\nvia: here\r\n\r\n'));
    socket
      .on('data', (bytes: Buffer) => sent.push(bytes))
      .pipe(far)
      .pipe(socket);
    far.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => far.destroy());
  });
  return { ...(await listen(server)), asked, sent: () => Buffer.concat(sent).toString('latin1') };
}
