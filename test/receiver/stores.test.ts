import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../../src/index.js';
import { receiver } from '../../src/receiver/index.js';
import { postgresIdempotencyStore } from '../../src/stores/postgres/index.js';
import { redisIdempotencyStore } from '../../src/stores/redis/index.js';
import { sqliteIdempotencyStore } from '../../src/stores/sqlite/index.js';
import { serviceUrl } from '../services.js';
import { log, requestOf, scheme } from './sender.js';

const [redisUrl, postgresUrl] = await Promise.all([serviceUrl('redis'), serviceUrl('postgres')]);

/** Two receivers on one store, as two processes are. */
async function handlesOnce(store: IdempotencyStore): Promise<void> {
  let runs = 0;
  const logger = log();
  const make = (): ReturnType<typeof receiver> =>
    receiver({
      signature: scheme,
      store,
      logger,
      replay: true,
      onCallback: async () => {
        if (++runs === 1) throw new Error('the first run fails');
        await new Promise((resolve) => setImmediate(resolve));
        return new Response(new Uint8Array([0, 0x0a, 255]), { status: 201, headers: { 'x-run': String(runs) } });
      },
    });
  const receivers = [make(), make()];
  const request = await requestOf();
  const send = (index: number): Promise<Response> => (receivers[index % 2] as (typeof receivers)[0])(request.clone());

  expect((await send(0)).status).toBe(500);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index)));
  expect(answers.map(({ status }) => status).every((status) => status === 201 || status === 409)).toBe(true);
  expect(answers.some(({ status }) => status === 201)).toBe(true);
  const again = await send(1);
  expect([again.status, again.headers.get('x-run'), [...new Uint8Array(await again.arrayBuffer())]]).toEqual([
    201,
    '2',
    [0, 0x0a, 255],
  ]);
  expect((await receivers[1]?.(await requestOf({ body: 'other' })))?.status).toBe(422);
  expect(runs).toBe(2);
}

describe('two receivers on one store handle a callback once, after a first run that failed:', () => {
  it('SQLite', async () => {
    const database = new DatabaseSync(':memory:');
    await handlesOnce(sqliteIdempotencyStore({ database }));
    database.close();
  });

  it.skipIf(redisUrl === undefined)('Redis', async () => {
    const client = new Redis(redisUrl as string);
    const prefix = `test:${randomUUID()}:`;
    await handlesOnce(redisIdempotencyStore({ client, prefix }));
    const keys = await client.keys(`${prefix}*`);
    expect(keys).toHaveLength(1);
    await client.del(...keys);
    await client.quit();
  });

  it.skipIf(postgresUrl === undefined)('PostgreSQL', async () => {
    const pool = new pg.Pool({ connectionString: postgresUrl, max: 8 });
    const table = `receiver_${randomUUID().replaceAll('-', '')}`;
    await handlesOnce(postgresIdempotencyStore({ client: pool, table }));
    await pool.query(`DROP TABLE ${table}`);
    await pool.end();
  });
});
