import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { fetch as undiciFetch } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FetchTransportOptions, fetchTransport } from '../../../src/transports/fetch/index.js';
import { VERSION } from '../../../src/version.js';
import { answering, bodyOf, message, rawReceiver, receiver, send } from '../http/receiver.js';
import { STATUSES } from '../statuses.js';
import { loopback, mockFetch, PUBLIC, sendBy } from './lab.js';

/** Answers the first request with what the request was. */
async function echo(options: FetchTransportOptions, toSend: Parameters<typeof message>[1] = {}, path = '/hooks?x=1') {
  let headers: Record<string, unknown> = {};
  let body: Uint8Array = new Uint8Array(0);
  let line = '';
  const { url } = await receiver(async (request, response) => {
    headers = request.headers;
    line = `${request.method} ${request.url}`;
    body = await bodyOf(request);
    response.end();
  });
  const answer = await send(loopback(options), message(url + path, toSend));
  return { answer, headers, body, line };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the request', () => {
  it('is a POST of the bytes as they are, to the path with its query', async () => {
    const bytes = Uint8Array.of(0, 255, 128, 10);
    const { body, line, headers } = await echo({}, { body: bytes });
    expect(line).toBe('POST /hooks?x=1');
    expect(Uint8Array.from(body)).toEqual(bytes);
    expect(headers['content-length']).toBe('4');
  });

  it('sends a part of a larger buffer, and no more of it', async () => {
    const { body } = await echo({}, { body: Uint8Array.of(1, 2, 3, 4).subarray(1, 3) });
    expect(Uint8Array.from(body)).toEqual(Uint8Array.of(2, 3));
  });

  it('has content-length 0 where the body is empty', async () => {
    expect((await echo({}, { body: new Uint8Array(0) })).headers['content-length']).toBe('0');
  });

  it('leaves a fragment at home', async () => {
    expect((await echo({}, {}, '/a#secret')).line).toBe('POST /a');
  });

  it('takes the content type from the delivery, and names itself', async () => {
    const { headers } = await echo({}, { contentType: 'text/plain; charset=utf-8' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(headers['user-agent']).toBe(`ringback/${VERSION}`);
  });

  it("has the message's headers, then the static ones that it does not bring", async () => {
    const { fetch, calls } = mockFetch(() => new Response());
    const given = { 'X-B': '1', 'webhook-id': 'msg_1', 'x-a': '2', 'Content-TYPE': 'a/b', 'User-Agent': 'me' };
    await sendBy(fetch, { headers: { 'x-static': 's', 'X-A': 'lost' } }, message(PUBLIC, { headers: given }));
    expect(calls[0]?.init.headers).toEqual([...Object.entries(given), ['x-static', 's']]);
  });

  it('takes another method', async () => {
    expect((await echo({ method: 'PUT' })).line).toBe('PUT /hooks?x=1');
    expect(fetchTransport({ method: 'PUT' }).method).toBe('PUT');
  });

  it('names nothing but what every platform knows', async () => {
    const { fetch, calls } = mockFetch(() => new Response());
    await sendBy(fetch);
    expect(Object.keys(calls[0]?.init ?? {}).sort()).toEqual(['body', 'headers', 'method', 'redirect', 'signal']);
  });

  it.each([
    { 'content-length': '1' },
    { 'Transfer-Encoding': 'chunked' },
    { expect: '100-continue' },
    { host: 'other.example' },
    { 'x-token': 'canary\u0100' },
    { 'x-token': 'canary\r\nx: y' },
    { 'x y': 'canary' },
  ])('with the headers %j is no valid HTTP: it says so, not what they hold, and fetch is not called', async (headers) => {
    const { fetch, calls } = mockFetch(() => new Response());
    const answer = await sendBy(fetch, {}, message(PUBLIC, { headers: headers as Record<string, string> }));
    expect(answer.outcome).toEqual({ kind: 'rejected', reason: 'the request is no valid HTTP' });
    expect(calls).toEqual([]);
  });
});

describe('the answer', () => {
  it.each(STATUSES)('with status %i is %s', async (status, kind) => {
    const { url } = await receiver(answering(status));
    const { outcome, response } = await send(loopback(), url);
    expect(outcome).toMatchObject({ kind, status });
    expect(response).toMatchObject({ status, truncated: false });
  });

  it('asks to wait in seconds, or until a date', async () => {
    const seconds = await receiver(answering(503, { 'retry-after': '120' }));
    expect((await send(loopback(), seconds.url)).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 120_000 });
    const date = { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:29:30 GMT' };
    const dated = await receiver(answering(429, date));
    expect((await send(loopback(), dated.url)).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 90_000 });
  });

  it('asks to wait until a date, read against the clock where it has no Date', async () => {
    const { fetch } = mockFetch(
      () => new Response('', { status: 503, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:29:30 GMT' } }),
    );
    const clock = { now: () => Date.UTC(2015, 9, 21, 7, 28) } as never;
    expect((await sendBy(fetch, { clock })).outcome).toMatchObject({ retryAfterMs: 90_000 });
  });

  it('is kept: status, headers with lower-case names, repeated ones joined, and the body', async () => {
    const { url } = await receiver(answering(200, { 'X-Request-Id': 'r1', 'set-cookie': ['a=1', 'b=2'] }, 'thank you'));
    const { response } = await send(loopback(), url);
    expect(response?.headers).toMatchObject({ 'x-request-id': 'r1', 'set-cookie': 'a=1, b=2' });
    expect(response?.body).toEqual(new TextEncoder().encode('thank you'));
  });

  it('that redirects is not followed: a failure that names the origin alone', async () => {
    const paths: string[] = [];
    const { url } = await receiver((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(307, { location: 'http://127.0.0.1:1/path?token=canary' }).end();
    });
    const { outcome } = await send(loopback(), `${url}/here`);
    expect(outcome).toMatchObject({
      kind: 'failed',
      status: 307,
      reason: 'answered 307, a redirect to http://127.0.0.1:1 that was not followed',
    });
    expect(paths).toEqual(['/here']);
  });

  it("means what the user's classify says, and the default where it has no opinion", async () => {
    const { url } = await receiver((request, response) =>
      response.writeHead(Number(request.url?.slice(1))).end('{"error":"busy"}'),
    );
    const transport = loopback({
      classify: ({ status, body }) =>
        status === 200 && new TextDecoder().decode(body).includes('busy') ? 'overloaded' : undefined,
    });
    expect((await send(transport, `${url}/200`)).outcome).toEqual({
      kind: 'overloaded',
      status: 200,
      reason: 'answered 200, read as overloaded',
    });
    expect((await send(transport, `${url}/500`)).outcome).toMatchObject({ kind: 'failed', status: 500 });
  });

  it('rejects with the cause where classify throws', async () => {
    const cause = new Error('a bug');
    const { fetch } = mockFetch(() => new Response());
    const classify = () => {
      throw cause;
    };
    await expect(sendBy(fetch, { classify })).rejects.toMatchObject({ code: 'transport-failed', cause });
  });
});

describe('the body of an answer', () => {
  it.each([
    [9, 'thank you', false],
    [8, 'thank yo', true],
    [0, '', true],
  ])('is kept up to a cap of %i bytes', async (maxResponseBytes, text, truncated) => {
    const { url } = await receiver(answering(200, {}, 'thank you'));
    const { response } = await send(loopback({ maxResponseBytes }), url);
    expect([new TextDecoder().decode(response?.body), response?.truncated]).toEqual([text, truncated]);
  });

  it('that never ends is cut, and its connection closed', async () => {
    const server = await receiver((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(new Uint8Array(10_000)));
      };
      response.writeHead(500).on('drain', more);
      more();
    });
    const { outcome, response } = await send(loopback(), server.url);
    expect(outcome).toMatchObject({ kind: 'failed', status: 500 });
    expect([response?.body.length, response?.truncated]).toEqual([65_536, true]);
    await server.allClosed();
  });

  it('is held to the cap as the platform hands it out: decompressed', async () => {
    const bomb = gzipSync(new Uint8Array(10_000_000));
    const { url } = await receiver(answering(200, { 'content-encoding': 'gzip' }, bomb));
    const { response } = await send(loopback(), url);
    expect([response?.body.length, response?.truncated]).toEqual([65_536, true]);
  });

  it('that breaks off is a failure, whatever the status was', async () => {
    const { url } = await rawReceiver((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning'));
    });
    expect((await send(loopback(), url)).outcome).toMatchObject({ kind: 'failed', reason: 'connection closed' });
  });
});

