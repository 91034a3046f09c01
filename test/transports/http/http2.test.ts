import { readFileSync } from 'node:fs';
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { HttpOptions } from '../../../src/transports/http/index.js';
import { answering, listen, loopback, message, type Receiver, send } from './receiver.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const key = fixture('localhost-key.pem');
const cert = fixture('localhost-cert.pem');

const speaking = (options: HttpOptions = {}) => loopback({ http2: true, tls: { ca: cert }, ...options });

function http2Receiver(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<Receiver> {
  const server: Http2SecureServer = createSecureServer({ key, cert });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume().on('end', () => answer(stream, headers[':path'] as string));
  });
  return listen(server as never, 'https');
}

const answers =
  (status: number, headers = {}, body = '') =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': status, ...headers });
    stream.end(body);
  };

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

  it('what the receiver refuses before it looks at it is sent again once', async () => {
    let refused = 0;
    const { url } = await http2Receiver((stream, path) => {
      if (path === '/never' || refused++ === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answers(204)(stream);
    });
    const transport = speaking();
    expect((await send(transport, `${url}/once`)).outcome.kind).toBe('delivered');
    const reason = 'the receiver refused the request before it looked at it';
    expect((await send(transport, `${url}/never`)).outcome).toEqual({ kind: 'failed', reason });
  });

  it('a reset is named by its code, and the connection lives', async () => {
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/error') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else if (path === '/calm') stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else answers(204)(stream);
    });
    const transport = speaking();
    const outcomeOf = async (path: string) => (await send(transport, `${url}/${path}`)).outcome;
    expect(await outcomeOf('error')).toEqual({ kind: 'failed', reason: 'HTTP/2 stream reset (INTERNAL_ERROR)' });
    expect(await outcomeOf('calm')).toEqual({ kind: 'overloaded', reason: 'HTTP/2 stream reset (ENHANCE_YOUR_CALM)' });
    expect(await outcomeOf('')).toMatchObject({ kind: 'delivered' });
    expect(connections()).toBe(1);
  });

  it('a goodbye with an error ends what the receiver had begun, with its code', async () => {
    const { url } = await http2Receiver((stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, stream.id));
    const reason = 'HTTP/2 connection ended by the receiver (INTERNAL_ERROR)';
    expect((await send(speaking(), url)).outcome).toEqual({ kind: 'failed', reason });
  });

  it('an answer that is reset without an error before its end has failed', async () => {
    const frame = (type: number, flags: number, stream: number, ...bytes: number[]): Buffer =>
      Buffer.from([0, 0, bytes.length, type, flags, 0, 0, 0, stream, ...bytes]);
    const server = createTlsServer({ key, cert, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('error', () => {}).write(frame(4, 0, 0));
      socket.once('data', () => {
        // `:status: 200` and `content-length: 10`, four bytes, RST_STREAM with NO_ERROR.
        const headers = frame(1, 4, 1, 0x88, 0x0f, 0x0d, 2, 0x31, 0x30);
        socket.write(Buffer.concat([headers, frame(0, 0, 1, 1, 2, 3, 4), frame(3, 0, 1, 0, 0, 0, 0)]));
      });
    });
    const { url } = await listen(server as never, 'https');
    expect((await send(speaking(), url)).outcome).toEqual({ kind: 'failed', reason: 'HTTP/2 answer broken off' });
  });

  it('an abort after a goodbye leaves no socket open beyond close', async () => {
    const held = Promise.withResolvers<ServerHttp2Stream>();
    const { url, allClosed } = await http2Receiver((stream) => held.resolve(stream));
    const transport = speaking();
    const controller = new AbortController();
    const running = send(transport, url, controller.signal);
    const { session } = await held.promise;
    session?.goaway();
    await new Promise((resolve) => session?.ping(resolve));
    controller.abort(new Error('no more'));
    await expect(running).rejects.toThrow('no more');
    await transport.close();
    await allClosed();
  });

  it('an abort of the only request on a connection closes it, as the receiver may be gone', async () => {
    const arrived = Promise.withResolvers<void>();
    const { url, allClosed } = await http2Receiver(() => arrived.resolve());
    const controller = new AbortController();
    const running = send(speaking(), url, controller.signal);
    await arrived.promise;
    controller.abort(new Error('no more'));
    await expect(running).rejects.toThrow('no more');
    await allClosed();
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
