import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createRingback, memoryIdempotencyStore } from '../../../../src/index.js';
import { standardWebhooks } from '../../../../src/signing/index.js';
import { fakeClock } from '../../../../src/testing/index.js';
import { http, type VerifyDestinationOptions, verifyDestination } from '../../../../src/transports/http/index.js';
import { answering, bodyOf, rawReceiver, receiver } from '../receiver.js';

const ORIGIN = 'events.example';

/** Asks a receiver on the loopback. */
function verify(url: string, { http: changes, ...options }: Partial<VerifyDestinationOptions> = {}) {
  return verifyDestination(url, { origin: ORIGIN, http: { allowPrivate: true, httpsOnly: false, ...changes }, ...options });
}

interface Question {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that keeps what it was asked. */
async function asked(listener: RequestListener): Promise<{ url: string; questions: Question[] }> {
  const questions: Question[] = [];
  const { url } = await receiver(async (request, response) => {
    const body = String(await bodyOf(request));
    questions.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    listener(request, response);
  });
  return { url, questions };
}

const consenting = (headers: Record<string, string>, status = 204): ReturnType<typeof asked> =>
  asked((_request, response) => response.writeHead(status, headers).end());

describe('the handshake', () => {
  it('asks by OPTIONS, of the exact URL, with the origin, the rate and the callback, and without a body', async () => {
    const { url, questions } = await consenting({ 'webhook-allowed-origin': ORIGIN, 'webhook-allowed-rate': '100' });
    const callbackUrl = 'https://events.example/consents?token=t';
    const answer = await verify(`${url}/hooks?tenant=7#part`, {
      ratePerMinute: 120,
      callbackUrl,
      http: { headers: { 'x-via': 'a' } },
    });
    expect(answer).toEqual({
      allowed: true,
      by: 'handshake',
      origin: ORIGIN,
      ratePerMinute: 100,
      reason: 'allows the origin',
      outcome: expect.objectContaining({ kind: 'delivered', status: 204 }),
    });
    expect(questions).toEqual([{ line: 'OPTIONS /hooks?tenant=7', headers: expect.anything(), body: '' }]);
    const [{ headers } = { headers: {} }] = questions;
    expect(headers).toMatchObject({
      'webhook-request-origin': ORIGIN,
      'webhook-request-rate': '120',
      'webhook-request-callback': callbackUrl,
      'x-via': 'a',
      'user-agent': expect.stringContaining('ringback/'),
    });
    expect(headers).not.toHaveProperty('content-type');
  });

  it('leaves out what is not asked for', async () => {
    const { url, questions } = await consenting({ 'webhook-allowed-origin': '*' });
    expect(await verify(url)).toMatchObject({ allowed: true, origin: '*' });
    expect(Object.keys(questions[0]?.headers ?? {}).filter((name) => name.startsWith('webhook-'))).toEqual([
      'webhook-request-origin',
    ]);
  });

  it.each([
    [{ 'webhook-allowed-origin': ORIGIN, 'webhook-allowed-rate': '120' }, 120],
    [{ 'WebHook-Allowed-Origin': 'EVENTS.example', 'WebHook-Allowed-Rate': ' 007 ' }, 7],
    [{ 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' }, undefined],
    [{ 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '99999999999999999999' }, 1_000_000],
    [{ 'webhook-allowed-origin': ORIGIN, 'webhook-allowed-rate': '1', allow: 'GET, post' }, 1],
  ])('is a consent by %j', async (headers, ratePerMinute) => {
    const { url } = await consenting(headers);
    const answer = await verify(url, { ratePerMinute: 10 });
    expect(answer).toMatchObject({ allowed: true, by: 'handshake' });
    expect(answer.ratePerMinute).toBe(ratePerMinute);
  });

  it.each([
    ['another origin', { 'webhook-allowed-origin': 'other.example', 'webhook-allowed-rate': '1' }, 'allows another origin'],
    ['a list', { 'webhook-allowed-origin': `${ORIGIN}, other.example`, 'webhook-allowed-rate': '1' }, 'allows another origin'],
    ['an empty origin', { 'webhook-allowed-origin': '', 'webhook-allowed-rate': '1' }, 'allows another origin'],
    ['no rate, though one was asked for', { 'webhook-allowed-origin': '*' }, 'no rate that can be read'],
    ['a rate of 0', { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }, 'no rate that can be read'],
    ['a rate that is negative', { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '-5' }, 'no rate that can be read'],
    ['a rate that is a fraction', { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '1.5' }, 'no rate that can be read'],
    ['two rates', { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '1, 2' }, 'no rate that can be read'],
    ['a rate in words', { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': 'often' }, 'no rate that can be read'],
    [
      'a method that callbacks don’t have',
      { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*', allow: 'GET, OPTIONS' },
      'but not POST',
    ],
  ])('is no consent by %s', async (_, headers, reason) => {
    const { url, questions } = await consenting(headers);
    expect(await verify(url, { ratePerMinute: 10, challenge: true })).toMatchObject({
      allowed: false,
      reason: expect.stringContaining(reason),
    });
    expect(questions).toHaveLength(1);
  });

  it.each([200, 204, 404, 405])('is no consent by the status %i alone', async (status) => {
    const { url } = await consenting({ allow: 'GET, POST, OPTIONS', 'access-control-allow-origin': '*' }, status);
    expect(await verify(url)).toMatchObject({
      allowed: false,
      reason: `answered ${status} without WebHook-Allowed-Origin`,
      outcome: { status },
    });
  });

  it.each([302, 404, 500])('is no consent on a page with the status %i', async (status) => {
    const headers = { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*', location: '/elsewhere' };
    const { url, questions } = await consenting(headers, status);
    expect(await verify(url, { challenge: true })).toMatchObject({
      allowed: false,
      reason: expect.stringContaining(`${status}`),
    });
    expect(questions).toHaveLength(1);
  });

  it('passes a Retry-After on, and does not come with a challenge then', async () => {
    const { url, questions } = await consenting({ 'retry-after': '120' }, 429);
    expect(await verify(url, { challenge: true })).toMatchObject({
      allowed: false,
      reason: 'answered 429',
      outcome: { kind: 'overloaded', retryAfterMs: 120_000 },
    });
    expect(questions).toHaveLength(1);
  });

  it('takes the answer of a receiver of ringback’s own', async () => {
    const { receiver: receive, toNodeHandler } = await import('../../../../src/receiver/index.js');
    const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
    const settings = {
      signature,
      store: memoryIdempotencyStore(),
      onCallback: () => {},
      allowedOrigins: [ORIGIN],
      allowedRatePerMinute: 60,
    };
    const { url } = await receiver(toNodeHandler(receive(settings)));
    expect(await verify(url, { ratePerMinute: 600 })).toMatchObject({ allowed: true, origin: ORIGIN, ratePerMinute: 60 });
    expect(await verify(url, { origin: 'other.example' })).toMatchObject({ allowed: false, outcome: { status: 405 } });
  });
});

describe('the challenge', () => {
  const echo = (answer: (challenge: string) => string, status = 200): ReturnType<typeof asked> => {
    const questions: Question[] = [];
    return receiver(async (request, response) => {
      const body = String(await bodyOf(request));
      questions.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      if (request.method === 'OPTIONS') response.writeHead(405).end();
      else response.writeHead(status).end(answer(JSON.parse(body).challenge));
    }).then(({ url }) => ({ url, questions }));
  };

  it('is asked for: without it a POST goes nowhere', async () => {
    const { url, questions } = await echo((text) => text);
    expect(await verify(url)).toMatchObject({ allowed: false });
    expect(questions.map(({ line }) => line)).toEqual(['OPTIONS /']);
  });

  it.each<[string, (challenge: string) => string]>([
    ['the bare text', (text) => text],
    ['the text with a line break', (text) => `${text}\r\n`],
    ['JSON', (text) => JSON.stringify({ challenge: text })],
  ])('is echoed as %s', async (_, answer) => {
    const { url } = await echo(answer);
    expect(await verify(url, { challenge: true })).toEqual({
      allowed: true,
      by: 'challenge',
      reason: 'echoed the challenge',
      outcome: expect.objectContaining({ kind: 'delivered' }),
    });
  });

  it.each<[string, (challenge: string) => string, string]>([
    ['nothing', () => '', 'did not echo'],
    ['a fixed text', () => 'ok', 'did not echo'],
    ['a text around it', (text) => `challenge: ${text}`, 'did not echo'],
    ['JSON that has it elsewhere', (text) => JSON.stringify({ json: { challenge: text } }), 'did not echo'],
    ['JSON null', () => 'null', 'did not echo'],
    ['JSON that breaks off', (text) => `{"challenge":"${text}"`, 'did not echo'],
    [
      'all that it was sent',
      (text) => JSON.stringify({ type: 'url_verification', challenge: text }),
      'gave back the whole request',
    ],
    [
      'all that it was sent, parsed and written anew',
      (text) => JSON.stringify({ challenge: text, type: 'url_verification' }, undefined, 2),
      'gave back the whole request',
    ],
  ])('is not met by %s', async (_, answer, reason) => {
    const { url } = await echo(answer);
    expect(await verify(url, { challenge: true })).toMatchObject({ allowed: false, reason: expect.stringContaining(reason) });
  });

  it.each([302, 401, 500])('is not met by a status of %i', async (status) => {
    const { url } = await echo((text) => text, status);
    expect(await verify(url, { challenge: true })).toMatchObject({
      allowed: false,
      reason: `answered the challenge with ${status}`,
    });
  });

  it('is another one each time, and an old answer is none', async () => {
    const texts: string[] = [];
    const { url } = await echo((text) => {
      texts.push(text);
      return texts[0] ?? '';
    });
    expect(await verify(url, { challenge: true })).toMatchObject({ allowed: true });
    expect(await verify(url, { challenge: true })).toMatchObject({ allowed: false });
    expect(new Set(texts).size).toBe(2);
    for (const text of texts) expect(text).toMatch(/^verify_[0-9A-Za-z]{24}$/);
  });

  it('is signed with the scheme, so that the receiver can tell who asks', async () => {
    const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
    const { url, questions } = await echo((text) => text);
    await verify(`${url}/hooks`, { challenge: true, signature });
    const [, { headers, body, line } = { headers: {}, body: '', line: '' }] = questions;
    expect(line).toBe('POST /hooks');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-request-origin': ORIGIN });
    expect(JSON.parse(body)).toEqual({ type: 'url_verification', challenge: expect.any(String) });
    const message = { headers: headers as Record<string, string>, body: Buffer.from(body), nowMs: Date.now() };
    expect(await signature.verify(message)).toMatchObject({ id: headers['webhook-id'] });
  });

  it('is not sent where it can’t be signed', async () => {
    const { url, questions } = await echo((text) => text);
    const cause = new Error('no key');
    const signature = { name: 'broken', sign: () => Promise.reject(cause), verify: () => ({}) };
    await expect(verify(url, { challenge: true, signature })).rejects.toMatchObject({ code: 'signing-failed', cause });
    expect(questions).toHaveLength(1);
  });

  it('ends at an abort while the scheme signs', async () => {
    const { url, questions } = await echo((text) => text);
    const clock = fakeClock();
    const controller = new AbortController();
    const sign = (): Promise<never> => {
      queueMicrotask(() => controller.abort(new Error('enough')));
      return new Promise(() => {});
    };
    const signature = { name: 'hanging', sign, verify: () => ({}) };
    const { signal } = controller;
    await expect(verify(url, { challenge: true, signature, signal, http: { clock } })).rejects.toMatchObject({
      code: 'cancelled',
      cause: { message: 'enough' },
    });
    expect(questions).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('does not wait for ever for a scheme that never answers', async () => {
    const { url, questions } = await echo((text) => text);
    const clock = fakeClock();
    const sign = (): Promise<never> => {
      queueMicrotask(() => void clock.advance(15_000));
      return new Promise(() => {});
    };
    const signature = { name: 'hanging', sign, verify: () => ({}) };
    await expect(verify(url, { challenge: true, signature, http: { clock } })).rejects.toMatchObject({
      code: 'signing-failed',
      cause: { message: 'the signature scheme did not answer in 15000 ms' },
    });
    expect(questions).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});

describe('the way there is that of callbacks', () => {
  it('is https alone where httpsOnly is there and undefined, too', async () => {
    const { url, questions } = await consenting({ 'webhook-allowed-origin': '*' });
    const http = { allowPrivate: true, httpsOnly: undefined as never };
    const answer = await verifyDestination(url, { origin: ORIGIN, http });
    expect(answer).toMatchObject({ allowed: false, outcome: { kind: 'forbidden' } });
    expect(questions).toEqual([]);
  });

  it.each(['http://127.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/', 'http://user:secret@1.1.1.1/', 'http://1.1.1.1/'])(
    '%s is forbidden by the same guard, and https by default is all that is asked',
    async (url) => {
      const answer = await verifyDestination(url, { origin: ORIGIN, challenge: true });
      expect(answer).toMatchObject({ allowed: false, outcome: { kind: 'forbidden' } });
      expect(JSON.stringify(answer)).not.toContain('secret');
    },
  );

  it('a name that leads to the loopback is forbidden', async () => {
    const answer = await verifyDestination('https://customer.example/', {
      origin: ORIGIN,
      http: { resolveHost: async () => ['1.1.1.1', '127.0.0.1'] },
    });
    expect(answer).toMatchObject({ allowed: false, outcome: { kind: 'forbidden' } });
  });

  it('a destination that nobody answers at is no consent', async () => {
    const { url } = await receiver((request) => request.socket.destroy());
    expect(await verify(url, { challenge: true })).toMatchObject({ allowed: false, outcome: { kind: 'failed' } });
  });

  it('one that does not answer in time is no consent, and nothing is left open', async () => {
    const clock = fakeClock();
    let whenAsked = (): void => {};
    const hasAsked = new Promise<void>((resolve) => {
      whenAsked = resolve;
    });
    const { url, allClosed } = await rawReceiver((socket) => socket.once('data', () => whenAsked()));
    const answer = verify(url, { http: { clock } });
    await hasAsked;
    await clock.advance(15_000);
    expect(await answer).toMatchObject({ allowed: false, outcome: { kind: 'timed-out' } });
    await allClosed();
    expect(clock.timers).toBe(0);
  });

  it('a name that never resolves is no consent', async () => {
    const clock = fakeClock();
    let whenAsked = (): void => {};
    const hasAsked = new Promise<void>((resolve) => {
      whenAsked = resolve;
    });
    const resolveHost = (): Promise<string[]> => {
      whenAsked();
      return new Promise(() => {});
    };
    const answer = verify('https://customer.example/', { http: { clock, resolveHost } });
    await hasAsked;
    await clock.advance(15_000);
    expect(await answer).toMatchObject({ allowed: false, outcome: { kind: 'timed-out' } });
  });

  it('a body without an end is cut at the cap', async () => {
    const { url, allClosed } = await receiver((request, response) => {
      if (request.method === 'OPTIONS') return void response.writeHead(404).end();
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)));
      more();
    });
    expect(await verify(url, { challenge: true })).toMatchObject({ allowed: false, reason: 'did not echo the challenge' });
    await allClosed();
  });

  it('the caller may end it', async () => {
    const caller = new AbortController();
    const { url, allClosed } = await rawReceiver((socket) => socket.once('data', () => caller.abort('enough')));
    await expect(verify(url, { signal: caller.signal })).rejects.toMatchObject({ code: 'cancelled', cause: 'enough' });
    await allClosed();
    await expect(verify(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('leaves no connection behind', async () => {
    const { url, allClosed, connections } = await receiver(answering(405));
    await verify(url, { challenge: true });
    expect(connections()).toBe(2);
    await allClosed();
  });
});

it('the allowed rate feeds the rate limiter', async () => {
  const { url } = await consenting({ 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '2' });
  const { ratePerMinute = 0 } = await verify(url, { ratePerMinute: 600 });
  const clock = fakeClock();
  const ringback = createRingback({
    transports: [http({ allowPrivate: true })],
    clock,
    pipeline: (destination) =>
      destination === url ? { rateLimiter: { limit: ratePerMinute, intervalMs: 60_000, burst: 1, maxWaitMs: 0 } } : {},
  });
  const deliver = (): Promise<string> =>
    ringback.deliver({ to: url }).then(
      () => 'delivered',
      (error) => error.why,
    );
  expect([await deliver(), await deliver()]).toEqual(['delivered', 'shed']);
  await clock.advance(30_000);
  expect([await deliver(), await deliver()]).toEqual(['delivered', 'shed']);
  await ringback.close();
});

describe('bad input is refused before anything is asked', () => {
  it.each<[string, object]>([
    ['no options', undefined as never],
    ['no origin', {}],
    ['an origin with a scheme', { origin: 'https://events.example' }],
    ['an origin with a line break', { origin: 'events.example\r\nx: y' }],
    ['an origin that is too long', { origin: 'a.'.repeat(127) }],
    ['an origin that is a star', { origin: '*' }],
    ['a rate of 0', { origin: ORIGIN, ratePerMinute: 0 }],
    ['a rate that is a fraction', { origin: ORIGIN, ratePerMinute: 1.5 }],
    ['a rate in words', { origin: ORIGIN, ratePerMinute: '10' }],
    ['a callback by http', { origin: ORIGIN, callbackUrl: 'http://events.example/?token=canary' }],
    ['a callback that is no URL', { origin: ORIGIN, callbackUrl: 'canary' }],
    ['a callback that is too long', { origin: ORIGIN, callbackUrl: `https://events.example/${'canary'.repeat(1_000)}` }],
    ['a challenge that is no choice', { origin: ORIGIN, challenge: 'yes' }],
    ['a signature that is none', { origin: ORIGIN, signature: {} }],
    ['http that is none', { origin: ORIGIN, http: null }],
    ['http with a clock that can’t wait', { origin: ORIGIN, http: { clock: { now: () => 0 } } }],
    ['http with an unknown option', { origin: ORIGIN, http: { followRedirects: true } }],
    ['a timeout of 0', { origin: ORIGIN, timeoutMs: 0 }],
    ['an idempotencyKeyHeader of http that is no boolean', { origin: ORIGIN, http: { idempotencyKeyHeader: 'yes' } }],
    ['a signal that is none', { origin: ORIGIN, signal: {} }],
    ['an unknown option', { origin: ORIGIN, rate: 5 }],
  ])('%s', async (_, options) => {
    const error = await verifyDestination('https://127.0.0.1/', options as never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(String(error)).not.toContain('canary');
  });

  it.each<[string, unknown]>([
    ['no URL', 'canary'],
    ['a mail', 'mailto:a@customer.example'],
    ['nothing', undefined],
    ['a number', 7],
  ])('%s', async (_, to) => {
    const error = await verifyDestination(to as never, { origin: ORIGIN }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unsupported-destination' });
    expect(String(error)).not.toContain('canary');
  });
});
