import { Agent, fetch as undiciFetch } from 'undici';
import type { OutcomeKind } from '../../../src/outcome.js';
import type { Fault } from '../../../src/testing/index.js';
import { type Fetch, fetchTransport } from '../../../src/transports/fetch/index.js';
import { http } from '../../../src/transports/http/index.js';
import { smtp } from '../../../src/transports/smtp/index.js';
import { sns } from '../../../src/transports/sns/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { listening } from '../listening.js';
import { mailServer } from '../smtp/mail-server.js';
import { Emulator, snsClient } from '../sns/emulator.js';

/** A transport over sockets, and a server that takes what it sends. To add a transport to all tests of faults, add its row below. */
export interface Lane {
  readonly name: string;
  open(): Promise<OpenLane>;
  /** What ends a connection when a second callback comes on it, and what that callback comes to. */
  readonly reuse: readonly [fault: Fault, outcomes: readonly OutcomeKind[]];
}

/** How a transport reaches its server. */
export interface Way {
  /** Of the server, or of what stands in front of it. */
  readonly port: number;
  /** How many connections it may have. */
  readonly connections: number;
  /** Whom it trusts, where the way is by TLS. */
  readonly ca?: readonly string[] | undefined;
}

export interface OpenLane {
  /** The server's. */
  readonly port: number;
  /** The ids of what the server took so far, repetitions too. */
  readonly received: () => Promise<readonly string[]>;
  /** How many connections the server has open from outside. */
  readonly openConnections: () => number;
  readonly transport: (way: Way) => Transport;
  /** The destination, by this way. */
  readonly to: (way: Way) => string;
  close(): Promise<void>;
}

/** What is sent: its id as the subject, so that a mail has one too. */
export const content = (id: string): { readonly subject: string; readonly text: string } => ({ subject: id, text: 'Paid.' });

/** An agent leaves a connect that nobody waits for to its timeout. */
const CONNECT_TIMEOUT_MS = 1_000;

/** An HTTP server whose answers are long enough to be cut anywhere. */
async function httpLane(): Promise<Omit<OpenLane, 'transport'>> {
  const received: string[] = [];
  const server = await listening(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    received.push(JSON.parse(text).subject);
    response.writeHead(200, { 'content-type': 'text/plain' }).end('taken '.repeat(20));
  });
  return {
    ...server,
    received: async () => received,
    to: ({ port, ca }) => `${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks`,
  };
}

export const LANES: readonly Lane[] = [
  {
    name: 'http',
    reuse: ['close-on-reuse', ['failed', 'delivered']],
    open: async () => ({
      ...(await httpLane()),
      transport: ({ connections, ca }) =>
        http({ allowPrivate: true, connectionsPerOrigin: connections, ...(ca && { tls: { ca } }) }),
    }),
  },
  {
    name: 'fetch',
    reuse: ['close-on-reuse', ['failed', 'delivered']],
    open: async () => ({
      ...(await httpLane()),
      transport: ({ connections, ca }) => {
        // The platform's connections end in their own time, and are nobody's to close; those of an agent end with it.
        const dispatcher = new Agent({ connections, connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca && { ca: [...ca] }) } });
        const fetch = ((url, init) => undiciFetch(url, { ...init, dispatcher })) as Fetch;
        const transport = fetchTransport({ allowPrivate: true, fetch });
        const close = async (): Promise<void> => {
          await transport.close?.();
          await dispatcher.destroy();
        };
        return { ...transport, close };
      },
    }),
  },
  {
    name: 'smtp',
    // The greeting, EHLO, the envelope in one go and the mail itself are the first four turns of a connection.
    reuse: [{ fault: 'close', atRequest: 5 }, ['failed', 'delivered']],
    open: async () => {
      const { port: own, mails, sessions, close } = await mailServer();
      return {
        port: own,
        received: async () => mails.map(({ raw }) => /^Subject: (.*)$/m.exec(raw)?.[1]?.trim() ?? ''),
        openConnections: () => sessions.size,
        transport: ({ port, connections, ca }) => {
          const tls = ca && { secure: true, tls: { ca } };
          const server = { host: '127.0.0.1', port, maxConnections: connections, ...tls };
          return smtp({ server, from: 'billing@company.example' });
        },
        to: () => 'mailto:customer@customer.example',
        close,
      };
    },
  },
  {
    name: 'sns',
    reuse: ['close-on-reuse', ['failed', 'delivered']],
    open: async () => {
      const emulator = await Emulator.start();
      const { topicArn, queueUrl } = await emulator.subscribe();
      const received: string[] = [];
      return {
        port: Number(new URL(emulator.url).port),
        received: async () => {
          for (const { Body = '{}' } of await emulator.receiveAll(queueUrl)) received.push(JSON.parse(Body).subject);
          return received;
        },
        // Those that the emulator has are of its own clients; what comes through a proxy is counted there.
        openConnections: () => 0,
        transport: ({ port, connections, ca }) => {
          const agent = { maxSockets: connections, keepAlive: true };
          const requestHandler = { httpAgent: agent, httpsAgent: { ...agent, ...(ca && { ca: [...ca] }) } };
          const client = snsClient(`${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, { requestHandler });
          const transport = sns({ client });
          const close = async (): Promise<void> => {
            await transport.close?.();
            client.destroy();
          };
          return { ...transport, close };
        },
        to: () => topicArn,
        close: () => emulator.stop(),
      };
    },
  },
];
