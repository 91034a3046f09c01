import { execFile } from 'node:child_process';
import { createSecureServer, type Http2SecureServer, constants as h2, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../src/random.js';
import { cert, key } from './http2-receiver.js';
import { listen, type Receiver } from './receiver.js';
import { runSender } from './stress/child.js';
import type { Orders } from './stress/sender.js';

/** Longer: `STRESS_SENDS=1500 STRESS_SEEDS=6 npx vitest run test/transports/http/http2-stress.test.ts`, which also prints what became of the sends. */
const { STRESS_SENDS, STRESS_SEEDS = '2' } = process.env;
const sends = Number(STRESS_SENDS ?? 400);
const SEEDS = Array.from({ length: Number(STRESS_SEEDS) }, (_, i) => i + 1);
/** The sender is killed after a minute. */
const timeout = 70_000;

type Reaction = (stream: ServerHttp2Stream, random: Random) => void;

const answer =
  (status: number, bytes = 0): Reaction =>
  (stream) => {
    if (stream.headersSent || stream.destroyed) return;
    stream.respond({ ':status': status });
    stream.end(Buffer.alloc(bytes));
  };
const afterBody =
  (reaction: Reaction): Reaction =>
  (stream, random) =>
    void stream.resume().on('end', () => reaction(stream, random));

const WELL: readonly Reaction[] = [
  afterBody(answer(204)),
  afterBody(answer(200, 3_000)),
  afterBody(answer(200, 70_000)),
  afterBody(answer(503)),
];
const ILL: readonly Reaction[] = [
  ...WELL,
  ...WELL,
  // Answered before the body was read.
  answer(413),
  (stream) => stream.resume().close(h2.NGHTTP2_REFUSED_STREAM),
  (stream) => stream.resume().close(h2.NGHTTP2_INTERNAL_ERROR),
  (stream) => stream.resume().close(h2.NGHTTP2_NO_ERROR),
  (stream) => stream.session?.goaway(),
  (stream, random) => stream.session?.goaway(0, Math.floor(random() * (stream.id ?? 1))),
  (stream) => stream.session?.goaway(h2.NGHTTP2_ENHANCE_YOUR_CALM),
  (stream) => stream.session?.close(),
  // Neither read nor answered: its window fills up.
  () => {},
  () => {},
  (stream) => stream.resume(),
  (stream, random) => random() < 0.3 && stream.session?.destroy(),
];

async function receiver(seed: number, reactions: readonly Reaction[], maxConcurrentStreams: number) {
  const random = seededRandom(seed);
  const server: Http2SecureServer = createSecureServer({
    key,
    cert,
    maxSessionMemory: 1_000,
    settings: { maxConcurrentStreams, initialWindowSize: 20_000 },
  });
  server.on('sessionError', () => {});
  server.on('session', (session) => {
    session.on('error', () => {});
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      reactions[Math.floor(random() * reactions.length)]?.(stream, random);
    });
  });
  let latest: Socket | undefined;
  server.on('secureConnection', (socket: Socket) => {
    if (reactions === ILL && random() < 0.2) latest?.destroy();
    latest = socket;
  });
  return listen(server as never, 'https');
}

/** Three receivers, and for every other seed less room than they need. */
const receivers = (seed: number, reactions: readonly Reaction[]): Promise<Receiver[]> =>
  Promise.all([1, 10, 100].map((allowed, i) => receiver(3 * seed + i, reactions, allowed)));

const orders = (to: readonly Receiver[], seed: number): Orders => ({
  urls: to.map(({ url }) => url),
  options: {
    http2: true,
    tls: { ca: cert },
    connectionsPerOrigin: 1 + (seed % 5),
    ...(seed % 2 === 0 && { maxOrigins: 2, maxConnections: 2 }),
  },
  seed,
  sends,
  atOnce: 200,
  maxBodyBytes: 1_000_000,
  abortedShare: 0.5,
  lateMs: 1_000,
});

it.each(SEEDS)(
  'over HTTP/2, whatever receivers do and whenever sends are aborted, each has an end and nothing hangs (seed %i)',
  async (seed) => {
    const to = await receivers(seed, ILL);
    const { ends, leftOpen } = await runSender(orders(to, seed));
    if (STRESS_SENDS !== undefined) console.log(ends);
    expect(Object.values(ends).reduce((sum, n) => sum + n, 0)).toBe(sends);
    expect(Object.keys(ends).filter((end) => /network error|thrown/.test(end))).toEqual([]);
    expect(leftOpen).toEqual([]);
  },
  timeout,
);

it.each(SEEDS)(
  'over HTTP/2, aborts cost no other send its end while receivers are well (seed %i)',
  async (seed) => {
    const to = await receivers(seed, WELL);
    const { ends, leftOpen } = await runSender({ ...orders(to, seed), lateMs: 30_000 });
    if (STRESS_SENDS !== undefined) console.log(ends);
    expect(Object.keys(ends).filter((end) => !/^(delivered|aborted|overloaded)/.test(end))).toEqual([]);
    expect(leftOpen).toEqual([]);
  },
  timeout,
);

it('what ringback ends a stream by does not hang Node', async () => {
  const program = fileURLToPath(new URL('stress/node-hang.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'cancel'], { timeout: 20_000, killSignal: 'SIGKILL' });
  expect(stdout).toBe('closed 8 8 8\nended\n');
});
