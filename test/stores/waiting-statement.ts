import type pg from 'pg';

const MAX_LOOKS = 2_000;

/** Resolves when a statement about this table waits for another transaction. */
export async function waitingStatement(pool: pg.Pool, table: string): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0 AND pid <> pg_backend_pid()`,
      [table],
    );
    if (rowCount !== 0) return;
  }
  throw new Error('no statement waits');
}
