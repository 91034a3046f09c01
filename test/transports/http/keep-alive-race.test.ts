import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { loopback, message, type Receiver, rawReceiver, send } from './receiver.js';

const OK = 'HTTP/1.1 204 x\r\n\r\n';
const WITH_ID = { 'webhook-id': 'msg_1' };

interface Racing extends Receiver {
  /** Requests that came, by connection and place on it. */
  readonly requests: readonly string[];
}

/** Answers the first request of the first connection; does `act` at each request after it. */
async function racing(act: (socket: Socket, connection: number) => void): Promise<Racing> {
  const requests: string[] = [];
  let connections = 0;
  const server = await rawReceiver((socket) => {
    const connection = ++connections;
    let onThis = 0;
    socket.on('data', () => {
      requests.push(`${connection}.${++onThis}`);
      if (requests.length === 1) socket.write(OK);
      else act(socket, connection);
    });
  });
  return { ...server, requests };
}

const answersOnFresh =
  (end: (socket: Socket) => void) =>
  (socket: Socket, connection: number): void => {
    if (connection === 1) end(socket);
    else socket.write(OK);
  };

/** Sends twice: the second request goes over the connection of the first. */
async function sendTwice({ url }: Racing, headers: Record<string, string>) {
  const transport = loopback({ connectionsPerOrigin: 1 });
  expect((await send(transport, message(url, { headers }))).outcome.kind).toBe('delivered');
  return (await send(transport, message(url, { headers }))).outcome;
}

describe('keep-alive races (a reused socket closed by the peer before the first byte)', () => {
  it.each([
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('retried once at once for messages that carry an id: %s', async (_, end) => {
    const server = await racing(answersOnFresh(end));
    expect(await sendTwice(server, WITH_ID)).toMatchObject({ kind: 'delivered', status: 204 });
    expect(server.requests).toEqual(['1.1', '1.2', '2.1']);
  });

  it('an idempotency key is an id too', async () => {
    const server = await racing(answersOnFresh((socket) => socket.end()));
    expect((await sendTwice(server, { 'Idempotency-Key': 'in_42' })).kind).toBe('delivered');
  });

  it('not retried for a message without one: the receiver could not tell the second from another', async () => {
    const server = await racing(answersOnFresh((socket) => socket.end()));
    expect(await sendTwice(server, {})).toEqual({ kind: 'failed', reason: 'connection closed' });
    expect(server.requests).toEqual(['1.1', '1.2']);
  });

  it('once: what closes again has failed', async () => {
    const server = await racing((socket) => socket.end());
    expect(await sendTwice(server, WITH_ID)).toEqual({ kind: 'failed', reason: 'connection closed' });
    expect(server.requests).toEqual(['1.1', '1.2', '2.1']);
  });

  it('never when bytes of the answer came', async () => {
    const server = await racing(answersOnFresh((socket) => socket.end('HTTP/1.1 2')));
    expect((await sendTwice(server, WITH_ID)).kind).toBe('failed');
    expect(server.requests).toEqual(['1.1', '1.2']);
  });

  it('never on a fresh connection', async () => {
    const requests: unknown[] = [];
    const { url } = await rawReceiver((socket) =>
      socket.on('data', () => {
        requests.push(socket.remotePort);
        socket.end();
      }),
    );
    const { outcome } = await send(loopback(), message(url, { headers: WITH_ID }));
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection closed' });
    expect(requests).toHaveLength(1);
  });

  it('ends at an abort while it is sent again', async () => {
    const again = Promise.withResolvers<void>();
    const server = await racing((socket, connection) => void (connection === 1 ? socket.end() : again.resolve()));
    const transport = loopback({ connectionsPerOrigin: 1 });
    await send(transport, message(server.url, { headers: WITH_ID }));
    const controller = new AbortController();
    const second = send(transport, message(server.url, { headers: WITH_ID }), controller.signal);
    await again.promise;
    controller.abort(new Error('no more'));
    await expect(second).rejects.toThrow('no more');
    await server.allClosed();
  });

  it('many at once, on connections that all close, are all delivered, each sent twice at the most', async () => {
    const counts = new Map<string, number>();
    let isClosing = false;
    const { url } = await rawReceiver((socket) => {
      let used = 0;
      socket.on('data', (data) => {
        const id = /x-id: (\w+)/.exec(data.toString('latin1'))?.[1] as string;
        counts.set(id, (counts.get(id) ?? 0) + 1);
        if (isClosing && used++ > 0) socket.destroy();
        else {
          used++;
          socket.write(OK);
        }
      });
    });
    const transport = loopback({ connectionsPerOrigin: 16 });
    const sendAll = (from: number) =>
      Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          send(transport, message(url, { headers: { ...WITH_ID, 'x-id': `n${from + i}` } })).then(({ outcome }) => outcome.kind),
        ),
      );
    expect(new Set(await sendAll(0))).toEqual(new Set(['delivered']));
    isClosing = true;
    expect(new Set(await sendAll(100))).toEqual(new Set(['delivered']));
    expect(Math.max(...counts.values())).toBe(2);
  });
});
