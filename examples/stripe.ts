/** Signing in Stripe's dialect, for a receiver that verifies with Stripe's library: `node examples/stripe.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { stripe } from 'ringback/signing';
import Stripe from 'stripe';

const newSecret = (): string => `whsec_${randomBytes(32).toString('hex')}`;
const [oldSecret, secret] = [newSecret(), newSecret()];

// The receiver still has the old secret. It knows the event's own id, by which it would deduplicate.
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const header = request.headers['stripe-signature'] ?? '';
    const event = Stripe.webhooks.constructEvent(Buffer.concat(chunks), header, oldSecret);
    console.log(`the receiver verified ${event.type} ${event.id}`);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

// Both secrets sign while they are changed, so a receiver with either of them takes the callback.
const ringback = createRingback({
  transports: [http({ allowPrivate: true })],
  signature: stripe({ secrets: [secret, oldSecret] }),
});
const event = { id: 'evt_42', object: 'event', type: 'invoice.paid', data: { object: { id: 'in_42' } } };
const receipt = await ringback.deliver({
  to: `http://127.0.0.1:${port}/hooks`,
  body: JSON.stringify(event),
  headers: { 'content-type': 'application/json' },
});
console.log(`and answered ${receipt.response?.status}`);

await ringback.close();
receiver.close();
