import { readFileSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { HttpOptions } from '../../../src/transports/http/index.js';
import { listen, loopback, type Receiver } from './receiver.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
export const key = fixture('localhost-key.pem');
export const cert = fixture('localhost-cert.pem');

/** A transport that speaks it, and trusts the receivers here. */
export const speaking = (options: HttpOptions = {}) => loopback({ http2: true, tls: { ca: cert }, ...options });

/** A receiver that reads each body, and then does what it is told to. */
export function http2Receiver(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<Receiver> {
  const server: Http2SecureServer = createSecureServer({ key, cert });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume().on('end', () => answer(stream, headers[':path'] as string));
  });
  return listen(server as never, 'https');
}

export const answers =
  (status: number, headers = {}, body = '') =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': status, ...headers });
    stream.end(body);
  };
