import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { isRingbackError, type RingbackErrorCode } from '../../../src/errors.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { type HttpOptions, http } from '../../../src/transports/http/index.js';
import { VERSION } from '../../../src/version.js';
import { STATUSES } from '../statuses.js';
import { answering, bodyOf, loopback, message, rawReceiver, receiver, send } from './receiver.js';

/** Answers the first request with what the request was. */
async function echo(options: HttpOptions, toSend: Parameters<typeof message>[1] = {}, path = '/hooks?x=1') {
  let rawHeaders: string[] = [];
  let body: Uint8Array = new Uint8Array(0);
  let line = '';
  const { url } = await receiver(async (request, response) => {
    rawHeaders = request.rawHeaders;
    line = `${request.method} ${request.url}`;
    body = await bodyOf(request);
    response.end();
  });
  const answer = await send(loopback(options), message(url + path, toSend));
  const headers = Object.fromEntries(
    rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1]]] : [])),
  );
  return { answer, rawHeaders, headers, body, line };
}

describe('the request', () => {
  it('is a POST of the bytes as they are, to the path with its query', async () => {
    const bytes = Uint8Array.of(0, 255, 128, 10);
    const { body, line, headers } = await echo({}, { body: bytes });
    expect(line).toBe('POST /hooks?x=1');
    expect(Uint8Array.from(body)).toEqual(bytes);
    expect(headers['content-length']).toBe('4');
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
    expect(VERSION).toBe(packageJson.version);
  });

  it("keeps the message's headers in their order and spelling, before its own", async () => {
    const given = {
      'X-B': '1',
      'webhook-id': 'msg_1',
      'x-a': '2',
      'Content-TYPE': 'application/cloudevents+json',
      'User-Agent': 'me',
    };
    const { rawHeaders } = await echo({ headers: { 'x-static': 's', 'X-A': 'lost' } }, { headers: given });
    const sent = rawHeaders.slice(rawHeaders.indexOf('X-B'), rawHeaders.indexOf('content-length'));
    expect(sent).toEqual([...Object.entries(given).flat(), 'x-static', 's']);
  });

  it.each([false, true])('passes Idempotency-Key, traceparent and tracestate on when given, as they are (%s)', async (on) => {
    const given = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'congo=t61rcWkgMzE',
      'Idempotency-Key': '"in_42"',
    };
    const { rawHeaders } = await echo({ idempotencyKeyHeader: on }, { headers: given, idempotencyKey: 'other' });
    const from = rawHeaders.indexOf('traceparent');
    expect(rawHeaders.slice(from, from + 6)).toEqual(Object.entries(given).flat());
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'idempotency-key')).toHaveLength(1);
  });

  it("sends a callback's idempotency key as Idempotency-Key where that is asked for", async () => {
    const headers = { 'idempotency-key': 'static' };
    const keyed = { idempotencyKey: 'in_42-paid' };
    expect((await echo({ idempotencyKeyHeader: true, headers }, keyed)).headers['idempotency-key']).toBe('in_42-paid');
    expect((await echo({ idempotencyKeyHeader: true }, {})).headers).not.toHaveProperty('idempotency-key');
    expect((await echo({}, keyed)).headers).not.toHaveProperty('idempotency-key');
  });

  it('with an idempotency key that no header can carry is not sent', async () => {
    const { url } = await receiver(answering(204));
    const keyed = message(url, { idempotencyKey: 'Rechnung \u{1F4C4}' });
    expect((await send(loopback({ idempotencyKeyHeader: true }), keyed)).outcome.kind).toBe('rejected');
  });

  it('takes another method', async () => {
    expect((await echo({ method: 'PUT' })).line).toBe('PUT /hooks?x=1');
  });

  it.each([
    { 'content-length': '1' },
    { 'Transfer-Encoding': 'chunked' },
    { expect: '100-continue' },
    { 'x-token': 'canary\u0100' },
  ])('with the headers %j is no valid HTTP: it says so, not what they hold, and sends nothing', async (headers) => {
    let requests = 0;
    const { url } = await receiver(() => requests++);
    const answer = await send(loopback(), message(url, { headers: headers as Record<string, string> }));
    expect(answer.outcome).toEqual({ kind: 'rejected', reason: 'the request is no valid HTTP' });
    expect(requests).toBe(0);
  });
});

