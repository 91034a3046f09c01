import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { answers, cert, http2Receiver, key, speaking } from './http2-receiver.js';
import { answering, listen, loopback, message, send } from './receiver.js';

describe('HTTP/2 as an option', () => {
  it('carries many requests at once over one connection', async () => {
    const { url, connections } = await http2Receiver(answers(200, { 'x-a': '1' }, 'thank you'));
    const transport = speaking();
    const sent = await Promise.all(Array.from({ length: 50 }, () => send(transport, url)));
    expect(new Set(sent.map(({ outcome }) => outcome.kind))).toEqual(new Set(['delivered']));
    expect(sent[0]?.response?.headers['x-a']).toBe('1');
    expect(new TextDecoder().decode(sent[0]?.response?.body)).toBe('thank you');
    expect(connections()).toBe(1);
  });

  it('speaks HTTP/1.1 with receivers that speak nothing else, on as many connections as it may', async () => {
    const { url, connections } = await listen(createServer({ key, cert }, answering(204)), 'https');
    const transport = speaking({ connectionsPerOrigin: 3 });
    const sent = await Promise.all(Array.from({ length: 20 }, () => send(transport, url)));
    expect(new Set(sent.map(({ outcome }) => outcome.kind))).toEqual(new Set(['delivered']));
    expect(connections()).toBeLessThanOrEqual(3);
  });

  it('an abort ends its own stream and no other', async () => {
    const held: ServerHttp2Stream[] = [];
    const arrived = Promise.withResolvers<void>();
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/held') {
        held.push(stream);
        if (held.length === 2) arrived.resolve();
      } else answers(204)(stream);
    });
    const transport = speaking();
    const controller = new AbortController();
    const aborted = send(transport, `${url}/held`, controller.signal);
    const other = send(transport, `${url}/held`);
    await arrived.promise;
    controller.abort(new Error('no more'));
    await expect(aborted).rejects.toThrow('no more');
    answers(204)(held[1] as ServerHttp2Stream);
    expect((await other).outcome.kind).toBe('delivered');
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBe(1);
  });

  it('an abort in the turn in which the request is written does not hang the process', async () => {
    const { url } = await http2Receiver(answers(204));
    const transport = speaking();
    await send(transport, url);
    for (let i = 0; i < 5; i++) {
      const controllers = Array.from({ length: 4 }, () => new AbortController());
      const sent = controllers.map(({ signal }) => send(transport, url, signal));
      for (const controller of controllers) controller.abort(new Error('no more'));
      expect(new Set((await Promise.allSettled(sent)).map(({ status }) => status))).toEqual(new Set(['rejected']));
      expect((await send(transport, url)).outcome.kind).toBe('delivered');
    }
  });

  it('bodies and headers have the same caps, and the connection lives', async () => {
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/bomb') answers(200, { 'x-a': 'a'.repeat(20_000) })(stream);
      else answers(200, {}, 'x'.repeat(100_000))(stream);
    });
    const transport = speaking();
    expect((await send(transport, `${url}/bomb`)).outcome).toEqual({ kind: 'failed', reason: 'answer headers too large' });
    const { response } = await send(transport, url);
    expect(response).toMatchObject({ truncated: true });
    expect(response?.body).toHaveLength(65_536);
    expect(connections()).toBe(1);
  });

  it('close waits for what runs, and ends the connection', async () => {
    const arrived = Promise.withResolvers<ServerHttp2Stream>();
    const { url, allClosed } = await http2Receiver((stream) => arrived.resolve(stream));
    const transport = speaking();
    const running = send(transport, url);
    const stream = await arrived.promise;
    const closed = transport.close();
    answers(204)(stream);
    expect((await running).outcome.kind).toBe('delivered');
    await closed;
    await allClosed();
  });

  it('has failed where the connection breaks', async () => {
    const { url } = await http2Receiver((stream) => stream.session?.destroy());
    expect((await send(speaking(), url)).outcome.kind).toBe('failed');
  });

  it('after a goodbye of the receiver (GOAWAY) new requests go over another connection, and wait for none that still runs', async () => {
    const held = Promise.withResolvers<ServerHttp2Stream>();
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/held') held.resolve(stream);
      else answers(204)(stream);
    });
    const transport = speaking();
    const running = send(transport, `${url}/held`);
    const stream = await held.promise;
    stream.session?.goaway();
    // Where this is answered, the goodbye was read.
    await new Promise((resolve) => stream.session?.ping(resolve));
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBe(2);
    answers(204)(stream);
    expect((await running).outcome.kind).toBe('delivered');
  });

  it('what the receiver says at its goodbye that it has not looked at is sent over a new connection', async () => {
    const { url, connections } = await http2Receiver((stream, path) => {
      const isLast = stream.id === 1 || connections() > 1;
      if (isLast) answers(204)(stream);
      else if (path === '/first') stream.session?.goaway(0, 1);
    });
    const transport = speaking();
    await send(transport, url);
    const sent = await Promise.all(['first', 'second', 'third'].map((path) => send(transport, `${url}/${path}`)));
    expect(sent.map(({ outcome }) => outcome.kind)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('a keep-alive race is sent again once on a fresh connection, and has failed where that one closes, too', async () => {
    const paths: string[] = [];
    const { url } = await http2Receiver((stream, path) => {
      paths.push(path);
      if (path !== '/bad' && (path !== '/good' || paths.filter((other) => other === '/good').length > 1)) answers(204)(stream);
      else stream.session?.destroy();
    });
    const transport = speaking({ connectionsPerOrigin: 1 });
    const sending = (path: string) => send(transport, message(`${url}/${path}`, { headers: { 'webhook-id': 'msg_1' } }));
    await sending('first');
    expect((await sending('good')).outcome.kind).toBe('delivered');
    expect((await sending('bad')).outcome).toEqual({ kind: 'failed', reason: 'connection closed' });
    expect(paths).toEqual(['/first', '/good', '/good', '/bad', '/bad']);
  });

  it('answers are read while more than 10 MB of bodies wait to be sent', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = createSecureServer({ key, cert });
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      // Not read: what is sent waits for the window to open.
      held.push(stream);
      if (held.length < 20) return;
      for (const each of held.splice(0)) answers(413)(each);
    });
    const { url } = await listen(server as never, 'https');
    const transport = speaking();
    const sent = Array.from({ length: 20 }, () => send(transport, message(url, { body: new Uint8Array(1_000_000) })));
    const outcomes = (await Promise.all(sent)).map(({ outcome }) => outcome);
    expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(new Set(['answered 413']));
  });

  it('a header that HTTP/1.1 could not carry is not sent', async () => {
    const { url, connections } = await http2Receiver(answers(204));
    const transport = speaking({ idempotencyKeyHeader: true });
    const rejected = { kind: 'rejected', reason: 'the request is no valid HTTP' };
    for (const idempotencyKey of ['€', 'a\r\nb: c']) {
      expect((await send(transport, message(url, { idempotencyKey }))).outcome).toEqual(rejected);
    }
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBe(1);
  });

  it('is refused as a setting where it is neither true nor false', () => {
    expect(() => loopback({ http2: 'yes' as never })).toThrow('http2 must be true or false');
  });
});
