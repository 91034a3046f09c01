/** A transport of one's own, over TCP, held to the contract under node:test: `node --test examples/transport.ts`. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type Answer, type Message, type OutcomeKind, RingbackError, type Transport } from 'ringback';
import { type DestinationBehaviour, type TransportUnderTest, transportConformance } from 'ringback/testing';

/** It sends a line of JSON, and is answered with a line: a code, and a text or the seconds to wait. */
const MAX_ANSWER = 1_000;
const KINDS: Record<string, OutcomeKind> = { 200: 'delivered', 400: 'rejected', 410: 'gone', 429: 'overloaded' };

function lineTransport(): Transport {
  const running = new Set<Promise<Answer>>();
  let isClosed = false;
  return {
    name: 'line',
    accepts: (to) => to.protocol === 'line:',
    send: async (message, { signal }) => {
      if (isClosed) throw new RingbackError('closed', 'the line transport is closed');
      signal.throwIfAborted();
      const sending = exchange(message, signal);
      running.add(sending);
      return sending.finally(() => running.delete(sending));
    },
    close: async () => {
      isClosed = true;
      await Promise.allSettled(running);
    },
  };
}

async function exchange({ id, to, body }: Message, signal: AbortSignal): Promise<Answer> {
  const { hostname, port, pathname } = new URL(to);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  const onAbort = (): void => void socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', onAbort);
  try {
    socket.write(`${JSON.stringify({ path: pathname, id, body: new TextDecoder().decode(body) })}\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += chunk;
      if (answer.includes('\n') || answer.length > MAX_ANSWER) break;
    }
    return answerOf(answer);
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: { kind: 'failed', reason: `connection failed (${(error as NodeJS.ErrnoException).code})` } };
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function answerOf(answer: string): Answer {
  const truncated = answer.length > MAX_ANSWER;
  const [code = '', text = ''] = answer.trimEnd().split(' ');
  const kind = KINDS[code] ?? 'failed';
  const retryAfterMs = kind === 'overloaded' ? Number(text) * 1_000 : undefined;
  const response = { status: Number(code), headers: {}, body: new TextEncoder().encode(answer.slice(0, MAX_ANSWER)), truncated };
  return { outcome: { kind, status: response.status, reason: `answered ${code}`, retryAfterMs }, response };
}

// From here on it is the test: a server that behaves as it is asked to by the path of the destination.
const ANSWERS: Partial<Record<DestinationBehaviour, (socket: Socket) => unknown>> = {
  delivers: (socket) => socket.write('200 taken\n'),
  'delivers-late': (socket) => setTimeout(() => socket.write('200 taken\n'), 200),
  fails: (socket) => socket.write('500 broken\n'),
  rejects: (socket) => socket.write('400 no\n'),
  gone: (socket) => socket.write('410 gone\n'),
  overloads: (socket) => socket.write('429 2\n'),
  'hangs-in-answer': (socket) => socket.write('20'),
  'answers-too-much': (socket) => socket.write(`200 ${'x'.repeat(100_000)}`),
};

async function createTransport(): Promise<TransportUnderTest> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', (line) => {
      requests++;
      ANSWERS[JSON.parse(line.toString()).path.slice(1) as DestinationBehaviour]?.(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    transport: lineTransport(),
    // Nothing listens at port 1 of the loopback.
    destination: (behaviour) => `line://127.0.0.1:${behaviour === 'unreachable' ? 1 : port}/${behaviour}`,
    openConnections: () => sockets.size,
    requests: () => requests,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

transportConformance({
  describe,
  it,
  createTransport,
  maxResponseBytes: MAX_ANSWER,
  leftOut: {
    'hangs-in-connect': 'it takes a host that never accepts, which Node is too quick for',
    'hangs-in-tls': 'it has no TLS',
    forbidden: 'it goes where it is told to: all hosts are ours',
  },
});
