import { getEventListeners } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../../src/transports/http/exchange.js';
import type { Origin } from '../../../src/transports/http/origin.js';
import { answering, bodyOf, loopback, message, rawReceiver, receiver, send } from './receiver.js';

/** Resolves when it is called. */
function gate(): { readonly reached: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const reached = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { reached, open };
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a response body without a length', () => {
  const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"half":';

  it('ends with its connection', async () => {
    const { port } = await rawReceiver((socket) => void socket.once('data', () => socket.end(head)));
    const { outcome, response } = await send(loopback(), `http://127.0.0.1:${port}/`);
    expect([outcome.kind, response?.truncated]).toEqual(['delivered', false]);
  });

  it('has failed where its connection is reset, which is no end', async () => {
    const { port } = await rawReceiver(
      (socket) => void socket.once('data', () => socket.write(head, () => setTimeout(() => socket.resetAndDestroy(), 20))),
    );
    const { outcome } = await send(loopback(), `http://127.0.0.1:${port}/`);
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection reset' });
  });
});

describe('a response body', () => {
  it('as long as the cap is whole', async () => {
    const { url } = await receiver(answering(200, {}, 'x'.repeat(100)));
    const { response } = await send(loopback({ maxResponseBytes: 100 }), url);
    expect(response).toMatchObject({ truncated: false });
    expect(response?.body).toHaveLength(100);
  });

  it('longer than the cap is cut there', async () => {
    const { url } = await receiver(answering(200, {}, 'x'.repeat(101)));
    const { response, outcome } = await send(loopback({ maxResponseBytes: 100 }), url);
    expect(outcome.kind).toBe('delivered');
    expect(response).toMatchObject({ truncated: true });
    expect(response?.body).toHaveLength(100);
  });

  it('is not kept at all with a cap of 0', async () => {
    const { url } = await receiver(answering(200, {}, 'x'));
    const { response } = await send(loopback({ maxResponseBytes: 0 }), url);
    expect(response).toMatchObject({ truncated: true });
    expect(response?.body).toHaveLength(0);
  });

  it('without end is cut at 64 KiB, the rest is not read and its connection destroyed', async () => {
    const { url, allClosed } = await receiver((_request, response) => {
      const chunk = Buffer.alloc(10_000, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const { response } = await send(loopback(), url);
    expect(response?.body).toHaveLength(65_536);
    expect(response).toMatchObject({ status: 200, truncated: true });
    await allClosed();
  });

  it('in many chunks is put together', async () => {
    const { url } = await receiver(async (_request, response) => {
      for (const part of ['a', 'b', 'c']) {
        response.write(part);
        await new Promise(setImmediate);
      }
      response.end();
    });
    const { response } = await send(loopback(), url);
    expect(new TextDecoder().decode(response?.body)).toBe('abc');
    expect(response?.body.constructor).toBe(Uint8Array);
  });

  it('in one-byte chunks weighs no more than its cap: none of the chunks is held', async () => {
    const exchange = new Exchange({
      origin: { send: () => {} } as unknown as Origin,
      request: { path: '/', method: 'POST', headers: [], body: null },
      attempt: { number: 1, signal: new AbortController().signal },
      signal: new AbortController().signal,
      maxResponseBytes: 100,
      answer: (response) => ({ outcome: { kind: 'delivered' }, response }),
      id: 'msg_1',
    });
    const sent = exchange.start();
    const chunks = Array.from('abcdef', (letter) => Buffer.from(letter));
    const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController;
    exchange.onResponseStart(controller, 200, {});
    for (const chunk of chunks) exchange.onResponseData(controller, chunk);
    // Were they held, they would change what comes out.
    for (const chunk of chunks) chunk.fill('x');
    exchange.onResponseEnd();
    const { response } = await sent;
    expect(new TextDecoder().decode(response?.body)).toBe('abcdef');
  });
});

describe('an abort', () => {
  it('before it begins is refused with the reason, and nothing is sent', async () => {
    const { url, connections } = await receiver(answering(204));
    const reason = new Error('too late');
    await expect(send(loopback(), url, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(connections()).toBe(0);
  });

  it('while it waits for headers rejects with the reason and destroys the connection', async () => {
    const arrived = gate();
    const { url, allClosed } = await receiver(() => arrived.open());
    const controller = new AbortController();
    const sent = send(loopback(), url, controller.signal);
    await arrived.reached;
    const reason = new Error('timed out');
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await allClosed();
  });

  it('while it reads the body rejects with the reason and destroys the connection', async () => {
    const sentAll = gate();
    const { url, allClosed } = await receiver((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('the beginning', () => sentAll.open());
    });
    const controller = new AbortController();
    const sent = send(loopback(), url, controller.signal);
    await sentAll.reached;
    controller.abort('any value');
    await expect(sent).rejects.toBe('any value');
    await allClosed();
  });

  it('while it waits for a connection rejects with the reason, and spares the connection', async () => {
    const held = gate();
    const answers: (() => void)[] = [];
    const { url, connections } = await receiver((_request, response) => {
      answers.push(() => response.end());
      held.open();
    });
    const transport = loopback({ connectionsPerOrigin: 1 });
    const first = send(transport, url);
    await held.reached;
    const controller = new AbortController();
    const inLine = send(transport, url, controller.signal);
    const third = send(transport, url);
    controller.abort(new Error('no more'));
    await expect(inLine).rejects.toThrow('no more');
    answers[0]?.();
    expect((await first).outcome.kind).toBe('delivered');
    while (answers.length < 2) await new Promise(setImmediate);
    answers[1]?.();
    expect((await third).outcome.kind).toBe('delivered');
    expect(connections()).toBe(1);
    expect(answers).toHaveLength(2);
  });

  it('while it connects rejects with the reason and ends the connect', async () => {
    // The handshake never ends, as this server does not speak TLS.
    const connected = gate();
    const { port, allClosed } = await rawReceiver(() => connected.open());
    const controller = new AbortController();
    const transport = loopback({ connectionsPerOrigin: 1 });
    const sent = [1, 2, 3].map(() => send(transport, `https://127.0.0.1:${port}/`, controller.signal));
    await connected.reached;
    controller.abort(new Error('no more'));
    for (const each of await Promise.allSettled(sent))
      expect(each).toMatchObject({ status: 'rejected', reason: { message: 'no more' } });
    await allClosed();
    await transport.close();
  });

  it('after the end changes nothing, and no listener is left', async () => {
    const { url } = await receiver(answering(204));
    const controller = new AbortController();
    const transport = loopback();
    for (let i = 0; i < 3; i++) await send(transport, url, controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
  });

  it('leaves no listener behind either', async () => {
    const arrived = gate();
    const { url } = await receiver(() => arrived.open());
    const controller = new AbortController();
    const sent = send(loopback(), url, controller.signal);
    await arrived.reached;
    controller.abort();
    await expect(sent).rejects.toThrow();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('the network', () => {
  it('that refuses the connection has failed', async () => {
    expect((await send(loopback(), `http://127.0.0.1:${await freePort()}/`)).outcome).toEqual({
      kind: 'failed',
      reason: 'connection refused',
    });
  });

  it('that resets the connection before the answer has failed', async () => {
    const { url } = await rawReceiver((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect((await send(loopback(), url)).outcome).toEqual({ kind: 'failed', reason: 'connection reset' });
  });

  it('that resets the connection within the answer has failed, whatever the status was', async () => {
    const { url } = await rawReceiver((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning', () =>
          setImmediate(() => socket.resetAndDestroy()),
        );
      });
    });
    const { outcome } = await send(loopback(), url);
    // Node 22 tells a reset in the middle of an answer as a close.
    expect(outcome).toEqual({ kind: 'failed', reason: expect.stringMatching(/^connection (reset|closed)$/) });
  });

  it('that closes the connection without an answer has failed', async () => {
    const { url } = await rawReceiver((socket) => socket.once('data', () => socket.end()));
    expect((await send(loopback(), url)).outcome).toEqual({ kind: 'failed', reason: 'connection closed' });
  });

  it('that speaks something else has failed', async () => {
    const { url } = await rawReceiver((socket) => socket.once('data', () => socket.end('220 smtp.example ready\r\n')));
    expect((await send(loopback(), url)).outcome).toMatchObject({ kind: 'failed', reason: 'malformed HTTP answer' });
  });

  it('that does not know the name has failed', async () => {
    const { outcome } = await send(loopback(), 'http://customer.invalid/');
    expect(outcome.kind).toBe('failed');
    expect(outcome.reason).toMatch(/^(host not found|name resolution failed for now)$/);
  });

  it('that does not connect in time has timed out', async () => {
    const { port } = await rawReceiver(() => {});
    const { outcome } = await send(loopback({ connectTimeoutMs: 50 }), `https://127.0.0.1:${port}/`);
    expect(outcome).toMatchObject({ kind: 'timed-out', reason: 'timed out while connecting' });
  });
});

describe('connections', () => {
  it('are kept alive and used again', async () => {
    const { url, connections } = await receiver(answering(204));
    const transport = loopback();
    for (let i = 0; i < 10; i++) await send(transport, url);
    // undici rests a connection for one turn of the event loop, so a second one takes turns with it.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('are used again where an answer was cut, if the rest of it had come already', async () => {
    const { url, connections } = await receiver(answering(200, {}, 'more than the cap'));
    const transport = loopback({ maxResponseBytes: 4 });
    for (let i = 0; i < 10; i++) expect((await send(transport, url)).response?.truncated).toBe(true);
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('are at most connectionsPerOrigin', async () => {
    let most = 0;
    let now = 0;
    const { url, connections } = await receiver(async (request, response) => {
      most = Math.max(most, ++now);
      await bodyOf(request);
      await new Promise(setImmediate);
      now--;
      response.end();
    });
    const transport = loopback({ connectionsPerOrigin: 3 });
    await Promise.all(Array.from({ length: 30 }, () => send(transport, url)));
    expect(connections()).toBe(3);
    expect(most).toBeLessThanOrEqual(3);
  });
});

it('shows a credential in no error, outcome or inspected object', async () => {
  const canary = 'Bearer canary-5f1d';
  const transport = loopback({ headers: { authorization: canary } });
  const { url } = await rawReceiver((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const controller = new AbortController();
  const hanging = await rawReceiver(() => controller.abort());
  const aborted = send(transport, message(hanging.url, { headers: { 'x-key': canary } }), controller.signal).catch(
    (error: unknown) => error,
  );
  const refused = send(transport, message(url, { headers: { expect: canary } })).catch((error: unknown) => error);
  const invalid = send(transport, message(url, { headers: { 'x-key': `${canary}\u0100` } }));
  const seen = [transport, await aborted, await refused, await invalid, await send(transport, url)];
  expect(inspect(seen, { depth: 20, showHidden: true }) + JSON.stringify(seen)).not.toContain('canary');
});
