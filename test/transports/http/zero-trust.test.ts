import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRingbackError } from '../../../src/errors.js';
import { constant, createRingback } from '../../../src/index.js';
import { type HttpOptions, type HttpTlsOptions, type HttpTransport, http } from '../../../src/transports/http/index.js';
import { answering, listen, type Receiver, send } from './receiver.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const key = fixture('localhost-key.pem');
const cert = fixture('localhost-cert.pem');

const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
const PIN = `sha256/${createHash('sha256').update(spki).digest('base64')}`;
const OTHER_PIN = `sha256/${'A'.repeat(43)}=`;

function trusting(tls: HttpTlsOptions = {}, options: HttpOptions = {}): HttpTransport {
  const transport = http({ allowPrivate: true, tls: { ca: cert, ...tls }, ...options });
  onTestFinished(async () => void (await transport.close?.()));
  return transport;
}

interface SecureReceiver extends Receiver {
  readonly requests: () => number;
}

async function secure(options: ServerOptions = {}): Promise<SecureReceiver> {
  let requests = 0;
  const server = createServer({ key, cert, ...options }, (request, response) => {
    requests++;
    answering(204)(request, response);
  });
  server.on('tlsClientError', () => {});
  return { ...(await listen(server, 'https')), requests: () => requests };
}

describe('SPKI pins per host', () => {
  it('let a host through that shows a key that was named for it', async () => {
    const { url } = await secure();
    const transport = trusting({ pins: { '127.0.0.1': [OTHER_PIN, PIN] } });
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
  });

  it('that name another key: has failed, with a reason that says so, and nothing was sent', async () => {
    const { url, requests, allClosed } = await secure();
    const { outcome } = await send(trusting({ pins: { '127.0.0.1': [OTHER_PIN] } }), url);
    expect(outcome).toEqual({ kind: 'failed', reason: 'pin mismatch: the host showed a key that tls.pins does not name' });
    expect(requests()).toBe(0);
    await allClosed();
  });

  it('a mismatch is retried, delivered once the pins are renewed, and leaves nothing open', async () => {
    const { url, requests, allClosed } = await secure();
    const transport = trusting({ pins: { '127.0.0.1': [OTHER_PIN] } });
    const retry = { maxAttempts: 3, backoff: constant({ delayMs: 5 }) };
    const ringback = createRingback({ transports: [transport], pipeline: { retry } });
    ringback.on('retry', () => transport.updateTls({ ca: cert, pins: { '127.0.0.1': [PIN] } }));
    const { attempts } = await ringback.deliver({ to: url });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'delivered']);
    expect(requests()).toBe(1);
    await ringback.close();
    await allClosed();
  });

  it('hold for every connection: no session is resumed, as it would show no certificate', async () => {
    const resumed: boolean[] = [];
    const server = createServer({ key, cert }, (request, response) => {
      resumed.push((request.socket as TLSSocket).isSessionReused());
      answering(204, { connection: 'close' })(request, response);
    });
    const { url } = await listen(server, 'https');
    const transport = trusting({ pins: { '127.0.0.1': [PIN] } });
    for (let i = 0; i < 4; i++) expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(resumed).toEqual([false, false, false, false]);
  });

  it('are asked beside the authorities, not in their place', async () => {
    const { url } = await secure();
    const transport = trusting({ pins: { '127.0.0.1': [PIN] } });
    transport.updateTls({ pins: { '127.0.0.1': [PIN] } });
    expect((await send(transport, url)).outcome).toEqual({ kind: 'failed', reason: 'certificate self-signed' });
  });

  it('of one host are no other host’s, and the root’s dot makes no other host', async () => {
    const { port } = await secure();
    const resolveHost = async (): Promise<readonly string[]> => ['127.0.0.1'];
    const transport = trusting({ pins: { localhost: [OTHER_PIN] } }, { resolveHost });
    expect((await send(transport, `https://127.0.0.1:${port}/`)).outcome.kind).toBe('delivered');
    for (const host of ['localhost', 'localhost.', 'LOCALHOST']) {
      expect((await send(transport, `https://${host}:${port}/`)).outcome.kind, host).toBe('failed');
    }
  });
});

