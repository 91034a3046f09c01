import { randomUUID } from 'node:crypto';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import type * as neon from '@neondatabase/serverless';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { Claim, IdempotencyStore } from '../../src/idempotency/store.js';
import { createRingback } from '../../src/index.js';
import { type PostgresClient, postgresIdempotencyStore } from '../../src/stores/postgres/index.js';
import { statementsFor } from '../../src/stores/postgres/statements.js';
import { idempotencyStoreConformance, scriptedTransport } from '../../src/testing/index.js';
import { serviceUrl } from '../services.js';
import { lossyProxy } from './lossy-proxy.js';
import { waitingStatement } from './waiting-statement.js';

const LEASE_MS = 60_000;
const TTL_MS = 60_000;
const request = (fingerprint = 'f', leaseMs = LEASE_MS) => ({ fingerprint, leaseMs });
const randomTable = (): string => `ringback_test_${randomUUID().replaceAll('-', '')}`;

function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}

/** A client, and what goes through it. */
function watched(client: PostgresClient) {
  const texts: string[] = [];
  const query: PostgresClient['query'] = (text, values) => {
    texts.push(text);
    return client.query(text, values);
  };
  return { client: { query }, texts };
}

/** Ends the lease of a key, or the time of its result, without waiting for it. */
const expire = (client: PostgresClient, table: string, key: string): Promise<unknown> =>
  client.query(`UPDATE ${table} SET expires_at = clock_timestamp() - interval '1 microsecond' WHERE key = $1`, [key]);

const url = await serviceUrl('postgres');

describe('postgresIdempotencyStore over PGlite', () => {
  const table = randomTable();
  let client: PGlite;
  beforeAll(async () => {
    client = await PGlite.create();
  });
  afterAll(() => client.close());

  idempotencyStoreConformance({
    describe,
    // PGlite runs in this process and by its clock: a client whose clock is wrong is a server whose clock is wrong.
    it: (name, body) => (name.startsWith('goes by one clock') ? undefined : it(name, body)),
    createStore: () => ({ store: postgresIdempotencyStore({ client, table }) }),
    createBrokenStore: () => ({ store: postgresIdempotencyStore({ client, table: 'nowhere.nothing' }) }),
  });
});

