export type { SqliteDatabase, SqliteStatement } from './database.js';
export { type SqliteIdempotencyStoreOptions, sqliteIdempotencyStore } from './sqlite-idempotency-store.js';
