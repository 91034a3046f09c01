import { invalidOption } from '../../options.js';
import { type Prepared, prepared, type SqliteDatabase } from './database.js';

/** What the store runs, for one table. Each is a transaction by itself where the connection has none open. */
export interface Statements {
  /** key, fingerprint, token, end of the lease, now. Writes a row where the key is free or its record is over. */
  readonly claim: Prepared;
  /** key, now. The record that counts. */
  readonly find: Prepared;
  /** end of the lease; key, token, now. */
  readonly renew: Prepared;
  /** result, end of its time; key, token, now. */
  readonly complete: Prepared;
  /** key, token, now. A row where this token completed the key. */
  readonly findCompleted: Prepared;
  /** key, token, now. */
  readonly release: Prepared;
  /** now, rows at most. */
  readonly prune: Prepared;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const RULE = '1 to 63 letters, digits and _, with no digit first, and not beginning with sqlite_';

/** A table's name can't be bound as a parameter, so only plain names are taken. SQLite keeps those with its prefix for itself. */
export function checkTableName(table: string): void {
  if (typeof table !== 'string' || !NAME.test(table) || /^sqlite_/i.test(table)) throw invalidOption('table', RULE, table);
}

/** Makes the table where there is none. Keys are compared byte by byte; times are ms since the epoch. */
export function createTable(database: SqliteDatabase, table: string): void {
  database.exec(`
CREATE TABLE IF NOT EXISTS "${table}" (
  key TEXT PRIMARY KEY NOT NULL COLLATE BINARY,
  fingerprint TEXT NOT NULL,
  token TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  result BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS "${table}_expiry" ON "${table}" (expires_at_ms);`);
}

export function statementsFor(database: SqliteDatabase, table: string): Statements {
  const held = 'key = ? AND token = ? AND expires_at_ms > ?';
  return {
    claim: prepared(
      database,
      `INSERT INTO "${table}" (key, fingerprint, token, expires_at_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET fingerprint = excluded.fingerprint, token = excluded.token, expires_at_ms = excluded.expires_at_ms, result = NULL
WHERE expires_at_ms <= ?`,
    ),
    find: prepared(
      database,
      `SELECT fingerprint, expires_at_ms, result IS NOT NULL AS is_completed, result FROM "${table}"
WHERE key = ? AND expires_at_ms > ?`,
    ),
    renew: prepared(database, `UPDATE "${table}" SET expires_at_ms = ? WHERE ${held} AND result IS NULL`),
    // Bytes of no length are bound as NULL by node:sqlite, and NULL means in flight.
    complete: prepared(
      database,
      `UPDATE "${table}" SET result = coalesce(?, x''), expires_at_ms = ? WHERE ${held} AND result IS NULL`,
    ),
    findCompleted: prepared(database, `SELECT 1 FROM "${table}" WHERE ${held} AND result IS NOT NULL`),
    release: prepared(database, `DELETE FROM "${table}" WHERE ${held} AND result IS NULL`),
    prune: prepared(
      database,
      `DELETE FROM "${table}" WHERE rowid IN
(SELECT rowid FROM "${table}" WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
    ),
  };
}
