import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Claim, IdempotencyStore } from '../../src/idempotency/store.js';
import { type SqliteDatabase, sqliteIdempotencyStore } from '../../src/stores/sqlite/index.js';
import { fakeClock, idempotencyStoreConformance } from '../../src/testing/index.js';
import { agreesWithModel } from '../idempotency/store-model.js';

const folder = mkdtempSync(join(tmpdir(), 'ringback-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LEASE_MS = 60_000;
const TTL_MS = 86_400_000;
const ASKING = { fingerprint: 'f', leaseMs: LEASE_MS };

const opened: DatabaseSync[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) if (database.isOpen) database.close();
});

function open(file: string, timeout = 5_000): DatabaseSync {
  const database = new DatabaseSync(file === ':memory:' ? file : join(folder, file), { timeout });
  database.exec('PRAGMA journal_mode = WAL');
  opened.push(database);
  return database;
}

/** The store answers at once. */
const claim = (store: IdempotencyStore, key: string): Claim => store.claim(key, ASKING) as Claim;

function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}

const rowsIn = (database: DatabaseSync, table = 'ringback_idempotency'): unknown =>
  database.prepare(`SELECT count(*) AS count FROM "${table}"`).get()?.count;

it('a database that gives rows as arrays is refused at the first row, and nothing is taken for a fact', () => {
  const database = new DatabaseSync(join(folder, 'arrays.db'), { returnArrays: true } as never);
  opened.push(database);
  const store = sqliteIdempotencyStore({ database });
  claim(store, 'k');
  expect(() => claim(store, 'k')).toThrow(
    expect.objectContaining({
      code: 'idempotency-store-failed',
      cause: expect.objectContaining({ message: expect.stringContaining('is the database open with returnArrays?') }),
    }),
  );
});

describe('sqliteIdempotencyStore, two connections to one file', () => {
  const clock = fakeClock();
  idempotencyStoreConformance({
    describe,
    it,
    createStore: () => {
      const database = open('conformance.db');
      return { store: sqliteIdempotencyStore({ database, clock }), close: () => database.close() };
    },
    advance: (durationMs) => clock.advance(durationMs),
    createBrokenStore: () => {
      const database = open('conformance.db');
      const store = sqliteIdempotencyStore({ database, clock });
      database.close();
      return { store };
    },
  });
});

