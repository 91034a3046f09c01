/** The receivers of the wide workload, a process of its own: every name under wide.test is one, as Node's server is by default. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

const pem = (name: string): string => readFileSync(new URL(`./fixtures/wildcard-${name}.pem`, import.meta.url), 'utf8');
const used = new WeakSet<TLSSocket>();

/** How the request's connection came to be: what a client saves is seen from here. */
function connectionOf({ socket }: IncomingMessage): string {
  const secure = socket as TLSSocket;
  if (used.has(secure)) return 'kept';
  used.add(secure);
  return secure.isSessionReused() ? 'resumed' : 'new';
}

const server = createServer({ key: pem('key'), cert: pem('cert') }, (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(204, { 'x-connection': connectionOf(request) }).end());
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
