import { Buffer } from 'node:buffer';
import { RingbackError } from '../../errors.js';
import type { Claim, ClaimRequest, IdempotencyStore } from '../../idempotency/store.js';
import { checkNames, invalidOption } from '../../options.js';
import { randomId, systemRandom } from '../../random.js';
import { storedKey, wholeMs } from '../store-arguments.js';
import { type RedisClient, type RunScript, scriptRunner } from './client.js';
import { CLAIM, COMPLETE, RELEASE, RENEW, type Script } from './scripts.js';

/** Settings of {@link redisIdempotencyStore}. */
export interface RedisIdempotencyStoreOptions {
  /** A connected client of node-redis or ioredis, a cluster's too. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** What the name of every Redis key begins with. Default `ringback:idempotency:`. */
  readonly prefix?: string;
}

/**
 * Idempotency keys in Redis, for processes that share them. Use it where Redis is at hand and its durability is enough: a
 * failover to a replica that lags, or a Redis that evicts, can lose a claim, and then a callback goes out twice.
 *
 * Each operation is one Lua script on one key, so it holds in a cluster too. The clock of Redis decides when a lease is over;
 * Redis deletes what expired by itself. Needs Redis 5 or later, and `maxmemory-policy noeviction`.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a client that is neither; by the operations,
 *   `idempotency-store-failed` with the client's error as `cause`, and `invalid-option` for a duration out of range.
 * @example
 * ```ts
 * import { redisIdempotencyStore } from 'ringback/redis';
 * import { createClient } from 'redis';
 *
 * const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' });
 * client.on('error', (error) => console.error('redis', error));
 * await client.connect();
 *
 * const store = redisIdempotencyStore({ client, prefix: `example:${crypto.randomUUID()}:` });
 * const claim = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * if (claim.state === 'claimed') await store.complete('in_42-paid', claim.token, new Uint8Array([1]), 1_000);
 * const again = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * console.log(again.state); // prints completed
 * await client.close();
 * ```
 */
export function redisIdempotencyStore(options: RedisIdempotencyStoreOptions): IdempotencyStore {
  checkNames('redisIdempotencyStore', options, ['client', 'prefix']);
  const { client, prefix = 'ringback:idempotency:' } = options;
  if (typeof prefix !== 'string') throw invalidOption('prefix', 'a string', prefix);
  return new RedisIdempotencyStore(scriptRunner(client), prefix);
}

class RedisIdempotencyStore implements IdempotencyStore {
  readonly #runScript: RunScript;
  readonly #prefix: string;

  constructor(runScript: RunScript, prefix: string) {
    this.#runScript = runScript;
    this.#prefix = prefix;
  }

  async claim(key: string, { fingerprint, leaseMs }: ClaimRequest): Promise<Claim> {
    const token = randomId('claim_', systemRandom);
    const reply = await this.#run('claim', CLAIM, key, [token, fingerprint, String(wholeMs('leaseMs', leaseMs))]);
    // A client may be set to give Buffers, and numbers as text: `String` reads both.
    const [state, storedFingerprint, rest] = Array.isArray(reply) ? reply.map(String) : [];
    if (state === 'claimed') return { state, token };
    if (storedFingerprint !== undefined && rest !== undefined) {
      if (state === 'in-flight') return { state, fingerprint: storedFingerprint, retryAfterMs: Number(rest) };
      if (state === 'completed') {
        return { state, fingerprint: storedFingerprint, result: new Uint8Array(Buffer.from(rest, 'base64')) };
      }
    }
    throw storeFailed('claim', new TypeError('the client gave a reply that no script makes'));
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#write('renew', RENEW, key, [token, String(wholeMs('leaseMs', leaseMs))]);
  }

  async complete(key: string, token: string, result: Uint8Array, ttlMs: number): Promise<boolean> {
    const bytes = Buffer.from(result.buffer, result.byteOffset, result.byteLength);
    return this.#write('complete', COMPLETE, key, [token, bytes.toString('base64'), String(wholeMs('ttlMs', ttlMs))]);
  }

  async release(key: string, token: string): Promise<boolean> {
    return this.#write('release', RELEASE, key, [token]);
  }

  async #write(operation: string, script: Script, key: string, args: string[]): Promise<boolean> {
    const reply = String(await this.#run(operation, script, key, args));
    if (reply === '0' || reply === '1') return reply === '1';
    throw storeFailed(operation, new TypeError('the client gave a reply that no script makes'));
  }

  async #run(operation: string, script: Script, key: string, args: string[]): Promise<unknown> {
    try {
      return await this.#runScript(script, this.#prefix + storedKey(key), args);
    } catch (cause) {
      throw storeFailed(operation, cause);
    }
  }
}

function storeFailed(operation: string, cause: unknown): RingbackError {
  return new RingbackError('idempotency-store-failed', `Redis could not ${operation} an idempotency key`, { cause });
}
