import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createSecureless } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import express, { type RequestHandler, Router } from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/index.js';
import {
  type IncomingRequest,
  type Receiver,
  receiver,
  toExpressHandler,
  toFastifyPlugin,
  toHonoHandler,
  toNodeHandler,
} from '../../src/receiver/index.js';
import { bytesOf, log, scheme, signed } from './sender.js';
import { type Listening, listening, rawConnection } from './servers.js';

const open: Listening[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

function aReceiver(maxBytes = 1_000) {
  const bodies: unknown[] = [];
  const urls: (string | undefined)[] = [];
  const logger = log();
  const receive = receiver({
    signature: scheme,
    store: memoryIdempotencyStore(),
    logger,
    maxBytes,
    onCallback: ({ json, url }) => {
      bodies.push(json());
      urls.push(url);
    },
  });
  return { receive, bodies, urls, log: logger };
}

const NOTHING_LEFT = 'something read the body before the receiver did: mount it before body parsers, or keep the raw bytes';

async function post(url: string, body = '{"n":1}', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers: await signed({ body, headers }), body: bytesOf(body) });
}

describe('the Express adapter', () => {
  async function express5(first: RequestHandler, maxBytes?: number) {
    const made = aReceiver(maxBytes);
    const app = express();
    app.use(first);
    app.post('/hooks', toExpressHandler(made.receive));
    const server = await listening(app.listen(0, '127.0.0.1'));
    open.push(server);
    return { ...made, url: server.url };
  }

  it('takes the bytes that express.raw() has read', async () => {
    const { url, bodies } = await express5(express.raw({ type: () => true }));
    expect((await post(url)).status).toBe(204);
    expect(bodies).toEqual([{ n: 1 }]);
  });

  it('takes request.rawBody beside a parsed body, as NestJS keeps it', async () => {
    const keep = (request: object, _: unknown, raw: Buffer) => Object.assign(request, { rawBody: raw });
    const { url, bodies } = await express5(express.json({ verify: keep }));
    expect((await post(url, '{ "n": 2 }')).status).toBe(204);
    expect(bodies).toEqual([{ n: 2 }]);
  });

  it('holds bytes that something else has read to the same cap', async () => {
    const { url } = await express5(express.raw({ type: () => true }), 5);
    expect((await post(url)).status).toBe(413);
  });

  it.each([
    ['express.json()', express.json(), 'application/json'],
    ['express.text()', express.text(), 'text/plain'],
    ['express.urlencoded()', express.urlencoded(), 'application/x-www-form-urlencoded'],
  ])('answers 500 after %s has eaten the body, and logs what to change', async (_, parser, type) => {
    const { url, bodies, log } = await express5(parser);
    expect((await post(url, '{"n":1}', { 'content-type': type })).status).toBe(500);
    expect(bodies).toEqual([]);
    expect(log.lines.map(({ level, fields }) => [level, fields.reason])).toEqual([['error', NOTHING_LEFT]]);
  });

  it('reads the body itself where a parser let it pass', async () => {
    const { url, bodies } = await express5(express.json());
    expect((await post(url, '{"n":1}', { 'content-type': 'application/cloudevents+json' })).status).toBe(204);
    expect(bodies).toEqual([{ n: 1 }]);
  });

  it('tells the whole URL in a router that has cut its part off', async () => {
    const made = aReceiver();
    const app = express().use('/hooks', Router().post('/:tenant', toExpressHandler(made.receive)));
    const server = await listening(app.listen(0, '127.0.0.1'));
    open.push(server);
    expect((await post(`${server.url}/one?a=1`)).status).toBe(204);
    expect(made.urls).toEqual([`${server.url}/one?a=1`]);
  });
});

