/** Both ends of a callback: it fails, is retried, arrives twice, and is handled once: `node examples/receiver.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, decorrelatedJitter, memoryIdempotencyStore } from 'ringback';
import { http } from 'ringback/http';
import { receiver, toNodeHandler } from 'ringback/receiver';
import { standardWebhooks } from 'ringback/signing';

const signature = standardWebhooks({ secrets: [`whsec_${randomBytes(32).toString('base64')}`] });

// The receiver. Its first run fails, as a database might.
let runs = 0;
const receive = receiver({
  signature,
  store: memoryIdempotencyStore(), // several processes share one of ringback/postgres, /redis or /sqlite
  onCallback: ({ id, json }) => {
    runs++;
    if (runs === 1) throw new Error('the database is restarting');
    console.log(`run ${runs} handles ${id}: ${JSON.stringify(json())}`);
  },
  logger: { debug: () => {}, info: () => {}, warn: () => {}, error: (_fields, message) => console.log(`logged: ${message}`) },
});
const server = createServer(toNodeHandler(receive));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

// The sender.
const ringback = createRingback({
  transports: [http({ allowPrivate: true })],
  signature,
  pipeline: { retry: { maxAttempts: 4, backoff: decorrelatedJitter({ baseMs: 10, capMs: 100 }) } },
});
const callback = { id: 'msg_in_42', to: `http://127.0.0.1:${port}/hooks`, data: { invoice: 'in_42' } };
const receipt = await ringback.deliver(callback);
console.log(`answers: ${receipt.attempts.map(({ status }) => status).join(', ')}`);

const again = await ringback.deliver(callback);
console.log(`sent again: ${again.response?.status}, after ${runs} runs as before`);

await ringback.close();
server.close();
