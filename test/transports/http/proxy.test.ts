import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRingback, DeliveryError } from '../../../src/index.js';
import { fakeClock } from '../../../src/testing/index.js';
import { type HttpOptions, http } from '../../../src/transports/http/index.js';
import { unacceptingPort } from '../unaccepting-port.js';
import { type ConnectProxy, connectProxy } from './proxies.js';
import { answering, listen, loopback, rawReceiver, receiver, send } from './receiver.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const key = fixture('localhost-key.pem');
const cert = fixture('localhost-cert.pem');
const OTHER_PIN = `sha256/${'A'.repeat(43)}=`;

const through = (proxy: { readonly port: number }, options: HttpOptions = {}) =>
  loopback({ proxy: { url: `http://127.0.0.1:${proxy.port}` }, tls: { ca: cert }, ...options });

const secureReceiver = () => listen(createServer({ key, cert }, answering(204)), 'https');

/** A proxy that answers so, whatever it is asked for. */
const answeringProxy = (text: string): Promise<ConnectProxy> => connectProxy((socket) => socket.write(text));

const failed = (reason: string) => ({ kind: 'failed', reason });

describe('an egress proxy', () => {
  it('carries https: without seeing what is in it, and its tunnel is used again', async () => {
    const { url, port, connections } = await secureReceiver();
    const proxy = await connectProxy();
    const transport = through(proxy);
    for (let i = 0; i < 5; i++) expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(proxy.asked[0]).toEqual({ authority: `127.0.0.1:${port}`, authorization: undefined });
    expect(proxy.sent()).not.toContain('paid');
    expect(connections()).toBe(proxy.asked.length);
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
  });

  it('carries http: by CONNECT too, and its tunnel is used again', async () => {
    const { port } = await receiver(answering(200, {}, 'thank you'));
    const proxy = await connectProxy();
    const transport = through(proxy);
    for (let i = 0; i < 5; i++) {
      const { response } = await send(transport, `http://127.0.0.1:${port}/hooks`);
      expect(new TextDecoder().decode(response?.body)).toBe('thank you');
    }
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
  });

  it('resolves names: the name goes to it as it is, with the port that its scheme has', async () => {
    const proxy = await answeringProxy('HTTP/1.1 403 Forbidden\r\n\r\n');
    const transport = through(proxy);
    for (const to of [
      'https://customer.example/',
      'http://customer.example/',
      'https://customer.example:8443/',
      'https://[2606:4700::1]/',
    ])
      expect((await send(transport, to)).outcome).toEqual(failed('the proxy answered 403'));
    expect(proxy.asked.map(({ authority }) => authority)).toEqual([
      'customer.example:443',
      'customer.example:80',
      'customer.example:8443',
      '[2606:4700::1]:443',
    ]);
  });

  it('leads to a host whose certificate must be its own', async () => {
    const { port } = await secureReceiver();
    const proxy = await connectProxy();
    const to = `https://customer.example:${port}/`;
    expect((await send(through(proxy), to)).outcome).toEqual(failed('certificate of another host'));
    await proxy.allClosed();
  });

  it('gets credentials where there are some', async () => {
    const { url } = await receiver(answering(204));
    const proxy = await connectProxy();
    const transport = loopback({ proxy: { url: proxy.url, username: 'ringback', password: 'päss:word' } });
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${Buffer.from('ringback:päss:word').toString('base64')}`);
    expect(inspect(transport, { depth: 9, showHidden: true })).not.toContain('word');
  });

  it.each([
    [{}, 'the proxy asks for credentials (407)'],
    [{ username: 'ringback', password: 'password' }, 'the proxy refused the credentials (407)'],
  ])('that answers 407 to %o', async (credentials, reason) => {
    const proxy = await answeringProxy('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
    const transport = loopback({ proxy: { url: proxy.url, ...credentials } });
    expect((await send(transport, 'https://customer.example/')).outcome).toEqual(failed(reason));
    await proxy.allClosed();
  });

  it.each([
    ['no HTTP', 'SSH-2.0-x\r\n\r\n', "the proxy's answer is no HTTP"],
    ['a header without end', `HTTP/1.1 200 x\r\nx-a: ${'a'.repeat(40_000)}`, "the proxy's answer is too large"],
    ['more than its answer', 'HTTP/1.1 200 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n', 'the proxy sent more than its answer'],
  ])('that answers %s has failed, and nothing is sent through it', async (_, answer, reason) => {
    const proxy = await answeringProxy(answer);
    const outcomes = [
      await send(through(proxy), 'http://customer.example/'),
      await send(through(proxy), 'https://customer.example/'),
    ];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([failed(reason), failed(reason)]);
    await proxy.allClosed();
  });

  it('whose answer comes byte by byte is understood', async () => {
    const { url } = await receiver(answering(204));
    const { port } = await rawReceiver((socket) => {
      socket.once('data', async () => {
        for (const byte of 'HTTP/1.0 200 OK\r\n\r\n') {
          socket.write(byte);
          await new Promise(setImmediate);
        }
        socket.once('data', () => socket.write('HTTP/1.1 204 x\r\n\r\n'));
      });
    });
    expect((await send(through({ port }), url)).outcome.kind).toBe('delivered');
  });

  it('that nobody listens at, that closes and that resets has failed, and says that it was the proxy', async () => {
    const closing = await connectProxy((socket) => socket.end());
    const resetting = await connectProxy((socket) => socket.resetAndDestroy());
    const reasonsOf = async (port: number) => (await send(through({ port }), 'https://customer.example/')).outcome;
    expect(await reasonsOf(1)).toEqual(failed('the connection to the proxy failed: connection refused'));
    expect(await reasonsOf(closing.port)).toEqual(failed('the proxy closed the connection'));
    expect(await reasonsOf(resetting.port)).toEqual(failed('the connection to the proxy failed: connection reset'));
  });

  it('that resets in the TLS handshake has failed, and leaves nothing open', async () => {
    const proxy = await connectProxy((socket) => {
      socket.write('HTTP/1.1 200 x\r\n\r\n');
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect((await send(through(proxy), 'https://customer.example/')).outcome.kind).toBe('failed');
    await proxy.allClosed();
  });

  it('pins hold through it', async () => {
    const { url, allClosed } = await secureReceiver();
    const proxy = await connectProxy();
    const transport = through(proxy, { tls: { ca: cert, pins: { '127.0.0.1': [OTHER_PIN] } } });
    expect((await send(transport, url)).outcome).toEqual(
      failed('pin mismatch: the host showed a key that tls.pins does not name'),
    );
    await Promise.all([allClosed(), proxy.allClosed()]);
  });

  it('speaks HTTP/2 through it', async () => {
    const server = createSecureServer({ key, cert }, (_request, response) => response.writeHead(204).end());
    const { url, connections } = await listen(server as never, 'https');
    const transport = through(await connectProxy(), { http2: true });
    const sent = await Promise.all(Array.from({ length: 20 }, () => send(transport, url)));
    expect(new Set(sent.map(({ outcome }) => outcome.kind))).toEqual(new Set(['delivered']));
    expect(connections()).toBe(1);
  });

  it('is not asked for what a URL alone forbids', async () => {
    const proxy = await connectProxy();
    const transport = http({ proxy: { url: proxy.url } });
    for (const to of [
      'http://169.254.169.254/',
      'http://10.0.0.5/',
      'https://[::1]/',
      'http://metadata.google.internal/',
      'http://redis/',
    ])
      expect((await send(transport, to)).outcome.kind).toBe('forbidden');
    expect(proxy.connections()).toBe(0);
    await transport.close?.();
  });

  it('a connection through it counts among all connections', async () => {
    const { port } = await receiver(answering(204));
    const proxy = await connectProxy();
    const transport = through(proxy, { maxConnections: 1 });
    for (const host of ['a.example', 'b.example', 'c.example']) {
      expect((await send(transport, `http://${host}:${port}/`)).outcome.kind).toBe('delivered');
      expect(proxy.open()).toBeLessThanOrEqual(2);
    }
  });
});

