/**
 * One of several processes that race: it opens a store of its own on what all share, says that it is ready, and does what its parent
 * asks. Started by `startRacer`; it imports the built package, as a service would.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim, ClaimRequest, IdempotencyStore } from 'ringback';
import type { Ask, RacerCalls, SharedStore, Told } from './racer.js';

const ASK_AGAIN_MS = 20;
const MAX_CLAIMS = 2_000;
/** Of each process; together they stay well under what a server allows. */
const MAX_CONNECTIONS = 4;
/** How long SQLite waits for another process's commit. */
const BUSY_MS = 20_000;

/** How each opens what all share; what none needs is not loaded. Nothing is closed: the parent ends the process. */
const OPENERS: Readonly<Record<SharedStore['kind'], (shared: SharedStore, index: number) => Promise<IdempotencyStore>>> = {
  // Both libraries race against each other.
  redis: async ({ location, name }, index) => {
    const [{ createClient }, { Redis }] = await Promise.all([import('redis'), import('ioredis')]);
    const client = index % 2 === 0 ? createClient({ url: location }) : new Redis(location, { lazyConnect: true });
    await client.connect();
    const { redisIdempotencyStore } = await import('ringback/redis');
    return redisIdempotencyStore({ client, prefix: `${name}:` });
  },
  postgres: async ({ location, name }) => {
    const { default: pg } = await import('pg');
    const client = new pg.Pool({ connectionString: location, max: MAX_CONNECTIONS });
    const { postgresIdempotencyStore } = await import('ringback/postgres');
    return postgresIdempotencyStore({ client, table: name });
  },
  sqlite: async ({ location, name }) => {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(location, { timeout: BUSY_MS });
    database.exec('PRAGMA journal_mode = WAL');
    const { sqliteIdempotencyStore } = await import('ringback/sqlite');
    return sqliteIdempotencyStore({ database, table: name });
  },
};

async function claimWhenFree(store: IdempotencyStore, key: string, request: ClaimRequest): Promise<Claim> {
  for (let claims = 0; claims < MAX_CLAIMS; claims++) {
    const claim = await store.claim(key, request);
    if (claim.state !== 'in-flight') return claim;
    await sleep(Math.min(claim.retryAfterMs, ASK_AGAIN_MS));
  }
  throw new Error(`still in flight after ${MAX_CLAIMS} claims`);
}

function callsOf(store: IdempotencyStore): RacerCalls {
  return {
    claim: async (key, request) => store.claim(key, request),
    claimAll: (keys, request) => Promise.all(keys.map(async (key) => (await store.claim(key, request)).state)),
    claimWhenFree: (key, request) => claimWhenFree(store, key, request),
    renew: async (key, token, leaseMs) => store.renew(key, token, leaseMs),
    complete: async (key, token, result, ttlMs) => store.complete(key, token, result, ttlMs),
    release: async (key, token) => store.release(key, token),
  };
}

const tell = (told: Told): void => {
  process.send?.(told);
};

const [shared, index] = JSON.parse(process.argv[2] ?? '') as [SharedStore, number];
const calls = callsOf(await OPENERS[shared.kind](shared, index));
process.on('message', ({ id, call, args }: Ask) => {
  const run = calls[call] as (...args: readonly unknown[]) => Promise<unknown>;
  run(...args).then(
    (answer) => tell({ id, answer }),
    (error: unknown) => tell({ id, error: String(error) }),
  );
});
// A parent that is gone can end nobody.
process.on('disconnect', () => process.exit());
tell({ id: 0 });
