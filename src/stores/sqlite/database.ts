/** What is used of a prepared statement. */
export interface SqliteStatement {
  // A row, or undefined. Drivers type what they bind and give in their own ways.
  get(...values: never[]): unknown;
  // `changes`: the rows that the statement wrote.
  run(...values: never[]): { readonly changes: number | bigint };
}

/** What is used of a connection: a `DatabaseSync` of node:sqlite has it, and a `Database` of better-sqlite3. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** What statements here are given. */
export type SqliteValue = string | number | Uint8Array;

/** A statement, prepared once. */
export interface Prepared {
  /** The first row, or undefined. Only for statements that write nothing: a commit that fails would not be noticed. */
  row(...values: SqliteValue[]): unknown;
  /** How many rows it wrote. */
  written(...values: SqliteValue[]): number;
}

export function prepared(database: SqliteDatabase, sql: string): Prepared {
  const statement = database.prepare(sql);
  return {
    row: (...values) => statement.get(...(values as never[])),
    written: (...values) => Number(statement.run(...(values as never[])).changes),
  };
}
