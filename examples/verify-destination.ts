/** Customers register URLs: each is asked first, and the rate that it allows is kept: `node examples/verify-destination.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, DeliveryError, memoryIdempotencyStore } from 'ringback';
import { http, verifyDestination } from 'ringback/http';
import { receiver, toNodeHandler } from 'ringback/receiver';
import { standardWebhooks } from 'ringback/signing';

const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
const ORIGIN = 'events.example';
// Both ends of this example are on the loopback; leave these two out where callbacks go to customers.
const outbound = { allowPrivate: true, httpsOnly: false, headers: { 'WebHook-Request-Origin': ORIGIN } };

// The customer. Its receiver lets this origin send once in ten seconds.
const customer = createServer(
  toNodeHandler(
    receiver({
      signature,
      store: memoryIdempotencyStore(),
      onCallback: ({ id }) => console.log(`the customer has ${id}`),
      allowedOrigins: [ORIGIN],
      allowedRatePerMinute: 6,
    }),
  ),
);
await new Promise<void>((resolve) => customer.listen(0, '127.0.0.1', resolve));
const destination = `http://127.0.0.1:${(customer.address() as AddressInfo).port}`;

// Somebody who never asked for callbacks: a server that answers 200 to everything.
const stranger = createServer((_request, response) => response.writeHead(200).end('welcome'));
await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;

const rates = new Map<string, number>();

async function register(url: string): Promise<void> {
  const asked = { origin: ORIGIN, ratePerMinute: 600, challenge: true, signature, http: outbound };
  const { allowed, by, ratePerMinute, reason } = await verifyDestination(url, asked);
  console.log(allowed ? `allowed by ${by}, ${ratePerMinute} a minute` : `not allowed: ${reason}`);
  if (allowed && ratePerMinute !== undefined) rates.set(new URL(url).origin, ratePerMinute);
}

await register(`${elsewhere}/hooks`);
await register(`${destination}/hooks`);

const ringback = createRingback({
  transports: [http(outbound)],
  signature,
  pipeline: (key) => {
    const rate = rates.get(key);
    return rate === undefined
      ? {}
      : { rateLimiter: { limit: rate, intervalMs: 60_000, burst: Math.ceil(rate / 60), maxWaitMs: 0 } };
  },
});
await ringback.deliver({ to: `${destination}/hooks`, id: 'msg_1', data: { paid: true } });
const second = await ringback.deliver({ to: `${destination}/hooks`, id: 'msg_2' }).catch((error: unknown) => error);
if (second instanceof DeliveryError) console.log(`msg_2 at once: ${second.why}, ${second.outcome.reason}`);

await ringback.close();
customer.close();
stranger.close();
