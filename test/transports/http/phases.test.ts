import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRingback, type DeliveryError } from '../../../src/index.js';
import { fakeClock } from '../../../src/testing/index.js';
import { type HttpOptions, http } from '../../../src/transports/http/index.js';
import { unacceptingPort } from '../unaccepting-port.js';
import { rawReceiver } from './receiver.js';

/** Delivers once, and lets the attempt's time pass as soon as `stands` says that it has come to where it hangs. */
async function timesOutAt(to: string, stands: Promise<unknown>, options: HttpOptions = {}): Promise<string | undefined> {
  const clock = fakeClock();
  const ringback = createRingback({
    transports: [http({ allowPrivate: true, ...options })],
    pipeline: { retry: false, attemptTimeoutMs: 15_000 },
    clock,
  });
  onTestFinished(async () => void (await ringback.close()));
  const failing = ringback.deliver({ to }).catch((error: unknown) => error as DeliveryError);
  await stands;
  // What the other side has written must be read before the time is over.
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  await clock.advance(15_000);
  const error = (await failing) as DeliveryError;
  expect(error.outcome.kind).toBe('timed-out');
  expect(error.message).toContain(error.attempts[0]?.reason);
  return error.attempts[0]?.reason;
}

/** A TCP server that does `act` with each connection's first bytes; `acted` resolves when it has. */
async function serverThat(act: (socket: Socket) => void) {
  const acted = Promise.withResolvers<void>();
  const server = await rawReceiver((socket) => {
    socket.once('data', () => {
      act(socket);
      acted.resolve();
    });
  });
  return { ...server, acted: acted.promise };
}

/** Writes a piece at each turn of the event loop, for ever. */
function trickle(socket: Socket, first: string, piece: string): void {
  socket.write(first);
  const more = (): void => {
    if (!socket.destroyed) socket.write(piece, () => setImmediate(more));
  };
  more();
}

describe('attempt timeout over connect + TLS + headers + body with the phase named in the error', () => {
  it("resolving the host's name", async () => {
    const asked = Promise.withResolvers<void>();
    const resolveHost = (): Promise<readonly string[]> => {
      asked.resolve();
      return new Promise(() => {});
    };
    expect(await timesOutAt('http://customer.example/', asked.promise, { resolveHost })).toBe(
      "no answer in time: resolving the host's name",
    );
  });

  it('connecting', async () => {
    const { port, close } = await unacceptingPort();
    onTestFinished(close);
    expect(await timesOutAt(`http://127.0.0.1:${port}/`, Promise.resolve())).toBe('no answer in time: connecting');
  });

  it('in the TLS handshake', async () => {
    const { port, acted } = await serverThat(() => {});
    expect(await timesOutAt(`https://127.0.0.1:${port}/`, acted)).toBe('no answer in time: in the TLS handshake');
  });

  it('waiting for the response', async () => {
    const { url, acted } = await serverThat(() => {});
    expect(await timesOutAt(url, acted)).toBe('no answer in time: waiting for the response');
  });

  it('reading the response headers: slow-loris responses end at the timeout', async () => {
    const { url, acted } = await serverThat((socket) => trickle(socket, 'HTTP/1.1 200 OK\r\nx-a: ', 'a'));
    expect(await timesOutAt(url, acted)).toBe('no answer in time: reading the response headers');
  });

  it('reading the response headers: informational responses without end are none', async () => {
    const { url, acted } = await serverThat((socket) => trickle(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'));
    expect(await timesOutAt(url, acted)).toBe('no answer in time: reading the response headers');
  });

  it('reading the response body: slow-loris responses end at the timeout', async () => {
    const { url, acted } = await serverThat((socket) =>
      trickle(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    );
    expect(await timesOutAt(url, acted)).toBe('no answer in time: reading the response body');
  });

  it('waiting for a free connection', async () => {
    const { url, acted } = await serverThat(() => {});
    const transport = http({ allowPrivate: true, connectionsPerOrigin: 1 });
    const clock = fakeClock();
    const ringback = createRingback({ transports: [transport], pipeline: { retry: false }, clock });
    const failing = [1, 2].map(() => ringback.deliver({ to: url }).catch((error: unknown) => error as DeliveryError));
    await acted;
    await clock.advance(60_000);
    const reasons = (await Promise.all(failing)).map((error) => (error as DeliveryError).outcome.reason);
    expect(reasons).toEqual(['no answer in time: waiting for the response', 'no answer in time: waiting for a free connection']);
    await ringback.close();
  });

  it('waiting for room among all connections', async () => {
    const { url, acted } = await serverThat(() => {});
    const other = await serverThat(() => {});
    const transport = http({ allowPrivate: true, maxConnections: 1 });
    const clock = fakeClock();
    const ringback = createRingback({ transports: [transport], pipeline: { retry: false }, clock });
    const first = ringback.deliver({ to: url }).catch((error: unknown) => error as DeliveryError);
    await acted;
    const second = ringback.deliver({ to: other.url }).catch((error: unknown) => error as DeliveryError);
    await clock.advance(60_000);
    expect(((await first) as DeliveryError).outcome.reason).toBe('no answer in time: waiting for the response');
    expect(((await second) as DeliveryError).outcome.reason).toBe('no answer in time: waiting for room among all connections');
    await ringback.close();
  });

  it('leaves no socket open: the connection of what timed out is destroyed', async () => {
    const server = await serverThat(() => {});
    await timesOutAt(`https://127.0.0.1:${server.port}/`, server.acted);
    await server.allClosed();
  });
});
