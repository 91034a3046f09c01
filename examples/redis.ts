/** Two instances that share their idempotency keys in Redis, as two processes would: `REDIS_URL=… node examples/redis.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { createRingback, type Ringback } from 'ringback';
import { http } from 'ringback/http';
import { redisIdempotencyStore } from 'ringback/redis';

let requests = 0;
const receiver = createServer((_, response) => {
  requests++;
  response.writeHead(202).end('thank you');
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' });
client.on('error', (error) => console.error('redis:', error.message)); // it reconnects by itself
await client.connect();

// In a service the prefix is a fixed one, such as `billing:callbacks:`.
const prefix = `ringback-example:${crypto.randomUUID()}:`;
const startProcess = (): Ringback =>
  createRingback({
    transports: [http({ allowPrivate: true })],
    idempotency: { store: redisIdempotencyStore({ client, prefix }) },
  });
const [one, other] = [startProcess(), startProcess()];

const callback = { to: `http://127.0.0.1:${port}/hooks`, data: { id: 'in_42' }, idempotencyKey: 'in_42-paid' };
const receipts = await Promise.all([one.deliver(callback), other.deliver(callback)]);
console.log(`${receipts.length} receipts, ${requests} request`);
console.log(`deduplicated: ${receipts.filter(({ deduplicated }) => deduplicated).length}`);

const changed = { ...callback, data: { id: 'in_43' } };
await one.deliver(changed).catch((error) => console.log(`another payload: ${error.code}`));

await Promise.all([one.close(), other.close()]);
await client.del(`${prefix}in_42-paid`);
await client.close();
receiver.close();
