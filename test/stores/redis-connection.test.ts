import { once } from 'node:events';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../../src/idempotency/store.js';
import { createRingback } from '../../src/index.js';
import { redisIdempotencyStore } from '../../src/stores/redis/index.js';
import { fakeClock, scriptedTransport } from '../../src/testing/index.js';
import { type LossyProxy, lossyProxy } from './lossy-proxy.js';
import {
  bytes,
  deleteAll,
  ioRedis,
  LEASE_MS,
  nodeRedis,
  operator,
  prefix,
  request,
  TTL_MS,
  tokenOf,
  url,
} from './redis-clients.js';

describe.skipIf(url === undefined)('when the connection to Redis breaks', () => {
  let proxy: LossyProxy;
  let proxied: { readonly url: string };
  beforeAll(async () => {
    proxy = await lossyProxy(url as string);
    const through = new URL(url as string);
    through.hostname = '127.0.0.1';
    through.port = String(proxy.port);
    proxied = { url: through.href };
  });
  afterAll(async () => {
    await deleteAll();
    await proxy.shut();
  });

  it('ioredis asks again for an answer that was lost, and gets the first one', async () => {
    const client = new Redis(proxied.url, { retryStrategy: () => 1 });
    client.on('error', () => {});
    const store = redisIdempotencyStore({ client, prefix });
    const losing = async <T>(operation: () => T | Promise<T>): Promise<T> => {
      await client.ping();
      const broken = once(client, 'close');
      proxy.loseNextAnswer();
      const [answer] = await Promise.all([operation(), broken]);
      return answer;
    };
    await store.claim('warm', request());
    const token = tokenOf(await losing(() => store.claim('lost', request('f1'))));
    expect(await store.claim('lost', request())).toMatchObject({ state: 'in-flight', fingerprint: 'f1' });
    expect(await losing(() => store.renew('lost', token, LEASE_MS))).toBe(true);
    expect(await losing(() => store.complete('lost', token, bytes('r'), TTL_MS))).toBe(true);
    expect(await store.renew('lost', token, LEASE_MS)).toBe(false);
    expect(await store.claim('lost', request())).toMatchObject({ state: 'completed', result: bytes('r') });
    client.disconnect();
  });

  it('node-redis fails, and a claim whose answer was lost holds the key for its lease and no longer', async () => {
    const client = createClient({ ...proxied, socket: { reconnectStrategy: 1 } });
    client.on('error', () => {});
    await client.connect();
    const store = redisIdempotencyStore({ client, prefix });
    await store.claim('warm node', request());
    proxy.loseNextAnswer();
    const error = await Promise.resolve(store.claim('unheard', request('f1'))).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'idempotency-store-failed', cause: expect.any(Error) });
    expect(await store.claim('unheard', request())).toMatchObject({ state: 'in-flight', fingerprint: 'f1' });
    expect(await operator.pttl(`${prefix}unheard`)).toBeGreaterThan(0);
    await operator.pexpire(`${prefix}unheard`, 1);
    await expect.poll(async () => (await store.claim('unheard', request())).state, { timeout: 20_000 }).toBe('claimed');
    client.destroy();
  });

  it('nothing is sent while Redis is away; a claim that gets through later is given back', async () => {
    const client = new Redis(proxied.url, { retryStrategy: () => 5, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await client.ping();
    const real = redisIdempotencyStore({ client, prefix });
    const released: unknown[] = [];
    const store: IdempotencyStore = {
      claim: (key, asked) => real.claim(key, asked),
      renew: (key, token, leaseMs) => real.renew(key, token, leaseMs),
      complete: (key, token, result, ttlMs) => real.complete(key, token, result, ttlMs),
      release: async (key, token) => {
        const isReleased = await real.release(key, token);
        released.push(isReleased);
        return isReleased;
      },
    };
    const clock = fakeClock();
    const transport = scriptedTransport();
    const ringback = createRingback({ transports: [transport], clock, idempotency: { store } });
    await proxy.shut();
    const delivery = ringback
      .deliver({ to: 'https://customer.example/hooks', data: {}, idempotencyKey: 'away' })
      .catch((thrown: unknown) => thrown);
    await clock.advance(10_000);
    expect(await delivery).toMatchObject({ code: 'idempotency-store-failed' });
    expect(transport.sentCount).toBe(0);
    expect(released).toEqual([]);
    await proxy.open();
    await expect.poll(() => released, { timeout: 20_000 }).toEqual([true]);
    expect(await operator.exists(`${prefix}away`)).toBe(0);
    await ringback.close();
    client.disconnect();
  });

  it.each([
    ['node-redis', () => nodeRedis()],
    ['ioredis', () => ioRedis()],
  ])('a closed client of %s: every operation fails closed, with the client’s error as cause', async (_, connect) => {
    const { client, close } = await connect();
    close();
    const store = redisIdempotencyStore({ client, prefix });
    const failures = {
      claim: () => store.claim('closed', request()),
      renew: () => store.renew('closed', 't', LEASE_MS),
      complete: () => store.complete('closed', 't', bytes('r'), TTL_MS),
      release: () => store.release('closed', 't'),
    };
    for (const [operation, run] of Object.entries(failures)) {
      await expect(Promise.resolve(run())).rejects.toMatchObject({
        code: 'idempotency-store-failed',
        message: `Redis could not ${operation} an idempotency key`,
        cause: expect.any(Error),
      });
    }
  });
});
