/** A URL that answers one question, once: `node examples/callback-urls.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRingbackError, memoryIdempotencyStore, type RingbackErrorCode } from 'ringback';
import { callbackUrls } from 'ringback/signing';

// In production: secrets from your secret store, and a store that survives a restart.
const urls = callbackUrls({ secrets: [randomBytes(32)], store: memoryIdempotencyStore() });

const STATUS: Partial<Record<RingbackErrorCode, number>> = {
  'invalid-signature': 403,
  'stale-signature': 410,
  'already-redeemed': 410,
  'idempotency-store-failed': 503,
};

let origin = '';
const server = createServer(async (request, response) => {
  try {
    // The origin is the one that we made the URL with, not what the Host header says, nor a target such as `//other.example/`.
    const { to } = await urls.redeem(origin + request.url, { purpose: 'approve' });
    console.log(`approved: ${new URL(to).pathname}`);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead((isRingbackError(error) ? STATUS[error.code] : undefined) ?? 500).end();
  }
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const url = urls.create({ to: `${origin}/invoices/in_42`, purpose: 'approve', expiresInMs: 900_000 });

// Ten come at once; one is let in.
const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(url, { method: 'POST' })));
const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
console.log(`${count(204)} redeemed it, ${count(410)} came too late`);

const changed = await fetch(url.replace('in_42', 'in_43'), { method: 'POST' });
console.log(`for another invoice: ${changed.status}`);

server.close();
server.closeAllConnections();