describe('the Fastify plugin', () => {
  it('does not disturb the JSON routes of the app', async () => {
    const made = aReceiver();
    const app = fastify();
    await app.register(toFastifyPlugin(made.receive), { prefix: '/hooks' });
    app.post('/json', async (request) => ({ got: request.body }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const server = await listening(app.server, () => app.close());
    open.push(server);
    const json = await fetch(server.url.replace('/hooks', '/json'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"n":1}',
    });
    expect(await json.json()).toEqual({ got: { n: 1 } });
    const text = await fetch(server.url.replace('/hooks', '/json'), {
      method: 'POST',
      headers: { 'content-type': 'x/y' },
      body: 'x',
    });
    expect(text.status).toBe(415);
    expect((await post(server.url)).status).toBe(204);
    expect((await post(`${server.url}/`)).status).toBe(204);
    expect(made.bodies).toEqual([{ n: 1 }]);
  });

  it('is held by its own cap alone, not by the bodyLimit of the app', async () => {
    const made = aReceiver(1_000);
    const app = fastify({ bodyLimit: 10 });
    await app.register(toFastifyPlugin(made.receive), { prefix: '/hooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const server = await listening(app.server, () => app.close());
    open.push(server);
    expect((await post(server.url, JSON.stringify('x'.repeat(500)))).status).toBe(204);
  });

  it('lets the hooks of the app see its answers', async () => {
    const statuses: number[] = [];
    const app = fastify();
    app.addHook('onResponse', async (_, reply) => void statuses.push(reply.statusCode));
    await app.register(toFastifyPlugin(aReceiver().receive), { prefix: '/hooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const server = await listening(app.server, () => app.close());
    open.push(server);
    await post(server.url);
    await fetch(server.url);
    expect(statuses).toEqual([204, 405]);
  });

  it('answers requests that a test injects', async () => {
    const made = aReceiver();
    const app = fastify();
    await app.register(toFastifyPlugin(made.receive), { prefix: '/hooks' });
    const answer = await app.inject({ method: 'POST', url: '/hooks', headers: await signed(), payload: '{"n":1}' });
    expect(answer.statusCode).toBe(204);
    expect(made.bodies).toEqual([{ n: 1 }]);
    await app.close();
  });
});

describe('the Hono adapter', () => {
  it('takes what fetch gave for an answer, though its server has a Response of its own', async () => {
    const upstream = await listening(createServer((_, response) => response.writeHead(202).end('queued')).listen(0, '127.0.0.1'));
    open.push(upstream);
    const onCallback = () => fetch(upstream.url);
    const receive = receiver({ signature: scheme, store: memoryIdempotencyStore(), onCallback });
    const app = new Hono().post('/hooks', toHonoHandler(receive));
    const server = await listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as never);
    open.push(server);
    const answer = await post(server.url);
    expect([answer.status, await answer.text()]).toEqual([202, 'queued']);
  });

  it('answers 500 after a middleware has read the body, and logs what to change', async () => {
    const made = aReceiver();
    const app = new Hono();
    app.use(async (context, next) => {
      await context.req.json();
      await next();
    });
    app.post('/hooks', toHonoHandler(made.receive));
    const request = { method: 'POST', headers: await signed(), body: '{"n":1}' };
    expect((await app.request('/hooks', request)).status).toBe(500);
    const server = await listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as never);
    open.push(server);
    expect((await post(server.url)).status).toBe(500);
    expect(made.bodies).toEqual([]);
    expect(made.log.lines.map(({ fields }) => fields.reason)).toEqual([NOTHING_LEFT, NOTHING_LEFT]);
  });
});

describe('the node:http adapter', () => {
  it('keeps the connection open for the answer when a body is read in part', async () => {
    const handle = async ({ body }: IncomingRequest): Promise<Response> => {
      for await (const _chunk of body as AsyncIterable<Uint8Array>) break;
      return new Response('too large', { status: 413 });
    };
    const inPart: Receiver = Object.assign(async () => new Response(), { handle });
    const server = await listening(createServer(toNodeHandler(inPart)).listen(0, '127.0.0.1'));
    open.push(server);
    const raw = rawConnection(server.port, ['POST / HTTP/1.1', 'host: api.example', 'content-length: 2000']);
    raw.socket.write('x'.repeat(1_000));
    await raw.closed;
    expect(raw.text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large$/);
  });

  it('serves HTTP/2, whose request line is among the headers', async () => {
    const made = aReceiver(10);
    const server = createSecureless(toNodeHandler(made.receive)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect(`http://127.0.0.1:${port}`);
    const send = async (body: string): Promise<unknown> => {
      const stream = client.request({ ':method': 'POST', ':path': '/hooks', ...(await signed({ body })) });
      stream.end(body);
      const [headers] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'close');
      return headers[':status'];
    };
    expect(await send('{"n":1}')).toBe(204);
    expect(await send('{"n":1,"more":2}')).toBe(413);
    expect(made.urls).toEqual([`http://127.0.0.1:${port}/hooks`]);
    client.close();
    server.close();
  });

  it('does not write over what another listener has answered', async () => {
    const made = aReceiver();
    const handle = toNodeHandler(made.receive);
    const server = await listening(
      createServer((request, response) => {
        response.writeHead(418).end();
        void handle(request, response);
      }).listen(0, '127.0.0.1'),
    );
    open.push(server);
    expect((await post(server.url)).status).toBe(418);
  });
});