describe.skipIf(url === undefined)('postgresIdempotencyStore over pg', () => {
  const table = randomTable();
  const pools = [newPool(), newPool()] as const;
  const [pool, otherPool] = pools;
  const store = postgresIdempotencyStore({ client: pool, table });
  const otherStore = postgresIdempotencyStore({ client: otherPool, table });

  function newPool(options: pg.PoolConfig = {}): pg.Pool {
    return new pg.Pool({ connectionString: url ?? '', max: 10, ...options });
  }
  /** Runs work in a transaction that is rolled back unless the work ends it. */
  async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await work(client);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }
  beforeAll(async () => {
    await store.release('any', 'any');
  });
  afterAll(async () => {
    await pool.query(`DROP TABLE ${table}`);
    await Promise.all(pools.map((each) => each.end()));
  });

  let opened = 0;
  idempotencyStoreConformance({
    describe,
    it,
    // Two pools at once: what two processes of a service have.
    createStore: () => ({ store: opened++ % 2 === 0 ? store : otherStore }),
    createBrokenStore: () => {
      const lost = new pg.Pool({ host: '127.0.0.1', port: 1 });
      return { store: postgresIdempotencyStore({ client: lost, table }), close: () => lost.end() };
    },
  });

  describe('who gets a key', () => {
    it('50 claims at once over 20 connections have one winner, and all others are told who holds it', async () => {
      for (let round = 0; round < 10; round++) {
        const key = randomUUID();
        const claims = await Promise.all(
          Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? store : otherStore).claim(key, request(`f${i}`))),
        );
        const winners = claims.flatMap((claim, i) => (claim.state === 'claimed' ? [`f${i}`] : []));
        expect(winners).toHaveLength(1);
        const others = claims.filter((claim) => claim.state !== 'claimed');
        expect(others).toHaveLength(49);
        for (const claim of others) expect(claim).toMatchObject({ state: 'in-flight', fingerprint: winners[0] });
      }
    });

    it('an ended lease is taken over by exactly one of 50, and the late owner writes nothing', async () => {
      const key = randomUUID();
      const late = tokenOf(await store.claim(key, request()));
      await expire(pool, table, key);
      const claims = await Promise.all(
        Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? store : otherStore).claim(key, request())),
      );
      const [winner, ...more] = claims.filter((claim) => claim.state === 'claimed');
      expect(more).toEqual([]);
      const token = tokenOf(winner as Claim);
      expect(await store.renew(key, late, LEASE_MS)).toBe(false);
      expect(await store.complete(key, late, Uint8Array.of(9), TTL_MS)).toBe(false);
      expect(await store.release(key, late)).toBe(false);
      expect(await otherStore.complete(key, token, Uint8Array.of(1), TTL_MS)).toBe(true);
    });

    it('claims and releases of a key, 200 at once, never let two hold it', async () => {
      const key = randomUUID();
      let holders = 0;
      let held = 0;
      const work = async (each: IdempotencyStore): Promise<void> => {
        const claim = await each.claim(key, request());
        if (claim.state !== 'claimed') return;
        held++;
        expect(++holders).toBe(1);
        holders--;
        expect(await each.release(key, claim.token)).toBe(true);
      };
      await Promise.all(Array.from({ length: 200 }, (_, i) => work(i % 2 === 0 ? store : otherStore)));
      expect(held).toBeGreaterThan(0);
    });

    it('a claim that waited for another’s transaction sees what that one left: its completion', async () => {
      const key = randomUUID();
      await inTransaction(async (client) => {
        const inside = postgresIdempotencyStore({ client, table });
        const token = tokenOf(await inside.claim(key, request('first')));
        const waiting = otherStore.claim(key, request('second'));
        await waitingStatement(otherPool, table);
        expect(await inside.complete(key, token, Uint8Array.of(7), TTL_MS)).toBe(true);
        await client.query('COMMIT');
        expect(await waiting).toEqual({ state: 'completed', fingerprint: 'first', result: Uint8Array.of(7) });
      });
    });

    it('a claim that waited for a transaction that is rolled back wins', async () => {
      const key = randomUUID();
      await inTransaction(async (client) => {
        const inside = postgresIdempotencyStore({ client, table });
        tokenOf(await inside.claim(key, request('first')));
        const waiting = otherStore.claim(key, request('second'));
        await waitingStatement(otherPool, table);
        await client.query('ROLLBACK');
        expect(await waiting).toMatchObject({ state: 'claimed' });
      });
    });

    it('in a transaction that began long ago, the clock that runs decides, not now()', async () => {
      const key = randomUUID();
      await inTransaction(async (client) => {
        const inside = postgresIdempotencyStore({ client, table });
        // A store's first claim prunes, and would leave nothing to judge.
        await inside.claim(randomUUID(), request());
        const token = tokenOf(await otherStore.claim(key, request()));
        // Over for the clock, and still ahead of this transaction's now().
        await otherPool.query(`UPDATE ${table} SET expires_at = clock_timestamp() WHERE key = $1`, [key]);
        expect(await inside.renew(key, token, LEASE_MS)).toBe(false);
        expect(await inside.claim(key, request())).toMatchObject({ state: 'claimed' });
      });
    });

    it('under a stricter isolation there is one winner too, and a loser that can’t be told fails', async () => {
      const strict = newPool({ options: '-c default_transaction_isolation=serializable' });
      const strictStore = postgresIdempotencyStore({ client: strict, table });
      for (let round = 0; round < 5; round++) {
        const key = randomUUID();
        const ends = await Promise.allSettled(Array.from({ length: 20 }, () => strictStore.claim(key, request())));
        const states = ends.map((end) => (end.status === 'fulfilled' ? end.value.state : end.reason.code));
        expect(states.filter((state) => state === 'claimed')).toHaveLength(1);
        expect(states.filter((state) => !['claimed', 'in-flight', 'idempotency-store-failed'].includes(state))).toEqual([]);
        const causes = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.cause.code] : []));
        expect(causes.filter((code) => code !== '40001')).toEqual([]);
      }
      await strict.end();
    });

    it('each statement may go over another connection, as behind PgBouncer, and leaves nothing in its session', async () => {
      const left: unknown[] = [];
      const client: PostgresClient = {
        query: async (text, values) => {
          const connection = new pg.Client({ connectionString: url ?? '' });
          await connection.connect();
          try {
            return await connection.query(text, values);
          } finally {
            const { rows } = await connection.query(`SELECT name FROM pg_prepared_statements
              UNION ALL SELECT name FROM pg_settings WHERE source = 'session'
              UNION ALL SELECT locktype FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`);
            left.push(...rows);
            await connection.end();
          }
        },
      };
      const hopping = postgresIdempotencyStore({ client, table });
      const key = randomUUID();
      const token = tokenOf(await hopping.claim(key, request()));
      expect(await hopping.renew(key, token, LEASE_MS)).toBe(true);
      expect(await hopping.complete(key, token, Uint8Array.of(1), TTL_MS)).toBe(true);
      expect((await hopping.claim(key, request())).state).toBe('completed');
      expect(left).toEqual([]);
    });

    it('a claim that takes over an expired result leaves nothing of it', async () => {
      const key = randomUUID();
      await store.complete(key, tokenOf(await store.claim(key, request('old'))), Uint8Array.of(1), TTL_MS);
      await expire(pool, table, key);
      // By the statement itself: a store that pruned first would find no record.
      const { rows } = await pool.query(statementsFor(table).claim, [key, 'next', 'new', LEASE_MS]);
      expect(rows).toEqual([expect.objectContaining({ state: 'claimed' })]);
      expect(await otherStore.claim(key, request('third'))).toMatchObject({ state: 'in-flight', fingerprint: 'new' });
      expect(await otherStore.renew(key, 'next', LEASE_MS)).toBe(true);
    });

    it('a claim that finds a record whose time ran out meanwhile is sent again', async () => {
      const rows = [{ state: 'completed', fingerprint: 'f', remaining: '0', result: '' }, { state: 'claimed' }];
      const client: PostgresClient = {
        query: async (text) => ({ rows: text.includes('ON CONFLICT') ? [rows.shift()] : [] }),
      };
      expect(await postgresIdempotencyStore({ client }).claim('k', request())).toMatchObject({ state: 'claimed' });
    });

    it('is sent again, a bounded number of times, when the key changes hands while it runs', async () => {
      let sent = 0;
      const client: PostgresClient = {
        query: async (text) => {
          if (text.includes('ON CONFLICT')) sent++;
          return { rows: [] };
        },
      };
      const error = await Promise.resolve(postgresIdempotencyStore({ client }).claim('k', request())).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'idempotency-store-failed' });
      expect(sent).toBe(16);
    });
  });

  it('keeps results byte for byte, whatever the client makes of bytea, numbers and times', async () => {
    const TEXT_OID = 25;
    const types = { getTypeParser: (oid: number) => (oid === TEXT_OID ? String : () => 'what the user likes') };
    const odd = newPool({ types });
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const result of [new Uint8Array(0), bytes, bytes.subarray(3, 10), new Uint8Array(3_000_000).map((_, i) => i * 31)]) {
      for (const client of [odd, pool]) {
        const own = postgresIdempotencyStore({ client, table });
        const key = randomUUID();
        const token = tokenOf(await own.claim(key, request()));
        expect(await own.complete(key, token, result, Number.MAX_SAFE_INTEGER)).toBe(true);
        const again = (await own.claim(key, request())) as Extract<Claim, { state: 'completed' }>;
        expect(again.result.constructor).toBe(Uint8Array);
        expect(Buffer.compare(again.result, result)).toBe(0);
      }
    }
    await odd.end();
  });

  describe('round trips', () => {
    it('an operation takes one; each 32nd claim of a store, from its first on, one more to prune', async () => {
      const seen = watched(pool);
      const fresh = postgresIdempotencyStore({ client: seen.client, table });
      const counts: number[] = [];
      for (let i = 0; i < 34; i++) {
        const before = seen.texts.length;
        await fresh.claim(randomUUID(), request());
        counts.push(seen.texts.length - before);
      }
      expect(counts.flatMap((count, i) => (count === 1 ? [] : [[i, count]]))).toEqual([
        [0, 2],
        [32, 2],
      ]);
      const key = randomUUID();
      const token = tokenOf(await fresh.claim(key, request()));
      const before = seen.texts.length;
      await fresh.claim(key, request());
      await fresh.renew(key, token, LEASE_MS);
      await fresh.complete(key, token, Uint8Array.of(1), TTL_MS);
      await fresh.claim(key, request());
      await fresh.release(key, token);
      expect(seen.texts.length - before).toBe(5);
    });
  });

  describe('when something breaks', () => {
    it('an error says neither key nor values, and has the driver’s error as its cause', async () => {
      const strict = postgresIdempotencyStore({ client: pool, table: 'nowhere.nothing' });
      const secret = 'key-of-a-customer';
      const operations: readonly (() => unknown)[] = [
        () => strict.claim(secret, request(secret)),
        () => strict.renew(secret, secret, LEASE_MS),
        () => strict.complete(secret, secret, Buffer.from(secret), TTL_MS),
        () => strict.release(secret, secret),
      ];
      for (const operate of operations) {
        const error = (await Promise.resolve()
          .then(operate)
          .catch((e: unknown) => e)) as Error;
        expect(error).toMatchObject({ code: 'idempotency-store-failed', cause: { code: '3F000' } });
        expect(`${error.message} ${(error.cause as Error).message}`).not.toContain(secret);
      }
    });

    it('a statement that runs into statement_timeout throws, and the key is not taken', async () => {
      const key = randomUUID();
      const hasty = newPool({ statement_timeout: 100 });
      const impatient = postgresIdempotencyStore({ client: hasty, table });
      await impatient.release('any', 'any');
      await inTransaction(async (client) => {
        const inside = postgresIdempotencyStore({ client, table });
        tokenOf(await inside.claim(key, request()));
        await expect(impatient.claim(key, request())).rejects.toMatchObject({
          code: 'idempotency-store-failed',
          cause: { code: '57014' },
        });
      });
      await hasty.end();
      expect(await store.claim(key, request())).toMatchObject({ state: 'claimed' });
    });

    it('a claim whose answer is lost throws, and holds the key until its lease ends', async () => {
      const key = randomUUID();
      const proxy = await lossyProxy(url as string);
      const through = new URL(url as string);
      through.host = `127.0.0.1:${proxy.port}`;
      const losing = newPool({ connectionString: through.href, max: 1 });
      losing.on('error', () => {});
      const far = postgresIdempotencyStore({ client: losing, table });
      await far.claim(randomUUID(), request());
      proxy.loseNextAnswer();
      await expect(far.claim(key, request('lost'))).rejects.toMatchObject({ code: 'idempotency-store-failed' });
      expect(await store.claim(key, request())).toMatchObject({ state: 'in-flight', fingerprint: 'lost' });
      await expire(pool, table, key);
      expect(await store.claim(key, request())).toMatchObject({ state: 'claimed' });

      const again = randomUUID();
      const token = tokenOf(await far.claim(again, request()));
      proxy.loseNextAnswer();
      await expect(far.complete(again, token, Uint8Array.of(5), TTL_MS)).rejects.toMatchObject({
        code: 'idempotency-store-failed',
      });
      expect(await far.complete(again, token, Uint8Array.of(5), TTL_MS)).toBe(true);
      expect(await store.claim(again, request())).toMatchObject({ state: 'completed', result: Uint8Array.of(5) });
      await losing.end();
      await proxy.shut();
    });

    it.each([
      ['no rows', {}],
      ['an array instead of an object', []],
      ['a row of something else', { rows: [{ a: 1 }] }],
      ['a row that is null', { rows: [null] }],
      ['a state without its fingerprint', { rows: [{ state: 'in-flight', fingerprint: null, remaining: '5', result: null }] }],
      ['a state that there is not', { rows: [{ state: 'else', fingerprint: 'f', remaining: '5', result: null }] }],
    ])('a client that gives %s fails the claim', async (_, answer) => {
      const client = { query: async () => answer } as unknown as PostgresClient;
      const error = await Promise.resolve(postgresIdempotencyStore({ client }).claim('k', request())).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'idempotency-store-failed', cause: expect.any(TypeError) });
    });

    it('a ringback whose store fails sends nothing', async () => {
      const transport = scriptedTransport();
      const broken = postgresIdempotencyStore({ client: pool, table: 'nowhere.nothing' });
      const ringback = createRingback({ transports: [transport], idempotency: { store: broken } });
      const callback = { to: 'https://customer.example/hooks', idempotencyKey: 'in_42-paid' };
      await expect(ringback.deliver(callback)).rejects.toMatchObject({ code: 'idempotency-store-failed' });
      expect(transport.sentCount).toBe(0);
      await ringback.close();
    });
  });

  it('what one ringback delivered, another one replays', async () => {
    const transport = scriptedTransport();
    const callback = { to: 'https://customer.example/hooks', data: { id: 'in_42' }, idempotencyKey: randomUUID() };
    const receipts: unknown[] = [];
    for (const each of [store, otherStore]) {
      const ringback = createRingback({ transports: [transport], idempotency: { store: each } });
      const { id, deduplicated } = await ringback.deliver(callback);
      receipts.push([id, deduplicated]);
      await ringback.close();
    }
    expect(transport.sentCount).toBe(1);
    expect(receipts).toEqual([
      [expect.any(String), false],
      [(receipts[0] as string[])[0], true],
    ]);
  });
});

