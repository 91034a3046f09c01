import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { DestinationBehaviour, TransportUnderTest } from '../../src/testing/index.js';
import { type UnacceptingPort, unacceptingPort } from './unaccepting-port.js';

/** Servers on the loopback that behave, by path or port, as the conformance suite asks for. For every transport that speaks HTTP. */
export interface HttpDestinations extends Required<Omit<TransportUnderTest, 'transport'>> {
  close(): Promise<void>;
}

const LATE_MS = 200;

const ANSWERS: Partial<Record<DestinationBehaviour, (response: ServerResponse) => void>> = {
  delivers: (response) => response.writeHead(200, { 'X-Answer': 'taken' }).end('taken'),
  'delivers-late': (response) => setTimeout(() => response.writeHead(204).end(), LATE_MS),
  fails: (response) => response.writeHead(500).end('broken'),
  rejects: (response) => response.writeHead(400).end('no'),
  gone: (response) => response.writeHead(410).end(),
  overloads: (response) => response.writeHead(429, { 'Retry-After': '2' }).end(),
  'hangs-before-answer': () => {},
  'hangs-in-answer': (response) => response.writeHead(200, { 'content-length': 1_000 }).write('the beginning'),
  'answers-too-much': (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(new Uint8Array(10_000)));
    };
    response.writeHead(200).on('drain', more);
    more();
  },
};

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function httpDestinations(): Promise<HttpDestinations> {
  const sockets = new Set<Socket>();
  const count = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    const behaviour = request.url?.slice(1) as DestinationBehaviour;
    request.resume().on('end', () => ANSWERS[behaviour]?.(response));
  }).on('connection', count);
  const silent = createTcpServer(count);
  const unused = createTcpServer();
  const [port, silentPort, unusedPort] = await Promise.all([portOf(server), portOf(silent), portOf(unused)]);
  unused.close();
  let unaccepting: UnacceptingPort | undefined;
  return {
    destination: async (behaviour) => {
      if (behaviour === 'unreachable') return `http://127.0.0.1:${unusedPort}/`;
      if (behaviour === 'hangs-in-tls') return `https://127.0.0.1:${silentPort}/`;
      // "This network": no address to send to. Were it let through, it would be this machine.
      if (behaviour === 'forbidden') return `http://0.0.0.0:${port}/delivers`;
      if (behaviour !== 'hangs-in-connect') return `http://127.0.0.1:${port}/${behaviour}`;
      unaccepting ??= await unacceptingPort();
      return `http://127.0.0.1:${unaccepting.port}/`;
    },
    openConnections: () => sockets.size,
    requests: () => requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([server, silent].map((each) => new Promise((closed) => each.close(closed))));
      await unaccepting?.close();
    },
  };
}
