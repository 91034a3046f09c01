import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRingback, type Logger, type Ringback } from '../../src/index.js';
import { standardWebhooks } from '../../src/signing/index.js';
import { scriptedTransport } from '../../src/testing/index.js';
import { http } from '../../src/transports/http/index.js';
import { EVENTS, settled } from './ring.js';

const CANARY = 'c4n4ry-5ecret-value-000000000';
const bytes = Buffer.from(CANARY);
const SIGNING_SECRET = `whsec_${bytes.toString('base64')}`;
const TRACES = [
  CANARY,
  bytes.toString('base64').replaceAll('=', ''),
  bytes.toString('base64url'),
  bytes.toString('hex'),
  bytes.join(','),
  // A byte array as JSON.
  [...bytes].map((byte, i) => `"${i}":${byte}`).join(','),
];

/** Every way in which a value shows itself: inspected to its depths, as JSON, and, for errors, along the chain of causes. */
function shown(value: unknown): string {
  const texts = [
    inspect(value, { showHidden: true, depth: Infinity, maxArrayLength: null, maxStringLength: null }),
    String(value),
  ];
  try {
    texts.push(JSON.stringify(value) ?? '');
  } catch {
    // What JSON can't show, it does not leak.
  }
  for (let error = value; error instanceof Error; error = error.cause)
    texts.push(error.message, error.stack ?? '', inspect(error));
  // Arrays are printed in columns, buffers as hex in pairs.
  return texts.join('\n').replace(/\s/g, '');
}

function expectNoTrace(what: string, value: unknown): void {
  const text = shown(value);
  for (const trace of TRACES) if (text.includes(trace)) expect.fail(`${what} shows the canary as ${trace}:\n${text}`);
}

/** Answers by the path's first part. */
let server: Server;
let origin = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    const path = request.url ?? '';
    if (path.startsWith('/hang')) return;
    if (path.startsWith('/reset')) return void request.socket.destroy();
    if (path.startsWith('/redirect')) return void response.writeHead(302, { location: `/elsewhere?token=${CANARY}` }).end();
    if (path.startsWith('/garbage')) return void request.socket.end('no HTTP at all\r\n\r\n');
    response.writeHead(Number(path.slice(1, 4))).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const headers = { authorization: `Bearer ${CANARY}`, 'x-api-key': bytes.toString('hex') };
const content = { type: 'invoice.paid', headers, data: { password: CANARY } };

/** Everything that an instance says to anyone while it delivers, fails, cancels and closes. */
async function testimony(ringback: Ringback, told: unknown[], paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const to = `${path}?token=${CANARY}`;
    told.push(await settled(ringback.deliver({ to, ...content, deadlineMs: 200, idempotencyKey: `deliver ${path}` })));
    told.push(
      await settled(
        ringback.deliver({ to, ...content, data: { other: CANARY }, deadlineMs: 200, idempotencyKey: 'one for all' }),
      ),
    );
    told.push(await settled(ringback.enqueue({ to, ...content, idempotencyKey: `enqueue ${path}` })));
  }
  told.push(ringback.snapshot());
  const { undelivered } = await ringback.close({ timeoutMs: 300 });
  told.push(undelivered, await ringback.deadLetters.list(), ringback.snapshot(), ringback);
}

function listenAndLog(told: unknown[]): { logger: Logger; listen: (ringback: Ringback) => void } {
  const log = (...args: unknown[]): void => void told.push(args);
  return {
    logger: { debug: log, info: log, warn: log, error: log },
    listen: (ringback) => {
      for (const name of EVENTS) {
        ringback.on(name, (event: object) => {
          told.push(event);
          // Listeners that throw are logged.
          throw new Error(`the listener of ${name} broke`);
        });
      }
    },
  };
}

it('the search finds a secret wherever one hides', () => {
  const cause = new Error('inner', { cause: new Error(`Bearer ${CANARY}`) });
  const hidden = Object.defineProperty({}, 'secret', { value: SIGNING_SECRET, enumerable: false });
  for (const planted of [{ cause }, hidden, { body: new Uint8Array(bytes) }, bytes, [[{ a: bytes.toString('hex') }]]]) {
    expect(() => expectNoTrace('it', planted)).toThrow('shows the canary');
  }
});

it('no secret shows over real HTTP, whatever fails', async () => {
  const told: unknown[] = [];
  const { logger, listen } = listenAndLog(told);
  const transport = http({ allowPrivate: true, headers: { 'x-transport': CANARY } });
  const signature = standardWebhooks({ secrets: [SIGNING_SECRET] });
  const ringback = createRingback({ transports: [transport], signature, logger, pipeline: { retry: { maxAttempts: 2 } } });
  listen(ringback);
  const paths = ['204', '302', '404', '410', '429', '503', 'hang', 'reset', 'redirect', 'garbage'].map(
    (path) => `${origin}/${path}`,
  );
  await testimony(ringback, told, [...paths, 'http://127.0.0.1:1/refused', 'http://unknown.invalid/dns']);
  expect(told.length).toBeGreaterThan(60);
  for (const [i, said] of told.entries()) expectNoTrace(`testimony ${i}`, said);
  expectNoTrace('the transport', transport);
  expectNoTrace('the scheme', signature);
});

it('no secret shows over a transport by script', async () => {
  const told: unknown[] = [];
  const { logger, listen } = listenAndLog(told);
  const transport = scriptedTransport(({ to }) => ({ status: Number(new URL(to).pathname.slice(1)) }), { record: false });
  const ringback = createRingback({ transports: [transport], logger, pipeline: { retry: false } });
  listen(ringback);
  await testimony(ringback, told, [
    'https://a.example/200',
    'https://a.example/410',
    'https://b.example/503',
    `odd:user:${CANARY}@c.example/200`,
  ]);
  for (const [i, said] of told.entries()) expectNoTrace(`testimony ${i}`, said);
});

it('no secret shows in what is refused at the door', async () => {
  const ringback = createRingback({ transports: [http()] });
  const to = 'https://customer.example/';
  const cycle: Record<string, unknown> = { password: CANARY };
  cycle.self = cycle;
  const wrong: object[] = [
    { to: `https://user:${CANARY}@customer.example/` },
    { to: `https://${CANARY}:${CANARY}@customer.example/?token=${CANARY}` },
    { to: `//customer.example/${CANARY}` },
    { to: `ftp://customer.example/${CANARY}` },
    { to, headers: { authorization: `Bearer ${CANARY}\r\n` } },
    { to, headers: { authorization: [CANARY] } },
    { to, headers: [['authorization', CANARY]] },
    { to, data: cycle },
    { to, data: { password: CANARY, n: 1n } },
    { to, data: {}, body: CANARY },
    { to, body: { password: CANARY } },
    { to, metadata: [CANARY] },
    { to, idempotencyKey: `${CANARY}\n` },
    { to, correlationId: `${CANARY}\0` },
    { to, id: `${CANARY} ${CANARY}` },
  ];
  for (const callback of wrong) {
    for (const call of ['deliver', 'enqueue'] as const) {
      const { error } = await settled<unknown>(ringback[call](callback as never));
      expect(error).toBeInstanceOf(Error);
      expectNoTrace(`${call}(${Object.keys(callback)})`, error);
    }
  }
  for (const secret of [CANARY, `whsec_${CANARY}`, `whsec_${Buffer.from(CANARY.slice(0, 20)).toString('base64')}`]) {
    let error: unknown;
    try {
      standardWebhooks({ secrets: [secret] });
    } catch (thrown) {
      error = thrown;
    }
    expectNoTrace('a bad secret', error);
  }
  await ringback.close();
});