describe('the client of postgresIdempotencyStore', () => {
  it('may be one of pg, of Neon, a PGlite, or an object with query', () => {
    expectTypeOf<pg.Pool>().toExtend<PostgresClient>();
    expectTypeOf<pg.Client>().toExtend<PostgresClient>();
    expectTypeOf<pg.PoolClient>().toExtend<PostgresClient>();
    expectTypeOf<neon.Pool>().toExtend<PostgresClient>();
    expectTypeOf<neon.Client>().toExtend<PostgresClient>();
    expectTypeOf<neon.PoolClient>().toExtend<PostgresClient>();
    expectTypeOf<neon.NeonQueryFunction<false, true>>().toExtend<PostgresClient>();
    expectTypeOf<PGlite>().toExtend<PostgresClient>();
    expectTypeOf<Transaction>().toExtend<PostgresClient>();
    expectTypeOf<{ query(text: string, values: unknown[]): Promise<{ rows: object[] }> }>().toExtend<PostgresClient>();
    expectTypeOf<{ query(text: string): Promise<object[]> }>().not.toExtend<PostgresClient>();
  });
});

describe('the options of postgresIdempotencyStore', () => {
  const client: PostgresClient = { query: async () => ({ rows: [] }) };

  it.each([
    [{ client, tabel: 'x' }, 'postgresIdempotencyStore has no option "tabel"; it has client, table, createTable'],
    [{}, 'client must be an object with query(), got undefined (undefined)'],
    [{ client: 'postgres://me:secret@host/db' }, 'client must be an object with query(), got a string of 28 characters'],
    [{ client, createTable: 1 }, 'createTable must be true or false, got 1 (number)'],
  ])('are checked when it is made: %#', (options, message) => {
    expect(() => postgresIdempotencyStore(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message }),
    );
  });
});
