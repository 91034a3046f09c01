/** Signing by Standard Webhooks, and what the receiver does with it: `node examples/signing.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { Webhook } from 'standardwebhooks';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const [oldSecret, secret] = [newSecret(), newSecret()];

// The receiver still has the old secret; it verifies with the reference library, on the raw body.
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    new Webhook(oldSecret).verify(Buffer.concat(chunks), request.headers as Record<string, string>);
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

// Both secrets sign while they are rotated, so a receiver with either of them takes the callback.
const ringback = createRingback({
  transports: [http({ allowPrivate: true })],
  signature: standardWebhooks({ secrets: [secret, oldSecret] }),
});
const receipt = await ringback.deliver({ to: `http://127.0.0.1:${port}/hooks`, type: 'invoice.paid', data: { id: 'in_42' } });
console.log(`the receiver verified it and answered ${receipt.response?.status}`);

await ringback.close();
receiver.close();
