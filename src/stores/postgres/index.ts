export type { PostgresClient } from './client.js';
export { type PostgresIdempotencyStoreOptions, postgresIdempotencyStore } from './postgres-idempotency-store.js';
