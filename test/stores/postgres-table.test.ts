import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { postgresIdempotencyStore } from '../../src/stores/postgres/index.js';
import { statementsFor } from '../../src/stores/postgres/statements.js';
import { serviceUrl } from '../services.js';
import { waitingStatement } from './waiting-statement.js';

const request = { fingerprint: 'f', leaseMs: 60_000 };
const url = await serviceUrl('postgres');

describe.skipIf(url === undefined)('the table of postgresIdempotencyStore', () => {
  const pools = [new pg.Pool({ connectionString: url ?? '' }), new pg.Pool({ connectionString: url ?? '' })] as const;
  const [pool, otherPool] = pools;
  const tables: string[] = [];

  function newTable(): string {
    const table = `ringback_test_${randomUUID().replaceAll('-', '')}`;
    tables.push(table);
    return table;
  }
  async function countRows(table: string): Promise<number> {
    return (await pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`)).rows[0]?.count ?? 0;
  }

  afterAll(async () => {
    for (const table of tables) await pool.query(`DROP TABLE IF EXISTS ${table}`);
    await Promise.all(pools.map((each) => each.end()));
  });

  describe('creating it', () => {
    it('is created on first use, also by 20 stores at once, with its index', async () => {
      const name = newTable();
      const stores = Array.from({ length: 20 }, (_, i) =>
        postgresIdempotencyStore({ client: i % 2 === 0 ? pool : otherPool, table: name }),
      );
      const claims = await Promise.all(stores.map((each) => each.claim('k', request)));
      expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
      const { rows } = await pool.query('SELECT indexdef FROM pg_indexes WHERE tablename = $1', [name]);
      expect(rows.map(({ indexdef }) => String(indexdef).replace(/.* USING /, '')).sort()).toEqual([
        'btree (expires_at)',
        'btree (key)',
      ]);
    });

    it('is left alone when another process creates it at the same moment', async () => {
      const name = newTable();
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query(statementsFor(name).createTable);
      const claim = postgresIdempotencyStore({ client: otherPool, table: name }).claim('k', request);
      await waitingStatement(pool, name);
      await client.query('COMMIT');
      client.release();
      expect((await claim).state).toBe('claimed');
    });

    it('may stand in a schema, and have capital letters', async () => {
      const schema = `Ringback_${randomUUID().slice(0, 8)}`;
      await pool.query(`CREATE SCHEMA "${schema}"`);
      const named = postgresIdempotencyStore({ client: pool, table: `${schema}.Keys` });
      expect((await named.claim('k', request)).state).toBe('claimed');
      expect(await countRows(`"${schema}"."Keys"`)).toBe(1);
      await pool.query(`DROP SCHEMA "${schema}" CASCADE`);
    });

    it('with createTable: false is left to your migrations: a missing one fails the operation', async () => {
      const name = newTable();
      const strict = postgresIdempotencyStore({ client: pool, table: name, createTable: false });
      await expect(strict.claim('k', request)).rejects.toMatchObject({
        code: 'idempotency-store-failed',
        cause: { code: '42P01' },
      });
      expect((await pool.query('SELECT to_regclass($1) AS found', [name])).rows).toEqual([{ found: null }]);
    });

    it.each([
      '',
      'a.b.c',
      '.a',
      'a.',
      '1a',
      'a-b',
      'a b',
      'a"b',
      'a;b',
      'é',
      'a'.repeat(64),
      'drop table x',
      "a'b",
      'a\n',
      7,
      null,
    ])('is refused under the name %j', (name) => {
      expect(() => postgresIdempotencyStore({ client: pool, table: name as string })).toThrow(
        expect.objectContaining({
          code: 'invalid-option',
          message: expect.stringMatching(/^table must be a table, or a schema/),
        }),
      );
    });
  });

  describe('pruning', () => {
    const fill = (name: string, rows: number, state: string): Promise<unknown> =>
      pool.query(
        `INSERT INTO ${name} (key, token, fingerprint, expires_at)
         SELECT '${state}' || i, 't', 'f', clock_timestamp() + ${state === 'expired' ? '-' : ''} interval '1 hour'
         FROM generate_series(1, $1::int) i`,
        [rows],
      );

    it('deletes what expired, 256 rows at the most before a claim, and nothing that lives', async () => {
      const name = newTable();
      await postgresIdempotencyStore({ client: pool, table: name }).release('any', 'any');
      await fill(name, 1_000, 'expired');
      await fill(name, 50, 'live');
      const fresh = postgresIdempotencyStore({ client: pool, table: name });
      await fresh.claim('k', request);
      expect(await countRows(name)).toBe(1_000 - 256 + 50 + 1);
      await fresh.claim('k', request);
      expect(await countRows(name)).toBe(1_000 - 256 + 50 + 1);
    });

    it('lets the table shrink while keys keep coming in', async () => {
      const name = newTable();
      const fresh = postgresIdempotencyStore({ client: pool, table: name });
      await fresh.claim('first', request);
      await fill(name, 1_000, 'expired');
      for (let i = 0; i < 160; i++) await fresh.claim(`k${i}`, request);
      expect(await countRows(name)).toBe(161);
    });

    it('passes over rows that others hold, instead of waiting for them', async () => {
      const name = newTable();
      await postgresIdempotencyStore({ client: pool, table: name }).release('any', 'any');
      await fill(name, 10, 'expired');
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query(`UPDATE ${name} SET expires_at = clock_timestamp() + interval '1 hour' WHERE key = 'expired1'`);
      await postgresIdempotencyStore({ client: otherPool, table: name }).claim('k', request);
      await client.query('COMMIT');
      client.release();
      const { rows } = await pool.query(`SELECT key FROM ${name} ORDER BY key`);
      expect(rows).toEqual([{ key: 'expired1' }, { key: 'k' }]);
    });

    it('finds what expired by the index', async () => {
      const name = newTable();
      const fresh = postgresIdempotencyStore({ client: pool, table: name });
      await fresh.release('any', 'any');
      await fill(name, 20_000, 'live');
      await fill(name, 300, 'expired');
      await pool.query(`ANALYZE ${name}`);
      const explained = await pool.query(`EXPLAIN ${statementsFor(name).prune.replace('$1', '256')}`);
      const plan = explained.rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain(`Index Scan using ${name}_expires_at_idx`);
      expect(plan).toContain('Index Cond: (expires_at <= statement_timestamp())');
      expect(plan).not.toContain('Seq Scan');
    });
  });
});

it('the page shows the table that the store creates', () => {
  const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');
  const page = readFileSync(new URL('../../docs/stores/postgres.md', import.meta.url), 'utf8');
  const created = /CREATE TABLE[\s\S]*\(expires_at\);/.exec(statementsFor('ringback_idempotency').createTable)?.[0];
  expect(inOneLine(page)).toContain(inOneLine(created as string));
});