describe('sqliteIdempotencyStore', () => {
  it('agrees with a plain model, step by step, over random histories', async () => {
    const database = open(':memory:');
    let stores = 0;
    await agreesWithModel((clock) => sqliteIdempotencyStore({ database, clock, table: `history_${stores++}` }), 200);
  });

  it('survives a restart: what was completed is replayed, what was in flight is held', () => {
    const before = open('restart.db');
    const store = sqliteIdempotencyStore({ database: before });
    store.complete('done', tokenOf(claim(store, 'done')), Uint8Array.of(1, 2), TTL_MS);
    const token = tokenOf(claim(store, 'running'));
    before.close();
    const again = sqliteIdempotencyStore({ database: open('restart.db') });
    expect(claim(again, 'done')).toEqual({ state: 'completed', fingerprint: 'f', result: Uint8Array.of(1, 2) });
    expect(claim(again, 'running')).toMatchObject({ state: 'in-flight', fingerprint: 'f' });
    expect(again.complete('running', token, Uint8Array.of(3), TTL_MS)).toBe(true);
  });

  it('takes a locked database for a failure, and never for an answer', () => {
    const store = sqliteIdempotencyStore({ database: open('busy.db', 0) });
    const token = tokenOf(claim(store, 'held'));
    const other = open('busy.db', 0);
    other.exec('BEGIN IMMEDIATE');
    const failed = expect.objectContaining({
      code: 'idempotency-store-failed',
      cause: expect.objectContaining({ message: 'database is locked' }),
    });
    expect(() => store.claim('free', ASKING)).toThrow(failed);
    expect(() => store.renew('held', token, LEASE_MS)).toThrow(failed);
    expect(() => store.complete('held', token, new Uint8Array(0), TTL_MS)).toThrow(failed);
    expect(() => store.release('held', token)).toThrow(failed);
    expect(claim(store, 'held')).toMatchObject({ state: 'in-flight' });
    other.exec('ROLLBACK');
    expect(claim(store, 'free')).toMatchObject({ state: 'claimed' });
    expect(store.complete('held', token, new Uint8Array(0), TTL_MS)).toBe(true);
  });

  it('takes a full database for a failure', () => {
    const database = open('full.db');
    const store = sqliteIdempotencyStore({ database });
    const token = tokenOf(claim(store, 'k'));
    database.exec('PRAGMA max_page_count = 1');
    const complete = (): unknown => store.complete('k', token, new Uint8Array(100_000), TTL_MS);
    expect(complete).toThrow(expect.objectContaining({ code: 'idempotency-store-failed' }));
    expect(claim(store, 'k')).toMatchObject({ state: 'in-flight' });
    database.exec('PRAGMA max_page_count = 1000000');
    expect(complete()).toBe(true);
  });

  it('takes a commit that fails for a failure: a claim that is not on disk is not won', () => {
    const database = open(':memory:');
    const store = sqliteIdempotencyStore({ database });
    // A reference that is checked at the commit, after the statement itself went well.
    database.exec(`
      PRAGMA foreign_keys = ON;
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER orphan AFTER INSERT ON ringback_idempotency BEGIN INSERT INTO child VALUES (1); END;`);
    expect(() => store.claim('k', ASKING)).toThrow(expect.objectContaining({ code: 'idempotency-store-failed' }));
    database.exec('DROP TRIGGER orphan');
    expect(claim(store, 'k')).toMatchObject({ state: 'claimed' });
  });

  it('deletes expired rows in bounded steps, on the way of claims that win', async () => {
    const clock = fakeClock();
    const database = open(':memory:');
    const store = sqliteIdempotencyStore({ database, clock });
    for (let i = 0; i < 200; i++) claim(store, `old ${i}`);
    await clock.advance(LEASE_MS);
    claim(store, 'old 0');
    const counts = Array.from({ length: 160 }, (_, i) => {
      claim(store, `new ${i}`);
      return Number(rowsIn(database));
    });
    const steps = counts.map((count, i) => (counts[i - 1] ?? 200) + 1 - count);
    expect(Math.max(...steps)).toBe(32);
    expect(counts.at(-1)).toBe(161);
    for (const key of ['old 0', 'new 0']) expect(claim(store, key)).toMatchObject({ state: 'in-flight' });
  });

  it('does not lose a claim that is won because the deletion of others failed', async () => {
    const clock = fakeClock();
    const database = open(':memory:');
    claim(sqliteIdempotencyStore({ database, clock }), 'old');
    await clock.advance(LEASE_MS);
    database.exec("CREATE TRIGGER no_deletion BEFORE DELETE ON ringback_idempotency BEGIN SELECT raise(FAIL, 'no'); END");
    const store = sqliteIdempotencyStore({ database, clock });
    expect(claim(store, 'new')).toMatchObject({ state: 'claimed' });
    expect(rowsIn(database)).toBe(2);
    expect(() => store.release('new', 'x')).not.toThrow();
  });

  it('ends a lease by the wall clock that processes on one machine share, whole ms up', async () => {
    const clock = fakeClock({ startAtMs: 1_000 });
    const database = open(':memory:');
    const store = sqliteIdempotencyStore({ database, clock });
    store.claim('k', { fingerprint: 'f', leaseMs: 10.2 });
    expect(database.prepare('SELECT expires_at_ms FROM ringback_idempotency').get()).toMatchObject({ expires_at_ms: 1_011 });
    await clock.advance(10.5);
    expect(claim(store, 'k')).toMatchObject({ state: 'in-flight', retryAfterMs: 0.5 });
  });

  it('reads the integers of a driver that is set to give bigint', () => {
    const store = sqliteIdempotencyStore({ database: new DatabaseSync(':memory:', { readBigInts: true }) });
    const token = tokenOf(claim(store, 'k'));
    expect(claim(store, 'k')).toMatchObject({ state: 'in-flight', retryAfterMs: expect.any(Number) });
    expect(store.complete('k', token, Uint8Array.of(1), TTL_MS)).toBe(true);
    expect(claim(store, 'k')).toMatchObject({ state: 'completed' });
  });

  it('keeps two tables of one file apart, and creates each once', () => {
    const database = open(':memory:');
    const [one, other] = [
      sqliteIdempotencyStore({ database, table: 'one' }),
      sqliteIdempotencyStore({ database, table: 'Select' }),
    ];
    expect(claim(one, 'k')).toMatchObject({ state: 'claimed' });
    expect(claim(other, 'k')).toMatchObject({ state: 'claimed' });
    expect(claim(sqliteIdempotencyStore({ database, table: 'one' }), 'k')).toMatchObject({ state: 'in-flight' });
  });

  it.each([
    '',
    'a b',
    'a"; DROP TABLE x; --',
    '1st',
    'main.keys',
    'sqlite_keys',
    'SQLite_keys',
    'x'.repeat(64),
    'täbelle',
    7,
    null,
  ])('refuses the table name %j', (table) => {
    const database = open(':memory:');
    expect(() => sqliteIdempotencyStore({ database, table: table as string })).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining('table must be 1 to 63 letters, digits and _'),
      }),
    );
    expect(database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()).toEqual({ count: 0 });
  });

  it('refuses options that are none', () => {
    const database = open(':memory:');
    const make = (options: object) => () => sqliteIdempotencyStore(options as { database: SqliteDatabase });
    expect(make({ database, path: 'x' })).toThrow('sqliteIdempotencyStore has no option "path"; it has database, table, clock');
    expect(make({})).toThrow('database must be an object with exec(), prepare()');
    expect(make({ database, clock: {} })).toThrow('clock must be an object with now()');
  });

  it('says what failed where the table can’t be prepared', () => {
    const database = open(':memory:');
    database.exec('CREATE VIEW taken AS SELECT 1 AS key');
    expect(() => sqliteIdempotencyStore({ database, table: 'taken' })).toThrow(
      expect.objectContaining({ code: 'idempotency-store-failed', message: 'SQLite could not prepare the table taken' }),
    );
  });
});
