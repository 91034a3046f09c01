import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, it } from 'vitest';
import { sqliteIdempotencyStore } from '../../src/stores/sqlite/index.js';
import { fakeClock, idempotencyStoreConformance } from '../../src/testing/index.js';

const folder = mkdtempSync(join(tmpdir(), 'ringback-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, file), { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL');
  return database;
}

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