describe('the TLS 1.2 floor', () => {
  it('refuses a host that speaks nothing newer than TLS 1.1', async () => {
    const ciphers = 'DEFAULT@SECLEVEL=0';
    const { url, requests } = await secure({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers });
    expect((await send(trusting(), url)).outcome.kind).toBe('failed');
    expect(requests()).toBe(0);
  });

  it('can be raised to TLS 1.3', async () => {
    const { url } = await secure({ maxVersion: 'TLSv1.2' });
    expect((await send(trusting(), url)).outcome.kind).toBe('delivered');
    expect((await send(trusting({ minVersion: 'TLSv1.3' }), url)).outcome.kind).toBe('failed');
    const newer = await secure();
    expect((await send(trusting({ minVersion: 'TLSv1.3' }), newer.url)).outcome.kind).toBe('delivered');
  });
});

describe('reload of certificates without a restart', () => {
  const CLIENT: HttpTlsOptions = { ca: cert, cert, key };
  const askingForOne: ServerOptions = { requestCert: true, rejectUnauthorized: true, ca: cert };

  it('new connections use the new ones', async () => {
    const { url } = await secure(askingForOne);
    const transport = trusting();
    expect((await send(transport, url)).outcome.kind).toBe('failed');
    transport.updateTls(CLIENT);
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    transport.updateTls({ ca: cert });
    expect((await send(transport, url)).outcome.kind).toBe('failed');
  });

  it('old connections are drained: what runs on them finishes, and what is idle closes at once', async () => {
    const answers: (() => void)[] = [];
    const arrived = Promise.withResolvers<void>();
    const sockets: TLSSocket[] = [];
    const server = createServer({ key, cert }, (request, response) => {
      sockets.push(request.socket as TLSSocket);
      if (request.url === '/now') response.writeHead(204).end();
      else {
        answers.push(() => response.writeHead(204).end());
        arrived.resolve();
      }
    });
    const { url } = await listen(server, 'https');
    const transport = trusting();
    const held = send(transport, `${url}/held`);
    await arrived.promise;
    await send(transport, `${url}/now`);
    const closed = new Promise((resolve) => sockets[1]?.once('close', resolve));
    transport.updateTls({ ca: cert });
    await closed;
    await send(transport, `${url}/now`);
    expect(new Set(sockets).size).toBe(3);
    answers[0]?.();
    expect((await held).outcome.kind).toBe('delivered');
  });

  it('that is refused leaves all as it was', async () => {
    const { url } = await secure(askingForOne);
    const transport = trusting(CLIENT);
    expect(() => transport.updateTls({ ca: cert, cert: 'no PEM', key })).toThrow('tls.cert');
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
  });
});

describe('what is wrong with the settings is told when http() is built, without showing it', () => {
  const canary = 'canary';
  const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

  it.each<[string, unknown]>([
    ['a certificate that is none', { cert: canary, key }],
    ['a key that is none', { cert, key: `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----` }],
    ['a certificate without its key', { cert }],
    ['a key without its certificate', { key }],
    ['an authority that is none', { ca: canary }],
    ['a damaged authority', { ca: [cert, pem(canary)] }],
    ['an empty list of authorities', { ca: '' }],
    ['an old version', { minVersion: 'TLSv1.1' }],
    ['pins in a list', { pins: [PIN] }],
    ['no pins for a host', { pins: { 'customer.example': [] } }],
    ['a pin of another form', { pins: { 'customer.example': [`sha1/${canary}`] } }],
    ['a host in another form', { pins: { 'Customer.example': [PIN] } }],
    ['a host with a port', { pins: { 'customer.example:8443': [PIN] } }],
    ['an unknown name', { rejectUnauthorized: false }],
  ])('%s', (_, tls) => {
    let thrown: unknown;
    try {
      http({ tls: tls as HttpTlsOptions });
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect((thrown as Error).message).toMatch(/tls/);
    expect((thrown as Error).message).not.toContain(canary);
  });

  it('a key of another certificate', () => {
    const wrong = {
      cert: fixture('unknown-authority-cert.pem'),
      key: key.replace(/\n(.)/, (_, c) => `\n${c === 'A' ? 'B' : 'A'}`),
    };
    expect(() => http({ tls: wrong })).toThrow('tls.cert');
  });
});
