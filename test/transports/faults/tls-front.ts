import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import { type Listening, listeningOn } from '../listening.js';

const fixture = (name: string): string => readFileSync(new URL(`../http/fixtures/${name}.pem`, import.meta.url), 'utf8');

const KEY: string = fixture('localhost-key');
export const CERTIFICATE: string = fixture('localhost-cert');
export const EXPIRED: string = fixture('expired-cert');
export const OF_ANOTHER_HOST: string = fixture('other-host-cert');
export const OF_AN_UNKNOWN_AUTHORITY: string = fixture('unknown-authority-cert');

/** What a TLS server shows: a certificate of the key above, and more. */
export interface Shown {
  readonly cert: string;
  readonly [option: string]: unknown;
}

export interface TlsFront extends Listening {
  /** From the next connection on. */
  show(shown: Shown): void;
}

/** Ends TLS in front of a server that speaks none. */
export async function tlsFront(targetPort: number, shown: Shown): Promise<TlsFront> {
  const server = createServer({ key: KEY, noDelay: true, ...shown }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.on('tlsClientError', () => {});
  return { ...(await listeningOn(server)), show: (next) => server.setSecureContext({ key: KEY, ...next }) };
}