describe('the answer', () => {
  it.each(STATUSES)('with status %i is %s', async (status, kind) => {
    const { url } = await receiver(answering(status));
    const { outcome, response } = await send(loopback(), url);
    expect(outcome).toMatchObject({ kind, status });
    expect(response).toMatchObject({ status, truncated: false });
  });

  it.each([
    ['https://other.example/path?token=canary', 'answered 302, a redirect to https://other.example that was not followed'],
    ['mailto:a@b.example', expect.stringContaining('a redirect')],
  ])('that redirects to %s is a failure that says so', async (location, reason) => {
    const { url } = await receiver(answering(302, { location }));
    expect((await send(loopback(), url)).outcome).toMatchObject({ kind: 'failed', status: 302, reason });
  });

  it('that redirects to its own origin is not followed either', async () => {
    const paths: string[] = [];
    const { url } = await receiver((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const { outcome } = await send(loopback(), `${url}/here`);
    expect(outcome.reason).toBe(`answered 307, a redirect to ${url} that was not followed`);
    expect(paths).toEqual(['/here']);
  });

  it('asks to wait in seconds', async () => {
    const { url } = await receiver(answering(503, { 'retry-after': '120' }));
    expect((await send(loopback(), url)).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 120_000 });
  });

  it("asks to wait until a date, read against the answer's own Date", async () => {
    const headers = { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:29:30 GMT' };
    const { url } = await receiver(answering(429, headers));
    expect((await send(loopback(), url)).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 90_000 });
  });

  it('asks to wait until a date, read against the clock where it has no Date', async () => {
    const { url } = await rawReceiver((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 503 x\r\nretry-after: Wed, 21 Oct 2015 07:29:30 GMT\r\ncontent-length: 0\r\n\r\n'),
      );
    });
    const clock = fakeClock({ startAtMs: Date.UTC(2015, 9, 21, 7, 28) });
    expect((await send(loopback({ clock }), url)).outcome).toMatchObject({ retryAfterMs: 90_000 });
  });

  it('is kept: status, headers with lower-case names, repeated ones joined, and the body', async () => {
    const { url } = await receiver(answering(200, { 'X-Request-Id': 'r1', 'set-cookie': ['a=1', 'b=2'] }, 'thank you'));
    const { response } = await send(loopback(), url);
    expect(response?.headers).toMatchObject({ 'x-request-id': 'r1', 'set-cookie': 'a=1, b=2' });
    expect(response?.body).toEqual(new TextEncoder().encode('thank you'));
    expect(response?.truncated).toBe(false);
  });

  it('may come after informational ones', async () => {
    const { url } = await receiver((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(201, { 'x-final': 'yes' }).end();
    });
    const { response } = await send(loopback(), url);
    expect(response).toMatchObject({ status: 201, headers: { 'x-final': 'yes' } });
  });

  it("means what the user's classify says, and the default where it has no opinion", async () => {
    const { url } = await receiver((request, response) =>
      response.writeHead(Number(request.url?.slice(1))).end('{"error":"busy"}'),
    );
    const transport = loopback({
      classify: ({ status, body }) => {
        if (status === 200 && new TextDecoder().decode(body).includes('busy')) return 'overloaded';
        return status === 409 ? { kind: 'delivered', reason: 'had it before' } : undefined;
      },
    });
    expect((await send(transport, `${url}/200`)).outcome).toEqual({
      kind: 'overloaded',
      status: 200,
      reason: 'answered 200, read as overloaded',
    });
    expect((await send(transport, `${url}/409`)).outcome).toEqual({ kind: 'delivered', reason: 'had it before' });
    expect((await send(transport, `${url}/500`)).outcome).toMatchObject({ kind: 'failed', status: 500 });
  });

  it('rejects with the cause where classify throws', async () => {
    const cause = new Error('a bug');
    const { url } = await receiver(answering(200));
    const transport = loopback({
      classify: () => {
        throw cause;
      },
    });
    await expect(send(transport, url)).rejects.toMatchObject({ code: 'transport-failed', cause });
  });
});

describe('destinations', () => {
  it('are http: and https: URLs only', async () => {
    const transport = loopback();
    for (const [to, accepted] of Object.entries({
      'http://a.example': true,
      'https://a.example': true,
      'ftp://a.example': false,
    })) {
      expect(transport.accepts(new URL(to))).toBe(accepted);
    }
    for (const to of ['file:///etc/passwd', 'canary', 'http://', 'ws://a.example/']) {
      await expect(send(transport, to)).rejects.toMatchObject({
        code: 'unsupported-destination',
        message: 'to must be an http: or https: URL',
      });
    }
  });

  it('that are not in normal form are brought to it', async () => {
    const { url, port } = await receiver(answering(204));
    const transport = loopback();
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect((await send(transport, `HTTP://127.1:${port}`)).outcome.kind).toBe('delivered');
  });
});

describe('settings', () => {
  it.each([
    { method: 'post' },
    { method: 'GET' },
    { idempotencyKeyHeader: 'yes' },
    { headers: { 'x y': '1' } },
    { headers: { a: '1', A: '2' } },
    { headers: { host: 'a' } },
    { headers: { 'Content-Type': 'a/b' } },
    { maxResponseBytes: -1 },
    { maxResponseBytes: 1.5 },
    { connectTimeoutMs: 0 },
    { connectionsPerOrigin: 0 },
    { maxOrigins: Number.NaN },
    { allowPrivate: 'yes' },
    { classify: 'delivered' },
    { clock: {} },
    { tls: { rejectUnauthorized: false } },
    { tls: null },
    { tls: { ca: [7] } },
    { timeoutMs: 5 },
  ])('refuses %j', (options) => {
    expect(codeOf(() => http(options as never))).toBe('invalid-option');
  });

  it.each([
    { tls: 'canary' },
    { tls: { key: ['canary'] } },
    { headers: { authorization: 'canary\r\nx: y' } },
    { headers: { authorization: 7 } },
    { headers: 'canary' },
  ])('refuses headers and keys that are none, and does not show them (%#)', (options) => {
    expect(codeOf(() => http(options as never))).toBe('invalid-option');
    expect(() => http(options as never)).not.toThrow('canary');
  });
});

function codeOf(action: () => unknown): RingbackErrorCode | 'no error' {
  try {
    action();
    return 'no error';
  } catch (error) {
    if (isRingbackError(error)) return error.code;
    throw error;
  }
}
