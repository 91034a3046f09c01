/** A partner's own dialect, written down once for both ends: `node examples/hmac.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, isRingbackError } from 'ringback';
import { http } from 'ringback/http';
import { hmac } from 'ringback/signing';

const partner = hmac({
  secrets: [randomBytes(32)],
  header: 'x-partner-signature',
  format: 'v1={signature}',
  separator: ',',
  timestampHeader: 'x-partner-timestamp',
  idHeader: 'x-partner-id',
  signed: ({ timestamp, id, method, path, body }) => [`${timestamp}\n${id}\n${method}\n${path}\n`, body],
});

const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { headers, method, url } = request;
  try {
    const { id } = await partner.verify({ headers, method, url, body: Buffer.concat(chunks), nowMs: Date.now() });
    console.log(`${method} ${url}: ${id} is genuine`);
    response.writeHead(204).end();
  } catch (error) {
    if (isRingbackError(error)) console.log(`${method} ${url}: ${error.message}`);
    response.writeHead(401).end();
  }
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

const ringback = createRingback({ transports: [http({ allowPrivate: true })], signature: partner });
await ringback.deliver({ to: `http://127.0.0.1:${port}/refunds?order=42`, id: 'msg_42', data: { cents: 990 } });
await ringback.close();

// A genuine message, sent on by somebody else to another path: the path is signed, so it does not verify there.
const body = new TextEncoder().encode('{"cents":990}');
const to = `http://127.0.0.1:${port}/refunds?order=42`;
const headers = await partner.sign({ id: 'msg_42', timestampMs: Date.now(), to, method: 'POST', headers: {}, body });
await fetch(to.replace('order=42', 'order=43'), { method: 'POST', headers, body });
receiver.close();
