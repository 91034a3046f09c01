import { Buffer } from 'node:buffer';
import { RingbackError } from '../../errors.js';
import type { Claim, ClaimRequest, IdempotencyStore } from '../../idempotency/store.js';
import { checkNames, contractOption, invalidOption } from '../../options.js';
import { randomId, systemRandom } from '../../random.js';
import { storedKey, wholeMs } from '../store-arguments.js';
import { claimIn } from './claim-row.js';
import { isUndefinedTable, type PostgresClient, rowsOf } from './client.js';
import { type Statements, statementsFor } from './statements.js';
import { quotedTable } from './table-name.js';

/** Settings of {@link postgresIdempotencyStore}. */
export interface PostgresIdempotencyStoreOptions {
  /** A pool of pg or Neon, a PGlite, or anything with `query(text, values)`. It stays yours: the store never closes it. */
  readonly client: PostgresClient;
  /** A table, or `schema.table`. Default `ringback_idempotency`, where the connection's `search_path` leads. */
  readonly table?: string;
  /** Whether the store creates the table when it finds none. Default true. With false, a migration of yours does. */
  readonly createTable?: boolean;
}

/** A store prunes before its first claim, and then before each of this count. */
const CLAIMS_A_PRUNING = 32;
/** Expired rows that one pruning deletes at most: a few ms of work, and eight times what can come in meanwhile. */
const ROWS_A_PRUNING = 256;
/** How often a claim is sent. It is sent again only when the key changed hands while it ran. */
const MAX_CLAIMS = 16;

type Operation = Exclude<keyof Statements, 'createTable'>;

/**
 * Idempotency keys in a table of PostgreSQL, for processes that share them: the store to use where a PostgreSQL is at hand. A
 * claim is as durable as its commits are.
 *
 * Each operation is one statement, which is a transaction by itself, so it goes through PgBouncer in any mode. The clock of
 * PostgreSQL decides when a lease is over. A few expired rows are deleted on the way. Under the default isolation, READ
 * COMMITTED, claims wait for one another; a stricter one refuses some instead. A statement may take as long as your client
 * lets it: set `statement_timeout`.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a wrong one, and by the operations for a duration out of range;
 *   by the operations, `idempotency-store-failed` with the client's error as `cause`.
 * @example
 * ```ts
 * import pg from 'pg';
 * import { postgresIdempotencyStore } from 'ringback/postgres';
 *
 * const url = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
 * const client = new pg.Pool({ connectionString: url, statement_timeout: 5_000 });
 * const table = `example_${Date.now()}`;
 *
 * const store = postgresIdempotencyStore({ client, table });
 * const claim = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * if (claim.state === 'claimed') await store.complete('in_42-paid', claim.token, new Uint8Array([1]), 86_400_000);
 * const again = await store.claim('in_42-paid', { fingerprint: 'f1', leaseMs: 60_000 });
 * console.log(again.state); // prints completed
 *
 * await client.query(`DROP TABLE ${table}`);
 * await client.end();
 * ```
 */
export function postgresIdempotencyStore(options: PostgresIdempotencyStoreOptions): IdempotencyStore {
  checkNames('postgresIdempotencyStore', options, ['client', 'table', 'createTable']);
  const { client, table = 'ringback_idempotency', createTable = true } = options;
  if (typeof createTable !== 'boolean') throw invalidOption('createTable', 'true or false', createTable);
  return new PostgresIdempotencyStore(
    contractOption('client', client, ['query']),
    statementsFor(quotedTable(table)),
    createTable,
  );
}

class PostgresIdempotencyStore implements IdempotencyStore {
  readonly #client: PostgresClient;
  readonly #statements: Statements;
  readonly #createsTable: boolean;
  #claims = 0;

  constructor(client: PostgresClient, statements: Statements, createsTable: boolean) {
    this.#client = client;
    this.#statements = statements;
    this.#createsTable = createsTable;
  }

  async claim(key: string, { fingerprint, leaseMs }: ClaimRequest): Promise<Claim> {
    const token = randomId('claim_', systemRandom);
    const values = [storedKey(key), token, fingerprint, wholeMs('leaseMs', leaseMs)];
    // Before the claim: a pruning that fails after it would lose the token of a key that is held.
    if (this.#claims++ % CLAIMS_A_PRUNING === 0) await this.#run('prune', [ROWS_A_PRUNING], ignoreRows);
    for (let sent = 0; sent < MAX_CLAIMS; sent++) {
      const claim = await this.#run('claim', values, (rows) => claimIn(rows, token));
      if (claim !== undefined) return claim;
    }
    throw storeFailed('claim', new Error(`the key changed hands during each of ${MAX_CLAIMS} claims`));
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#run('renew', [storedKey(key), token, wholeMs('leaseMs', leaseMs)], hasRow);
  }

  async complete(key: string, token: string, result: Uint8Array, ttlMs: number): Promise<boolean> {
    const base64 = Buffer.from(result.buffer, result.byteOffset, result.byteLength).toString('base64');
    return this.#run('complete', [storedKey(key), token, base64, wholeMs('ttlMs', ttlMs)], hasRow);
  }

  async release(key: string, token: string): Promise<boolean> {
    return this.#run('release', [storedKey(key), token], hasRow);
  }

  async #run<T>(operation: Operation, values: unknown[], read: (rows: readonly unknown[]) => T): Promise<T> {
    try {
      return read(await this.#send(this.#statements[operation], values));
    } catch (cause) {
      throw storeFailed(operation, cause);
    }
  }

  /** Creates the table when it turns out to be missing: to look first would cost each process that starts a round trip. */
  async #send(statement: string, values: unknown[]): Promise<readonly unknown[]> {
    try {
      return await rowsOf(this.#client, statement, values);
    } catch (error) {
      if (!this.#createsTable || !isUndefinedTable(error)) throw error;
      await rowsOf(this.#client, this.#statements.createTable, []);
      return rowsOf(this.#client, statement, values);
    }
  }
}

const hasRow = (rows: readonly unknown[]): boolean => rows.length > 0;
const ignoreRows = (): void => {};

function storeFailed(operation: Operation, cause: unknown): RingbackError {
  return new RingbackError('idempotency-store-failed', `PostgreSQL could not ${operation} an idempotency key`, { cause });
}
