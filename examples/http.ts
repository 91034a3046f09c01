/** One callback over HTTP to a receiver that is busy at first: `node examples/http.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';

let requests = 0;
const receiver = createServer((_, response) => {
  requests++;
  if (requests === 1) response.writeHead(503, { 'retry-after': '1' }).end();
  else response.writeHead(200).end('thank you');
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

// Loopback is refused unless it is allowed: a callback's address usually comes from a customer.
const ringback = createRingback({ transports: [http({ allowPrivate: true })] });
const receipt = await ringback.deliver({
  to: `http://127.0.0.1:${port}/hooks`,
  type: 'invoice.paid',
  data: { id: 'in_42' },
});

for (const { attempt, outcome, status, waitMs } of receipt.attempts) {
  const wait = waitMs === undefined ? '' : `, then a wait of ${(waitMs / 1_000).toFixed(1)} s, as it asked for one second`;
  console.log(`attempt ${attempt}: ${outcome}, status ${status}${wait}`);
}
console.log(`answered: ${new TextDecoder().decode(receipt.response?.body)}`);

await ringback.close();
receiver.close();
