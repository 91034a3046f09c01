/** One delivery of a callback, though two services ask for it, by a key in PostgreSQL: `node examples/postgres.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { postgresIdempotencyStore } from 'ringback/postgres';

let received = 0;
const receiver = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200).end(`number ${++received}`));
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

const url = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const client = new pg.Pool({ connectionString: url, statement_timeout: 5_000 });
// A table of its own, so that the example leaves nothing behind. Yours keeps its name: `ringback_idempotency` by default.
const table = `ringback_example_${crypto.randomUUID().replaceAll('-', '')}`;

// Two instances with nothing in common but the table: as two processes would be, or one before and after its restart.
const newInstance = () =>
  createRingback({
    transports: [http({ allowPrivate: true })],
    idempotency: { store: postgresIdempotencyStore({ client, table }), ttlMs: 3_600_000 },
  });
const callback = {
  to: `http://127.0.0.1:${port}/hooks`,
  type: 'invoice.paid',
  data: { id: 'in_42' },
  idempotencyKey: 'in_42-paid',
};

for (const name of ['first', 'second']) {
  const ringback = newInstance();
  const { deduplicated, response } = await ringback.deliver(callback);
  console.log(`the ${name} got "${new TextDecoder().decode(response?.body)}"${deduplicated ? ' from the table' : ''}`);
  await ringback.close();
}
console.log(`the receiver saw ${received} request`);

await client.query(`DROP TABLE ${table}`);
await client.end();
receiver.close();
