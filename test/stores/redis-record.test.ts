import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../../src/idempotency/store.js';
import { redisIdempotencyStore } from '../../src/stores/redis/index.js';
import {
  bytes,
  type Connected,
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

describe.skipIf(url === undefined)('a record in Redis', () => {
  let node: Connected;
  let io: Connected<Redis>;
  let store: IdempotencyStore;
  beforeAll(async () => {
    node = await nodeRedis();
    io = ioRedis();
    store = redisIdempotencyStore({ client: node.client, prefix });
  });
  afterAll(async () => {
    await deleteAll();
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
