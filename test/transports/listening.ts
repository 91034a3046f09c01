import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

/** A server on the loopback that knows its connections. */
export interface Listening {
  readonly port: number;
  readonly openConnections: () => number;
  /** Cuts its connections, and ends. */
  close(): Promise<void>;
}

export async function listeningOn(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    openConnections: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** An HTTP server. */
export const listening = (listener: RequestListener): Promise<Listening> => listeningOn(createServer(listener));

/** A TCP server that does with each connection what it is told to. */
export const listeningRaw = (onConnection: (socket: Socket) => void): Promise<Listening> =>
  listeningOn(createTcpServer(onConnection));

/** A port that nobody listens on. */
export async function unusedPort(): Promise<number> {
  const { port, close } = await listeningRaw(() => {});
  await close();
  return port;
}