describe('a proxy that hangs', () => {
  const silent = () => connectProxy(() => {});
  const silentAfterwards = () => connectProxy((socket) => socket.write('HTTP/1.1 200 x\r\n\r\n'));

  it('is given up after connectTimeoutMs, at each of its steps', async () => {
    const outcomeAt = async (proxy: { readonly port: number }) =>
      (await send(through(proxy, { connectTimeoutMs: 50 }), 'https://customer.example/')).outcome;
    const unaccepting = await unacceptingPort();
    onTestFinished(unaccepting.close);
    expect(await outcomeAt(unaccepting)).toEqual({ kind: 'timed-out', reason: 'timed out connecting to the proxy' });
    expect(await outcomeAt(await silent())).toEqual({ kind: 'timed-out', reason: "timed out waiting for the proxy's answer" });
    const later = await silentAfterwards();
    expect(await outcomeAt(later)).toEqual({ kind: 'timed-out', reason: 'timed out in the TLS handshake' });
    await later.allClosed();
  });

  it.each([
    ["waiting for the proxy's answer", silent],
    ['in the TLS handshake', silentAfterwards],
  ])('the attempt timeout names the phase, and leaves nothing open: %s', async (phase, hanging) => {
    const proxy = await hanging();
    const clock = fakeClock();
    const transport = http({ proxy: { url: proxy.url } });
    const ringback = createRingback({ transports: [transport], pipeline: { retry: false }, clock });
    onTestFinished(async () => void (await ringback.close()));
    const failing = ringback.deliver({ to: 'https://customer.example/' }).catch((error: unknown) => error);
    while (proxy.asked.length === 0) await new Promise(setImmediate);
    // What the proxy has written must be read before the time is over.
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    await clock.advance(60_000);
    const error = await failing;
    expect(error).toBeInstanceOf(DeliveryError);
    expect((error as DeliveryError).outcome).toEqual({ kind: 'timed-out', reason: `no answer in time: ${phase}` });
    await proxy.allClosed();
  });

  it.each([silent, silentAfterwards])('an abort ends the wait for it, and then close does not hang', async (hanging) => {
    const proxy = await hanging();
    const transport = through(proxy);
    const controller = new AbortController();
    const sending = send(transport, 'https://customer.example/', controller.signal);
    while (proxy.asked.length === 0) await new Promise(setImmediate);
    controller.abort(new Error('no more'));
    await expect(sending).rejects.toThrow('no more');
    await proxy.allClosed();
    await transport.close();
  });
});

describe('proxy, as an option', () => {
  const url = 'http://proxy.internal:3128';

  it.each([
    ['no object', 'http://ringback:hidden@proxy.internal:3128'],
    ['no url', {}],
    ['another scheme', { url: 'socks5://proxy.internal' }],
    ['credentials in the URL', { url: 'http://ringback:hidden@proxy.internal' }],
    ['a path', { url: 'http://proxy.internal/hidden' }],
    ['a query', { url: 'http://proxy.internal/?hidden' }],
    ['half of the credentials', { url, password: 'hidden' }],
    ['a number for a password', { url, username: 'ringback', password: 5 }],
    ['a line break in the password', { url, username: 'ringback', password: 'hidden\r\nx-a: 1' }],
    ['a colon in the name', { url, username: 'hidden:too', password: 'hidden' }],
    ['a name that nobody reads', { url, user: 'hidden' }],
  ])('is refused with %s, and the message shows no secret', (_, proxy) => {
    expect(() => http({ proxy: proxy as never })).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.not.stringContaining('hidden') }),
    );
  });

  it('is refused beside resolveHost, which it leaves nothing to do', () => {
    expect(() => http({ proxy: { url }, resolveHost: async () => [] })).toThrow('resolveHost is not asked');
  });
});
