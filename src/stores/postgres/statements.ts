/** What the store sends, for one table. Each is a transaction by itself, and none leaves anything behind in the session. */
export interface Statements {
  /** $1 key, $2 token, $3 fingerprint, $4 lease in ms. One row: the state of the key; none: the key changed hands meanwhile. */
  readonly claim: string;
  /** $1 key, $2 token, $3 lease in ms. One row when it held, as with the next two. */
  readonly renew: string;
  /** $1 key, $2 token, $3 result in base64, $4 time to live in ms. */
  readonly complete: string;
  /** $1 key, $2 token. */
  readonly release: string;
  /** $1 rows at most. */
  readonly prune: string;
  readonly createTable: string;
}

/*
 * - `now()` stands still while a transaction lasts, so `clock_timestamp()` says when a lease is over. Only `prune` reads the
 *   time of its own start: an index can be searched for that.
 * - What goes in and comes out is text, results in base64: drivers differ in what they make of bytea, numbers and times, and
 *   can be configured to make something else.
 * - Keys are compared byte by byte. An order of letters that a system update changes would break the index.
 */
export function statementsFor(table: string): Statements {
  const after = (ms: string): string => `clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;
  const held = 'key = $1 AND token = $2 AND expires_at > clock_timestamp()';
  return {
    // A row that conflicts is locked in its latest version and judged there, so one of many claims wins. The rows of the SELECT
    // are as they were when the statement began: it can miss the winner, or see a record that is over. Then it is sent again.
    claim: `
WITH claimed AS (
  INSERT INTO ${table} AS record (key, token, fingerprint, expires_at) VALUES ($1, $2, $3, ${after('$4')})
  ON CONFLICT (key) DO UPDATE
  SET token = excluded.token, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at, result = NULL
  WHERE record.expires_at <= clock_timestamp()
  RETURNING key
)
SELECT 'claimed' AS state, NULL AS fingerprint, NULL AS remaining, NULL AS result FROM claimed
UNION ALL
SELECT CASE WHEN result IS NULL THEN 'in-flight' ELSE 'completed' END, fingerprint,
  (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::text, encode(result, 'base64')
FROM ${table} WHERE key = $1 AND NOT EXISTS (SELECT FROM claimed)`,

    renew: `UPDATE ${table} SET expires_at = ${after('$3')} WHERE ${held} AND result IS NULL RETURNING 1 AS written`,

    // A repetition finds its own result, and changes nothing.
    complete: `
UPDATE ${table} SET
  result = coalesce(result, decode($3, 'base64')),
  expires_at = CASE WHEN result IS NULL THEN ${after('$4')} ELSE expires_at END
WHERE ${held} RETURNING 1 AS written`,

    release: `DELETE FROM ${table} WHERE ${held} AND result IS NULL RETURNING 1 AS written`,

    // An array is made once. As a plain IN, a plan may run the inner SELECT again for each row, past its LIMIT.
    prune: `
DELETE FROM ${table} WHERE key = ANY (ARRAY(
  SELECT key FROM ${table} WHERE expires_at <= statement_timestamp()
  ORDER BY expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
))`,

    // One statement, so that no table is without its index. Two processes may create it at once: the second waits for the
    // first, and then finds the table there, or its name taken in the catalog.
    createTable: `
DO $create$ BEGIN
  CREATE TABLE ${table} (
    key text COLLATE "C" PRIMARY KEY,
    token text NOT NULL,
    fingerprint text NOT NULL,
    expires_at timestamptz NOT NULL,
    result bytea
  );
  CREATE INDEX ON ${table} (expires_at);
EXCEPTION WHEN duplicate_table OR duplicate_object OR unique_violation THEN NULL;
END $create$`,
  };
}
