/** Where callbacks may go: your own receivers by name, strangers' on public addresses only. `node examples/outbound-safety.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, DeliveryError } from 'ringback';
import { http } from 'ringback/http';

const receiver = createServer((_, response) => response.writeHead(204).end());
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

// Leave this out in your service: the system's resolver is the default. Here it makes the names of a network that is not there.
const network = new Map([
  ['hooks.internal.example', ['127.0.0.1']],
  ['admin.internal.example', ['127.0.0.1']],
  ['customer.example', ['10.0.0.5']],
]);

const ringback = createRingback({
  transports: [
    http({
      // Your own receivers may live in the private network. Nothing else may, whatever its name resolves to.
      allow: [`*.internal.example:${port}`],
      deny: ['admin.internal.example'],
      ports: [80, 443],
      resolveHost: async (name) => network.get(name) ?? [],
    }),
  ],
});

const destinations = [
  `http://hooks.internal.example:${port}/paid`,
  `http://admin.internal.example:${port}/users`,
  'https://customer.example/hooks',
  'https://customer.example:6379/',
  'http://169.254.169.254/latest/meta-data/',
];
for (const to of destinations) {
  try {
    const receipt = await ringback.deliver({ to, type: 'invoice.paid', data: { id: 'in_42' } });
    console.log(`${to}\n  answered ${receipt.response?.status}`);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const [attempt] = error.attempts;
    console.log(`${to}\n  ${attempt?.outcome}: ${attempt?.reason}`);
  }
}

await ringback.close();
receiver.close();
