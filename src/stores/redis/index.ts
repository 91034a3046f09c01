export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { type RedisIdempotencyStoreOptions, redisIdempotencyStore } from './redis-idempotency-store.js';
