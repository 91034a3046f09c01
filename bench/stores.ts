/** How many idempotency keys a second a store claims and completes. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { createClient } from 'redis';
import { type IdempotencyStore, memoryIdempotencyStore } from 'ringback';
import { postgresIdempotencyStore } from 'ringback/postgres';
import { redisIdempotencyStore } from 'ringback/redis';
import { sqliteIdempotencyStore } from 'ringback/sqlite';
import { serviceUrl } from '../test/services.ts';
import type { Candidate } from './candidate.ts';
import { CPU, type Measure, PEAK_MEMORY, type Size } from './figures.ts';
import { type Given, type Plan, type Prepared, section } from './section.ts';

const MEMORY = 'memoryIdempotencyStore';
const SQLITE_NORMAL = 'sqliteIdempotencyStore, WAL, synchronous NORMAL';
const SQLITE_FULL = 'sqliteIdempotencyStore, WAL, synchronous FULL';
const REDIS = 'redisIdempotencyStore';
const POSTGRES = 'postgresIdempotencyStore';

const AT_ONCE = 32;
/** As long as a receipt with a small answer in it. */
const RESULT = new Uint8Array(300).fill(120);
const FINGERPRINT = 'f'.repeat(43);
/** What a run that breaks off leaves behind in Redis goes by itself. */
const TTL_MS = 60_000;

const PAIRS_A_SECOND: Measure = { name: 'rate', unit: 'keys claimed and completed a second', better: 'more' };

/** Few enough that a round over a database is short. */
const keysIn = ({ deliveriesPerRound }: Size): number => Math.ceil(deliveriesPerRound / 10);

/** Where the databases listen; a missing one was not found. */
interface Found {
  readonly redis?: string | undefined;
  readonly postgres?: string | undefined;
}

/** Claims and completes keys of its own, so many at once; each must be granted. */
function claiming(store: IdempotencyStore, keys: number, close: () => unknown): Candidate {
  const pair = async (): Promise<void> => {
    const key = randomUUID();
    const claim = await store.claim(key, { fingerprint: FINGERPRINT, leaseMs: TTL_MS });
    assert(claim.state === 'claimed');
    assert(await store.complete(key, claim.token, RESULT, TTL_MS));
  };
  const round = async () => {
    let left = keys;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await pair();
    };
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { sample: { [PAIRS_A_SECOND.name]: (keys * 1_000) / (performance.now() - startedAtMs) }, operations: keys };
  };
  const end = async () => {
    await close();
    return {};
  };
  return { round, end };
}

function sqlite(synchronous: 'NORMAL' | 'FULL', { size }: Given, divisor = 1): Candidate {
  const folder = mkdtempSync(`${tmpdir()}/ringback-bench-sqlite-`);
  const database = new DatabaseSync(`${folder}/keys.db`);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  return claiming(sqliteIdempotencyStore({ database }), Math.ceil(keysIn(size) / divisor), () => {
    database.close();
    rmSync(folder, { recursive: true });
  });
}

async function redis({ size, shared }: Given): Promise<Candidate> {
  const { redis: url } = JSON.parse(shared) as Found;
  const client = createClient({ url: url as string });
  await client.connect();
  const prefix = `ringback-bench:${randomUUID()}:`;
  return claiming(redisIdempotencyStore({ client, prefix }), keysIn(size), async () => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
    client.destroy();
  });
}

async function postgres({ size, shared }: Given): Promise<Candidate> {
  const { postgres: url } = JSON.parse(shared) as Found;
  const client = new pg.Pool({ connectionString: url as string });
  const table = `ringback_bench_${process.pid}`;
  return claiming(postgresIdempotencyStore({ client, table }), keysIn(size), async () => {
    await client.query(`DROP TABLE ${table}`);
    await client.end();
  });
}

/** A database that is not there is said in the remark. */
async function findDatabases(): Promise<Prepared> {
  const [redisUrl, postgresUrl] = [await serviceUrl('redis'), await serviceUrl('postgres')];
  const missing = [...(redisUrl === undefined ? [REDIS] : []), ...(postgresUrl === undefined ? [POSTGRES] : [])];
  const found: Found = { redis: redisUrl, postgres: postgresUrl };
  const remark = missing.length === 0 ? {} : { remark: `Not measured, as no server answered: ${missing.join(', ')}.` };
  return { shared: JSON.stringify(found), without: missing, ...remark };
}

const stores: Plan = {
  measures: [PAIRS_A_SECOND, CPU, PEAK_MEMORY],
  candidates: {
    [MEMORY]: ({ size }) => claiming(memoryIdempotencyStore(), keysIn(size), () => {}),
    [SQLITE_NORMAL]: (given) => sqlite('NORMAL', given),
    // Each of its two transactions waits for the disk.
    [SQLITE_FULL]: (given) => sqlite('FULL', given, 10),
    [REDIS]: redis,
    [POSTGRES]: postgres,
  },
  rounds: ({ rounds }) => Math.ceil(rounds / 6),
  prepare: findDatabases,
};

await section({ stores });
