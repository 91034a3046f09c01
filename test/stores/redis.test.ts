import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../../src/idempotency/store.js';
import { type RedisClient, redisIdempotencyStore } from '../../src/stores/redis/index.js';
import { CLAIM, COMPLETE } from '../../src/stores/redis/scripts.js';
import { idempotencyStoreConformance } from '../../src/testing/index.js';
import {
  bytes,
  type Connected,
  deleteAll,
  ioRedis,
  LEASE_MS,
  nodeRedis,
  prefix,
  request,
  TTL_MS,
  tokenOf,
  url,
} from './redis-clients.js';

/** Every way in which the two libraries give replies. */
const CLIENTS: Readonly<Record<string, () => Promise<Connected> | Connected>> = {
  'node-redis, RESP3': () => nodeRedis({ RESP: 3 }),
  'node-redis, RESP2': () => nodeRedis({ RESP: 2 }),
  'node-redis that gives Buffers, and numbers as text': () =>
    nodeRedis({ commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } } }),
  'a pool of node-redis': async () => {
    const pool = createClientPool({ url: url as string });
    await pool.connect();
    return { client: pool, close: () => pool.destroy() };
  },
  'ioredis, RESP3': () => ioRedis({ protocol: 3, replyMapping: 'resp3' }),
  'ioredis, RESP2': () => ioRedis({ protocol: 2 }),
  'ioredis with a prefix of its own, batching by itself': () => ioRedis({ keyPrefix: prefix, enableAutoPipelining: true }),
};

describe.skipIf(url === undefined)('redisIdempotencyStore', () => {
  afterAll(deleteAll);

  describe.each([
    ['node-redis', nodeRedis],
    ['ioredis', ioRedis],
  ])('with %s', (_, connect) => {
    const open = async (): Promise<{ store: IdempotencyStore; close(): unknown }> => {
      const { client, close } = await connect();
      return { store: redisIdempotencyStore({ client, prefix }), close };
    };
    idempotencyStoreConformance({
      describe,
      it,
      createStore: open,
      createBrokenStore: async () => {
        const { store, close } = await open();
        close();
        return { store };
      },
    });
  });

  describe.each(Object.entries(CLIENTS))('with %s', (name, connect) => {
    let connected: Connected;
    let store: IdempotencyStore;
    beforeAll(async () => {
      connected = await connect();
      store = redisIdempotencyStore({ client: connected.client, prefix: `${prefix}${name}:` });
    });
    afterAll(() => connected.close());

    it('goes through all states of a key', async () => {
      const token = tokenOf(await store.claim('k', request('f1')));
      const other = await store.claim('k', request('f2'));
      expect(other).toEqual({ state: 'in-flight', fingerprint: 'f1', retryAfterMs: expect.any(Number) });
      expect(await store.renew('k', token, LEASE_MS)).toBe(true);
      expect(await store.release('k', token)).toBe(true);
      const second = tokenOf(await store.claim('k', request('f2')));
      expect(await store.complete('k', token, bytes('late'), TTL_MS)).toBe(false);
      expect(await store.complete('k', second, bytes('mine'), TTL_MS)).toBe(true);
      expect(await store.claim('k', request('f3'))).toEqual({ state: 'completed', fingerprint: 'f2', result: bytes('mine') });
    });

    it.each([
      ['empty', new Uint8Array(0)],
      ['every byte', Uint8Array.from({ length: 256 }, (_, i) => i)],
      ['a part of a buffer', Buffer.from('xxresultxx').subarray(2, 8)],
      ['large', new Uint8Array(1_000_000).fill(0xfe)],
    ])('gives the result back byte for byte: %s', async (key, result) => {
      await store.complete(key, tokenOf(await store.claim(key, request())), result, TTL_MS);
      const again = await store.claim(key, request());
      if (again.state !== 'completed') throw new Error(`it is ${again.state}`);
      expect(again.result.constructor).toBe(Uint8Array);
      expect(Buffer.compare(again.result, result)).toBe(0);
    });

    it('lets one of many claims at once win', async () => {
      const claims = await Promise.all(Array.from({ length: 50 }, () => store.claim('many', request())));
      expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
    });
  });
});

describe('redisIdempotencyStore, before Redis is asked', () => {
  const silent = { eval: async () => 'nonsense', evalsha: async () => 'nonsense' };

  it('takes what both libraries make, clusters and sentinels too', () => {
    const rootNodes = [{ url: 'redis://127.0.0.1:1' }];
    const clients: RedisClient[] = [
      createClient(),
      createClientPool(),
      createCluster({ rootNodes }),
      createSentinel({ name: 'primary', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
      new Redis({ lazyConnect: true }),
      new Cluster([{ port: 1 }], { lazyConnect: true }),
    ];
    for (const client of clients) expect(() => redisIdempotencyStore({ client })).not.toThrow();
  });

  it.each([
    [{ client: silent, ttlMs: 1 }, 'redisIdempotencyStore has no option "ttlMs"; it has client, prefix'],
    [{ client: silent, prefix: 5 }, 'prefix must be a string, got 5 (number)'],
    [{}, 'client must be an object with eval(), got undefined (undefined)'],
    [{ client: 'redis://:pw@h' }, 'client must be an object with eval(), got a string of 13 characters'],
    [{ client: { eval: silent.eval } }, 'client must be a client of node-redis or ioredis, got [object Object] (object)'],
  ])('%o is refused when it is built', (options, message) => {
    expect(() => redisIdempotencyStore(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option', message }));
  });

  it.each([CLAIM, COMPLETE])('a Redis that is full refuses: the first write of script %# is one that needs memory', ({ lua }) => {
    const commands = [...lua.matchAll(/redis\.call\('(\w+)'/g)].map(([, command]) => command);
    expect(commands.find((command) => !['HGET', 'HMGET', 'HEXISTS', 'PTTL'].includes(command ?? ''))).toBe('HSET');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, undefined as never])(
    'a lease or a lifetime of %s is refused before anything changes',
    async (ms) => {
      const store = redisIdempotencyStore({ client: silent });
      const refused = expect.objectContaining({ code: 'invalid-option' });
      await expect(Promise.resolve(store.claim('k', { fingerprint: 'f', leaseMs: ms }))).rejects.toEqual(refused);
      await expect(Promise.resolve(store.renew('k', 't', ms))).rejects.toEqual(refused);
      await expect(Promise.resolve(store.complete('k', 't', bytes('r'), ms))).rejects.toEqual(refused);
    },
  );

  it.each([['nonsense'], [['in-flight']], [['later', 'f', '1']], [[]], [undefined], [7]])(
    'a reply that no script makes is a failure, not an answer: %o',
    async (reply) => {
      const store = redisIdempotencyStore({ client: { eval: async () => reply, evalsha: async () => reply } });
      const failed = { code: 'idempotency-store-failed', cause: expect.any(TypeError) };
      await expect(Promise.resolve(store.claim('k', request()))).rejects.toMatchObject(failed);
      await expect(Promise.resolve(store.release('k', 't'))).rejects.toMatchObject(failed);
    },
  );
});
