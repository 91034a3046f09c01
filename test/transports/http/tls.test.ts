import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { answering, listen, loopback, type Receiver, send } from './receiver.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const key = fixture('localhost-key.pem');
const cert = fixture('localhost-cert.pem');
const expired = fixture('expired-cert.pem');

const secure = (certificate: string, more: object = {}): Promise<Receiver> =>
  listen(createServer({ key, cert: certificate, ...more }, answering(204)), 'https');

describe('https', () => {
  it('delivers to a server whose authority is given, and uses its connection again', async () => {
    const { url, connections } = await secure(cert);
    const transport = loopback({ tls: { ca: cert } });
    for (let i = 0; i < 5; i++) expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('has failed where nobody vouches for the certificate', async () => {
    const { url } = await secure(cert);
    expect((await send(loopback(), url)).outcome).toEqual({ kind: 'failed', reason: 'certificate self-signed' });
  });

  it('has failed where the certificate has expired', async () => {
    const { url } = await secure(expired);
    expect((await send(loopback({ tls: { ca: expired } }), url)).outcome).toEqual({
      kind: 'failed',
      reason: 'certificate expired',
    });
  });

  it('has failed where the certificate is of another host', async () => {
    const { port } = await secure(cert);
    const { outcome } = await send(loopback({ tls: { ca: cert } }), `https://127.0.0.2:${port}/`);
    expect(outcome).toMatchObject({ kind: 'failed' });
  });

  it('has failed where the server speaks no TLS', async () => {
    const { port } = await listen((await import('node:http')).createServer(answering(204)));
    const { outcome } = await send(loopback(), `https://127.0.0.1:${port}/`);
    expect(outcome.kind).toBe('failed');
    expect(outcome.reason).not.toContain('127.0.0.1');
  });

  it('shows its certificate where it has one', async () => {
    const { url } = await secure(cert, { requestCert: true, rejectUnauthorized: true, ca: cert });
    expect((await send(loopback({ tls: { ca: cert, cert, key } }), url)).outcome.kind).toBe('delivered');
    expect((await send(loopback({ tls: { ca: cert } }), url)).outcome.kind).toBe('failed');
  });
});
