import type { ServerResponse } from 'node:http';
import type { DestinationBehaviour, TransportUnderTest } from '../../src/testing/index.js';
import { listening, listeningRaw, unusedPort } from './listening.js';
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

export async function httpDestinations(): Promise<HttpDestinations> {
  let requests = 0;
  const server = await listening((request, response) => {
    requests++;
    const behaviour = request.url?.slice(1) as DestinationBehaviour;
    request.resume().on('end', () => ANSWERS[behaviour]?.(response));
  });
  const silent = await listeningRaw(() => {});
  const unused = await unusedPort();
  let unaccepting: UnacceptingPort | undefined;
  return {
    destination: async (behaviour) => {
      if (behaviour === 'unreachable') return `http://127.0.0.1:${unused}/`;
      if (behaviour === 'hangs-in-tls') return `https://127.0.0.1:${silent.port}/`;
      // "This network": no address to send to. Were it let through, it would be this machine.
      if (behaviour === 'forbidden') return `http://0.0.0.0:${server.port}/delivers`;
      if (behaviour !== 'hangs-in-connect') return `http://127.0.0.1:${server.port}/${behaviour}`;
      unaccepting ??= await unacceptingPort();
      return `http://127.0.0.1:${unaccepting.port}/`;
    },
    openConnections: () => server.openConnections() + silent.openConnections(),
    requests: () => requests,
    close: async () => {
      await Promise.all([server.close(), silent.close()]);
      await unaccepting?.close();
    },
  };
}
