import { type Clock, systemClock } from '../../clock.js';
import { RingbackError } from '../../errors.js';
import type { Claim, ClaimRequest, IdempotencyStore } from '../../idempotency/store.js';
import { checkNames, contractOption } from '../../options.js';
import { randomId, systemRandom } from '../../random.js';
import { storedKey, wholeMs } from '../store-arguments.js';
import type { SqliteDatabase } from './database.js';
import { checkTableName, createTable, type Statements, statementsFor } from './statements.js';

/** Settings of {@link sqliteIdempotencyStore}. */
export interface SqliteIdempotencyStoreOptions {
  /** An open `DatabaseSync` of node:sqlite, or a `Database` of better-sqlite3. It stays yours: the store never closes it. */
  readonly database: SqliteDatabase;
  /** Default `ringback_idempotency`. It is created where it is missing. */
  readonly table?: string;
  /** Its wall clock decides leases, as processes on one machine share that. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** A store prunes at its first claim that wins, and then at each of this count. */
const CLAIMS_A_PRUNING = 16;
/** Expired rows that one pruning deletes at most: twice what comes in meanwhile. */
const ROWS_A_PRUNING = 32;
/** How often a claim looks again. It does so only when the key changed hands between its two statements. */
const MAX_CLAIMS = 16;

/**
 * Idempotency keys in a file of SQLite: the store to use where one machine delivers and a repetition after a restart would do
 * harm. It needs no server. Processes on that machine may share the file; a file on a network drive won't do.
 *
 * Open the connection with `timeout` and switch the write-ahead log on, as below; then claims of several processes wait for one
 * another, where they would fail. Give the store a connection of its own: a claim inside an open transaction of yours would be
 * seen by nobody before its commit, and gone with its rollback. Needs SQLite 3.37, which any node:sqlite has.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a wrong one, and by the operations for a duration out of range;
 *   `idempotency-store-failed`, with SQLite's error as `cause`, when the table can't be created, and by the operations.
 * @example
 * ```ts
 * import { DatabaseSync } from 'node:sqlite';
 * import { sqliteIdempotencyStore } from 'ringback/sqlite';
 *
 * const database = new DatabaseSync('idempotency.db', { timeout: 5_000 });
 * database.exec('PRAGMA journal_mode = WAL');
 *
 * const store = sqliteIdempotencyStore({ database });
 * const claim = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * if (claim.state === 'claimed') await store.complete('in_42-paid', claim.token, new Uint8Array([1]), 86_400_000);
 * const again = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * console.log(again.state); // completed
 * database.close();
 * ```
 */
export function sqliteIdempotencyStore(options: SqliteIdempotencyStoreOptions): IdempotencyStore {
  checkNames('sqliteIdempotencyStore', options, ['database', 'table', 'clock']);
  const database = contractOption('database', options.database, ['exec', 'prepare']);
  const { table = 'ringback_idempotency' } = options;
  checkTableName(table);
  const clock = contractOption('clock', options.clock ?? systemClock, ['now']);
  const statements = orFailed(`prepare the table ${table}`, () => {
    createTable(database, table);
    return statementsFor(database, table);
  });
  return new SqliteIdempotencyStore(statements, clock);
}

class SqliteIdempotencyStore implements IdempotencyStore {
  readonly #statements: Statements;
  readonly #clock: Pick<Clock, 'now'>;
  #won = 0;

  constructor(statements: Statements, clock: Pick<Clock, 'now'>) {
    this.#statements = statements;
    this.#clock = clock;
  }

  claim(key: string, { fingerprint, leaseMs }: ClaimRequest): Claim {
    const durationMs = wholeMs('leaseMs', leaseMs);
    return orFailed('claim a key', () => {
      for (let attempt = 0; attempt < MAX_CLAIMS; attempt++) {
        const claim = this.#read(key) ?? this.#take(key, fingerprint, durationMs);
        if (claim !== undefined) return claim;
      }
      throw new Error(`the key changed hands ${MAX_CLAIMS} times`);
    });
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    const durationMs = wholeMs('leaseMs', leaseMs);
    return orFailed('renew a lease', () => {
      const nowMs = this.#clock.now();
      return this.#statements.renew.written(endMs(nowMs, durationMs), storedKey(key), token, nowMs) === 1;
    });
  }

  complete(key: string, token: string, result: Uint8Array, ttlMs: number): boolean {
    const durationMs = wholeMs('ttlMs', ttlMs);
    return orFailed('complete a key', () => {
      const nowMs = this.#clock.now();
      const { complete, findCompleted } = this.#statements;
      if (complete.written(result, endMs(nowMs, durationMs), storedKey(key), token, nowMs) === 1) return true;
      return findCompleted.row(storedKey(key), token, nowMs) !== undefined;
    });
  }

  release(key: string, token: string): boolean {
    return orFailed('release a key', () => this.#statements.release.written(storedKey(key), token, this.#clock.now()) === 1);
  }

  /** Read first, as most claims of a key that is taken need not wait for the one writer that SQLite has. */
  #read(key: string): Claim | undefined {
    const nowMs = this.#clock.now();
    const row = this.#statements.find.row(storedKey(key), nowMs) as Row | undefined;
    if (row === undefined) return undefined;
    const { fingerprint } = row;
    // A connection can be set to give rows as arrays, or numbers in other types: what can't be read must not be taken for a fact.
    if (typeof fingerprint !== 'string') {
      throw new TypeError(
        `a row must be an object with a fingerprint, got ${typeof fingerprint}; is the database open with returnArrays?`,
      );
    }
    if (Number(row.is_completed) === 1) return { state: 'completed', fingerprint, result: new Uint8Array(row.result ?? []) };
    return { state: 'in-flight', fingerprint, retryAfterMs: Number(row.expires_at_ms) - nowMs };
  }

  /** One statement decides who wins. Undefined when another did. */
  #take(key: string, fingerprint: string, leaseMs: number): Claim | undefined {
    const nowMs = this.#clock.now();
    const token = randomId('claim_', systemRandom);
    const written = this.#statements.claim.written(storedKey(key), fingerprint, token, endMs(nowMs, leaseMs), nowMs);
    if (written !== 1) return undefined;
    if (this.#won++ % CLAIMS_A_PRUNING === 0) this.#prune(nowMs);
    return { state: 'claimed', token };
  }

  /** The claim is won by then. What could not be deleted counts for nothing, and is deleted at another time. */
  #prune(nowMs: number): void {
    try {
      this.#statements.prune.written(nowMs, ROWS_A_PRUNING);
    } catch {}
  }
}

/** A driver may be set to give integers as bigint. */
interface Row {
  readonly fingerprint: string;
  readonly expires_at_ms: number | bigint;
  readonly is_completed: number | bigint;
  readonly result: Uint8Array | null;
}

/** Integers above this come back from some drivers as an error. It is the year 287396. */
const endMs = (nowMs: number, durationMs: number): number => Math.min(Math.ceil(nowMs + durationMs), Number.MAX_SAFE_INTEGER);

function orFailed<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new RingbackError('idempotency-store-failed', `SQLite could not ${what}`, { cause });
  }
}
