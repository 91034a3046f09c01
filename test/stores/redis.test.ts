import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim, IdempotencyStore } from '../../src/idempotency/store.js';
import { createRingback } from '../../src/index.js';
import { type RedisClient, redisIdempotencyStore } from '../../src/stores/redis/index.js';
import { CLAIM, COMPLETE } from '../../src/stores/redis/scripts.js';
import { fakeClock, idempotencyStoreConformance, scriptedTransport } from '../../src/testing/index.js';
import { serviceUrl } from '../services.js';
import { type LossyProxy, lossyProxy } from './lossy-proxy.js';

const LEASE_MS = 60_000;
const TTL_MS = 60_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = (fingerprint = 'f', leaseMs = LEASE_MS) => ({ fingerprint, leaseMs });

function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}

const url = await serviceUrl('redis');
const prefix = `ringback-test:${randomUUID()}:`;

/** A connected client, and how to end it. */
interface Connected<Client extends RedisClient = RedisClient> {
  readonly client: Client;
  close(): unknown;
}

async function nodeRedis(options: object = {}): Promise<Connected> {
  const client = createClient({ url: url as string, ...options });
  client.on('error', () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

function ioRedis(options: object = {}): Connected<Redis> {
  const client = new Redis(url as string, options);
  client.on('error', () => {});
  return { client, close: () => client.disconnect() };
}

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
  const operator = new Redis(url ?? '', { lazyConnect: true });
  beforeAll(() => operator.connect());
  afterAll(async () => {
    for await (const names of operator.scanStream({ match: `${prefix}*` })) if (names.length > 0) await operator.del(names);
    operator.disconnect();
  });

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

  describe('in Redis', () => {
    let node: Connected;
    let io: Connected<Redis>;
    let store: IdempotencyStore;
    beforeAll(async () => {
      node = await nodeRedis();
      io = ioRedis();
      store = redisIdempotencyStore({ client: node.client, prefix });
    });
    afterAll(() => {
      node.close();
      io.close();
    });

    it('both libraries read what the other wrote', async () => {
      const other = redisIdempotencyStore({ client: io.client, prefix });
      const token = tokenOf(await store.claim('both', request('f1')));
      expect(await other.renew('both', token, LEASE_MS)).toBe(true);
      expect(await other.complete('both', token, bytes('r'), TTL_MS)).toBe(true);
      expect(await store.claim('both', request())).toEqual({ state: 'completed', fingerprint: 'f1', result: bytes('r') });
    });

    it('keeps a record as the page says: one hash, whose expiry is the lease and then the result’s', async () => {
      const token = tokenOf(await store.claim('layout', request('f1', 30_000)));
      expect(await operator.hgetall(`${prefix}layout`)).toEqual({ token, fingerprint: 'f1' });
      expect(await operator.pttl(`${prefix}layout`)).toBeLessThanOrEqual(30_000);
      await store.complete('layout', token, bytes('done'), 50_000);
      const completed = await operator.hgetall(`${prefix}layout`);
      expect(completed).toEqual({ token, fingerprint: 'f1', result: 'ZG9uZQ==' });
      expect(await operator.pttl(`${prefix}layout`)).toBeGreaterThan(30_000);
    });

    it('keeps keys apart, whatever characters are in them', async () => {
      const odd = [
        'a',
        'a:b',
        'a\u0000b',
        'a\nb',
        'a\\nb',
        '"a"',
        'ä',
        'a\u0308',
        '',
        '{a}b',
        '*',
        '\ud800',
        '\udfff',
        '\ufffd',
        '😀',
      ];
      const keys = [...odd, 'x'.repeat(300), `${'x'.repeat(300)}y`, 'x'.repeat(10_000)].map((key) => `odd ${key}`);
      for (const key of keys) expect(await store.claim(key, request(key.slice(0, 9))), key).toMatchObject({ state: 'claimed' });
      for (const key of keys) expect(await store.claim(key, request())).toMatchObject({ state: 'in-flight' });
      expect(await operator.exists(`${prefix}odd a\\nb`, `${prefix}odd \\"a\\"`, `${prefix}odd 😀`)).toBe(3);
    });

    it('keeps stores of two prefixes apart', async () => {
      const other = redisIdempotencyStore({ client: node.client, prefix: `${prefix}other:` });
      expect(await store.claim('apart', request())).toMatchObject({ state: 'claimed' });
      expect(await other.claim('apart', request())).toMatchObject({ state: 'claimed' });
    });

    it('a lease is over by the clock of Redis, and then exactly one takes it over', async () => {
      const late = tokenOf(await store.claim('lease', request('f1', 40)));
      await expect.poll(() => operator.exists(`${prefix}lease`), { timeout: 20_000 }).toBe(0);
      expect(await store.renew('lease', late, LEASE_MS)).toBe(false);
      expect(await store.complete('lease', late, bytes('late'), TTL_MS)).toBe(false);
      expect(await store.release('lease', late)).toBe(false);
      const claims = await Promise.all(Array.from({ length: 20 }, () => store.claim('lease', request('f2'))));
      expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
      expect(await store.renew('lease', late, LEASE_MS)).toBe(false);
      expect(await store.complete('lease', late, bytes('late'), TTL_MS)).toBe(false);
      expect(await store.release('lease', late)).toBe(false);
      expect(await store.claim('lease', request())).toMatchObject({ state: 'in-flight', fingerprint: 'f2' });
    });

    it('a lease in its last millisecond is never in flight for nothing', async () => {
      for (let round = 0; round < 300; round++) {
        const key = `short ${round % 3}`;
        const claim = await store.claim(key, request('f', 1));
        if (claim.state === 'in-flight') expect(claim.retryAfterMs).toBeGreaterThan(0);
      }
    });

    it('a part of a millisecond counts as a whole one', async () => {
      const token = tokenOf(await store.claim('part', request('f', 29_999.5)));
      expect(await store.renew('part', token, 39_999.5)).toBe(true);
      expect(await store.complete('part', token, bytes('r'), 49_999.5)).toBe(true);
    });

    it('a record that lost its expiry, which nothing of ours does, holds nobody up', async () => {
      const token = tokenOf(await store.claim('persisted', request()));
      await operator.persist(`${prefix}persisted`);
      expect(await store.renew('persisted', token, LEASE_MS)).toBe(false);
      const second = tokenOf(await store.claim('persisted', request()));
      await store.complete('persisted', second, bytes('old'), TTL_MS);
      await operator.persist(`${prefix}persisted`);
      expect(await store.complete('persisted', second, bytes('again'), TTL_MS)).toBe(false);
      expect(await store.claim('persisted', request('f2'))).toMatchObject({ state: 'claimed' });
      expect(await store.claim('persisted', request())).toMatchObject({ state: 'in-flight', fingerprint: 'f2' });
    });

    it('a key of somebody else’s is an error, and stays', async () => {
      await operator.set(`${prefix}foreign`, 'precious', 'PX', 60_000);
      await expect(store.claim('foreign', request())).rejects.toMatchObject({ code: 'idempotency-store-failed' });
      await expect(store.release('foreign', 'token')).rejects.toMatchObject({ code: 'idempotency-store-failed' });
      expect(await operator.get(`${prefix}foreign`)).toBe('precious');
    });

    it('an operation is one script on one key, by its hash; by its text where Redis does not know it', async () => {
      const asked: unknown[][] = [];
      let knowsScript = false;
      const forgetful = {
        evalsha: (sha1: string, ...rest: [number, ...string[]]) => {
          asked.push(['evalsha', rest[0], rest[1]]);
          return io.client.evalsha(knowsScript ? sha1 : '0'.repeat(40), ...rest);
        },
        eval: (script: string, ...rest: [number, ...string[]]) => {
          asked.push(['eval', rest[0], rest[1]]);
          return io.client.eval(script, ...rest);
        },
      };
      const watched = redisIdempotencyStore({ client: forgetful, prefix });
      expect(await watched.release('forgotten', 'none')).toBe(false);
      expect(asked).toEqual(['evalsha', 'eval'].map((command) => [command, 1, `${prefix}forgotten`]));
      knowsScript = true;
      const token = tokenOf(await watched.claim('known', request()));
      await watched.renew('known', token, LEASE_MS);
      await watched.complete('known', token, bytes('r'), TTL_MS);
      await watched.release('known', token);
      expect(asked.slice(2)).toEqual(Array.from({ length: 4 }, () => ['evalsha', 1, `${prefix}known`]));
    });
  });

  describe('when the connection breaks', () => {
    let proxy: LossyProxy;
    let proxied: { readonly url: string };
    beforeAll(async () => {
      proxy = await lossyProxy(url as string);
      const through = new URL(url as string);
      through.hostname = '127.0.0.1';
      through.port = String(proxy.port);
      proxied = { url: through.href };
    });
    afterAll(() => proxy.shut());

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
