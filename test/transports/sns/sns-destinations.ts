import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { DestinationBehaviour, TransportUnderTest } from '../../../src/testing/index.js';
import { type UnacceptingPort, unacceptingPort } from '../unaccepting-port.js';
import { batchAnswer, failure } from './answering-front.js';
import { snsClient } from './emulator.js';

/** Topics that behave, by their names, as the conformance suite asks for, and a client whose calls reach them. */
export interface SnsDestinations extends Required<Omit<TransportUnderTest, 'transport'>> {
  readonly client: SNSClient;
  close(): Promise<void>;
}

const LATE_MS = 200;
const TAKEN = '<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>';

/** How many messages a call has: 0 where it is for one alone. */
const entriesOf = (parameters: URLSearchParams): number =>
  [...parameters.keys()].filter((key) => key.endsWith('.Message')).length;

type Answering = (response: ServerResponse, taken: string) => void;

const says =
  (status: number, code: string, headers = {}): Answering =>
  (response) =>
    response.writeHead(status, headers).end(failure(status, code).body);

const ANSWERS: Partial<Record<DestinationBehaviour, Answering>> = {
  delivers: (response, taken) => response.writeHead(200).end(taken),
  'delivers-late': (response, taken) => setTimeout(() => response.writeHead(200).end(taken), LATE_MS),
  fails: says(500, 'InternalError'),
  rejects: says(400, 'InvalidParameter'),
  overloads: says(400, 'Throttled', { 'Retry-After': '2' }),
  'hangs-before-answer': () => {},
  'hangs-in-answer': (response) => response.writeHead(200, { 'content-length': 1_000 }).write('<PublishResponse>'),
};

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Leads the calls for a topic to a server of its own: a client has one endpoint only. */
function lead(
  client: SNSClient,
  portOfTopic: (behaviour: string) => { readonly port: number; readonly protocol?: string } | undefined,
): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { TopicArn = '' } = args.input as { readonly TopicArn?: string };
      Object.assign(args.request as object, portOfTopic(behaviourOf(TopicArn)));
      return next(args);
    },
    { step: 'build' },
  );
}

const behaviourOf = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);

export async function snsDestinations(): Promise<SnsDestinations> {
  const sockets = new Set<Socket>();
  const count = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  let requests = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const parameters = new URLSearchParams(Buffer.concat(chunks).toString());
    const entries = entriesOf(parameters);
    requests += Math.max(1, entries);
    const taken = entries === 0 ? TAKEN : batchAnswer(Array.from({ length: entries }, () => 'ok')).body;
    ANSWERS[behaviourOf(parameters.get('TopicArn') ?? '') as DestinationBehaviour]?.(response, taken);
  }).on('connection', count);
  const silent = createTcpServer(count);
  const unused = createTcpServer();
  const [port, silentPort, unusedPort] = await Promise.all([portOf(server), portOf(silent), portOf(unused)]);
  unused.close();
  let unaccepting: UnacceptingPort | undefined;
  const client = snsClient(`http://127.0.0.1:${port}`);
  lead(client, (behaviour) => {
    if (behaviour === 'unreachable') return { port: unusedPort };
    if (behaviour === 'hangs-in-tls') return { port: silentPort, protocol: 'https:' };
    return behaviour === 'hangs-in-connect' && unaccepting !== undefined ? { port: unaccepting.port } : undefined;
  });
  return {
    client,
    destination: async (behaviour) => {
      if (behaviour === 'hangs-in-connect') unaccepting ??= await unacceptingPort();
      return `arn:aws:sns:us-east-1:123456789012:${behaviour}`;
    },
    openConnections: () => sockets.size,
    requests: () => requests,
    close: async () => {
      client.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all([server, silent].map((each) => new Promise((closed) => each.close(closed))));
      await unaccepting?.close();
    },
  };
}
