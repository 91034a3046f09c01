/**
 * What is used of a client of yours: a `Pool` or `Client` of pg or of `@neondatabase/serverless`, a `PGlite`, or an object of
 * yours with this one method before another driver. It stays yours to configure and to close.
 */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Sends one statement, and gives its rows. */
export async function rowsOf(client: PostgresClient, text: string, values: unknown[]): Promise<readonly unknown[]> {
  const answer = await client.query(text, values);
  if (!Array.isArray(answer?.rows)) throw new TypeError('client.query must resolve to an object with rows');
  return answer.rows;
}

/** PostgreSQL says by a code what is wrong; all drivers hand it on under this name. */
export function isUndefinedTable(error: unknown): boolean {
  return Object(error).code === '42P01';
}
