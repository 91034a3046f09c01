import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../src/random.js';
import type { HttpOptions } from '../../../src/transports/http/index.js';
import { cert, key } from './http2-receiver.js';
import { listen, type Receiver } from './receiver.js';
import { runSender } from './stress/child.js';

/** Longer: `STRESS_SENDS=1500 STRESS_SEEDS=6 npx vitest run test/transports/http/http1-stress.test.ts`, which also prints what became of the sends. */
const { STRESS_SENDS, STRESS_SEEDS = '2' } = process.env;
const sends = Number(STRESS_SENDS ?? 400);
const SEEDS = Array.from({ length: Number(STRESS_SEEDS) }, (_, i) => i + 1);
/** The sender is killed after a minute. */
const timeout = 70_000;
const ORIGINS = 12;

type Reaction = (request: IncomingMessage, response: ServerResponse, random: Random) => void;

const answer =
  (status: number, bytes = 0, headers = {}): Reaction =>
  (request, response) =>
    void request.resume().on('end', () => response.writeHead(status, headers).end(Buffer.alloc(bytes)));

/** TLS has none. */
const reset = (socket: Socket): unknown => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy());

/** A byte every few ms. */
const trickle: Reaction = (request, response) => {
  request.resume();
  response.on('error', () => {}).writeHead(200);
  const more = setInterval(() => response.write('x'), 3);
  response.on('close', () => clearInterval(more));
};

const WELL: readonly Reaction[] = [
  answer(204),
  answer(200, 3_000),
  answer(200, 200_000),
  answer(503),
  answer(200, 10, { connection: 'close' }),
  answer(200, 10, { 'keep-alive': 'timeout=1' }),
];
const ILL: readonly Reaction[] = [
  ...WELL,
  // Answered before the body was read.
  (_request, response) => void response.writeHead(413).end(),
  trickle,
  (request) => void request.resume(),
  () => {},
  (request) => request.socket.destroy(),
  (request) => void request.resume().on('end', () => reset(request.socket)),
  (_request, response) => void response.writeHead(200, { 'content-length': 100 }).write('x', () => response.destroy()),
  (request) => void request.socket.write('no HTTP at all\r\n\r\n'),
  // Answered, and then closed when the next request may be on its way.
  (request, response, random) => {
    response.on('finish', () => setTimeout(() => request.socket.destroy(), random() * 5));
    answer(204)(request, response, random);
  },
];

function receivers(seed: number, reactions: readonly Reaction[], isSecure: boolean): Promise<Receiver[]> {
  const random = seededRandom(seed);
  const react = (request: IncomingMessage, response: ServerResponse): void => {
    request.on('error', () => {});
    reactions[Math.floor(random() * reactions.length)]?.(request, response, random);
  };
  return Promise.all(
    Array.from({ length: ORIGINS }, () => {
      const server = isSecure ? createSecureServer({ key, cert }, react) : createServer(react);
      server.on('tlsClientError', () => {}).on('clientError', (_error, socket) => socket.destroy());
      return listen(server, isSecure ? 'https' : 'http');
    }),
  );
}

/** Fewer places than origins, so that busy ones are evicted and connects wait for each other's sockets. */
const BOUNDS: readonly HttpOptions[] = [
  { maxOrigins: 3, maxConnections: 4, connectionsPerOrigin: 2 },
  { maxOrigins: 1, maxConnections: 2, connectionsPerOrigin: 10 },
  { maxOrigins: 5, maxConnections: 40, connectionsPerOrigin: 3 },
  { maxOrigins: 20, maxConnections: 1, connectionsPerOrigin: 1 },
];
const bounds = (seed: number): HttpOptions => BOUNDS[seed % BOUNDS.length] as HttpOptions;
/** What negotiates, and finds receivers that speak nothing else. */
const SECURE = { http2: true, tls: { ca: cert } };

it.each(
  SEEDS.flatMap((seed) => [
    { seed, isSecure: false },
    { seed, isSecure: true },
  ]),
)(
  'in less room than its origins need, whatever receivers do, each send has an end and nothing hangs (%o)',
  async ({ seed, isSecure }) => {
    const to = await receivers(seed, ILL, isSecure);
    const options = { ...bounds(seed), ...(isSecure && SECURE) };
    const orders = { urls: to.map(({ url }) => url), options, seed, sends, atOnce: 50, maxBodyBytes: 300_000, abortedShare: 0.3 };
    const { ends, leftOpen } = await runSender({ ...orders, lateMs: 100 });
    if (STRESS_SENDS !== undefined) console.log(ends);
    expect(Object.values(ends).reduce((sum, n) => sum + n, 0)).toBe(sends);
    expect(Object.keys(ends).filter((end) => /network error|thrown/.test(end))).toEqual([]);
    expect(leftOpen).toEqual([]);
  },
  timeout,
);

it.each(
  SEEDS.flatMap((seed) => [
    { seed, isSecure: false },
    { seed, isSecure: true },
  ]),
)(
  'in less room than its origins need, aborts and evictions cost no other send its end while receivers are well (%o)',
  async ({ seed, isSecure }) => {
    const to = await receivers(seed, WELL, isSecure);
    const options = { ...bounds(seed), ...(isSecure && SECURE) };
    const orders = { urls: to.map(({ url }) => url), options, seed, sends, atOnce: 50, maxBodyBytes: 300_000, abortedShare: 0.3 };
    const { ends, leftOpen } = await runSender({ ...orders, lateMs: 20_000 });
    if (STRESS_SENDS !== undefined) console.log(ends);
    expect(Object.keys(ends).filter((end) => !/^(delivered|aborted|overloaded)/.test(end))).toEqual([]);
    expect(leftOpen).toEqual([]);
    await Promise.all(to.map(({ allClosed }) => allClosed()));
  },
  timeout,
);