describe('failures of the network', () => {
  it('are failures with a phrase', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    await new Promise((closed) => unused.close(closed));
    const garbage = await rawReceiver((socket) => socket.once('data', () => socket.end('no HTTP\r\n\r\n')));
    const reset = await rawReceiver((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect((await send(loopback(), `http://127.0.0.1:${port}`)).outcome).toEqual({
      kind: 'failed',
      reason: 'connection refused',
    });
    expect((await send(loopback(), garbage.url)).outcome).toEqual({ kind: 'failed', reason: 'malformed HTTP answer' });
    expect((await send(loopback(), reset.url)).outcome).toEqual({ kind: 'failed', reason: 'connection reset' });
  });
});

describe('the end of an attempt', () => {
  it('closes the connection at an abort, and rejects with its reason', async () => {
    const reached = Promise.withResolvers<void>();
    const server = await receiver(() => reached.resolve());
    const [controller, reason] = [new AbortController(), new Error('the caller gave up')];
    const sending = send(loopback(), server.url, controller.signal);
    await reached.promise;
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await server.allClosed();
  });

  it('rejects with the reason of an abort in the middle of a body', async () => {
    const reached = Promise.withResolvers<void>();
    const server = await receiver((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('the beginning', () => reached.resolve());
    });
    const [controller, reason] = [new AbortController(), new Error('time is up')];
    const sending = send(loopback(), server.url, controller.signal);
    await reached.promise;
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await server.allClosed();
  });
});

describe('the fetch', () => {
  it('is the global one, looked up at each attempt', async () => {
    const transport = fetchTransport();
    const { fetch, calls } = mockFetch(() => new Response('', { status: 202 }));
    vi.stubGlobal('fetch', fetch);
    expect((await send(transport, PUBLIC)).outcome).toMatchObject({ kind: 'delivered', status: 202 });
    expect(calls[0]?.url).toBe(PUBLIC);
  });

  it("may be the platform's or undici's, as they are typed", async () => {
    const { url } = await receiver(answering(204));
    for (const fetch of [globalThis.fetch, undiciFetch]) {
      expect((await send(loopback({ fetch }), url)).outcome.kind).toBe('delivered');
    }
  });

  it('is called as a function of nobody, as platforms insist', async () => {
    let self: unknown = 'not called';
    const fetch = async function (this: unknown): Promise<Response> {
      self = this;
      return new Response();
    };
    await sendBy(fetch);
    expect(self).toBeUndefined();
  });
});

describe('settings', () => {
  it.each([
    { fetch: 'fetch' },
    { method: 'post' },
    { headers: { host: 'a' } },
    { headers: { 'Content-Type': 'a/b' } },
    { maxResponseBytes: -1 },
    { maxResponseBytes: 1.5 },
    { maxResponseBytes: 2 ** 24 + 1 },
    { allowPrivate: 'yes' },
    { allow: ['no host!'] },
    { classify: 'delivered' },
    { clock: {} },
    { connectTimeoutMs: 5 },
    { timeoutMs: 5 },
  ])('refuses %j', (options) => {
    expect(() => fetchTransport(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('does not show a header that is refused', () => {
    expect(() => fetchTransport({ headers: { authorization: 'canary\r\nx: y' } })).not.toThrow('canary');
  });
});
