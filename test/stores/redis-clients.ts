import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { Claim } from '../../src/idempotency/store.js';
import type { RedisClient } from '../../src/stores/redis/index.js';
import { serviceUrl } from '../services.js';

export const LEASE_MS = 60_000;
export const TTL_MS = 60_000;

/** Where Redis answers, and what the names of this file's keys begin with. They all expire within a minute. */
export const url: string | undefined = await serviceUrl('redis');
export const prefix = `ringback-test:${randomUUID()}:`;

/** A connected client, and how to end it. */
export interface Connected<Client extends RedisClient = RedisClient> {
  readonly client: Client;
  close(): unknown;
}

export async function nodeRedis(options: object = {}): Promise<Connected> {
  const client = createClient({ url: url as string, ...options });
  client.on('error', () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

export function ioRedis(options: object = {}): Connected<Redis> {
  const client = new Redis(url as string, options);
  client.on('error', () => {});
  return { client, close: () => client.disconnect() };
}

/** Looks at what is there. `deleteAll` ends it. */
export const operator: Redis = new Redis(url ?? '', { lazyConnect: true });

export async function deleteAll(): Promise<void> {
  for await (const names of operator.scanStream({ match: `${prefix}*` })) if (names.length > 0) await operator.del(names);
  operator.disconnect();
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const request = (fingerprint = 'f', leaseMs = LEASE_MS) => ({ fingerprint, leaseMs });

export function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}
