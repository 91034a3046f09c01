/** Callbacks by any fetch: the platform's, and one of your own around it: `node examples/fetch.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constant, createRingback, DeliveryError } from 'ringback';
import { type Fetch, fetchTransport } from 'ringback/fetch';

let requests = 0;
const receiver = createServer((_, response) => {
  requests++;
  if (requests === 1) response.writeHead(503).end();
  else response.writeHead(200).end('thank you');
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;
const to = `http://127.0.0.1:${port}/hooks`;

// Your own fetch may log, trace, sign for a gateway, or be a mock. It must pass the signal on: that is how an attempt ends in time.
const traced: Fetch = async (url, init) => {
  const response = await fetch(url, init);
  console.log(`${init.method} ${new URL(url).pathname}: ${response.status}`);
  return response;
};

// Loopback is refused unless it is allowed: a callback's address usually comes from a customer.
const ringback = createRingback({
  transports: [fetchTransport({ fetch: traced, allowPrivate: true })],
  pipeline: { retry: { maxAttempts: 4, backoff: constant({ delayMs: 10 }) } },
});
const receipt = await ringback.deliver({ to, type: 'invoice.paid', data: { id: 'in_42' } });
console.log(`answered: ${new TextDecoder().decode(receipt.response?.body)}`);
await ringback.close();

const careful = createRingback({ transports: [fetchTransport({ fetch: traced })] });
const error = await careful.deliver({ to, data: {} }).catch((thrown: unknown) => thrown);
if (error instanceof DeliveryError) console.log(`without allowPrivate: ${error.attempts[0]?.outcome}`);
await careful.close();
receiver.close();
