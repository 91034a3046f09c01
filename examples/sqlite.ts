/** Idempotency keys in a file: a second process knows what the first has sent. `node examples/sqlite.ts` */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createRingback } from 'ringback';
import { sqliteIdempotencyStore } from 'ringback/sqlite';
import { scriptedTransport } from 'ringback/testing';

async function deliver(file: string): Promise<void> {
  // Other processes write too: wait for them instead of failing, and let them read meanwhile.
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL');

  // It records what it would send. A service takes http() of ringback/http here.
  const transport = scriptedTransport();
  const ringback = createRingback({
    transports: [transport],
    idempotency: { store: sqliteIdempotencyStore({ database }) },
  });
  const receipt = await ringback.deliver({
    to: 'https://customer.example/hooks',
    type: 'invoice.paid',
    data: { id: 'in_42' },
    idempotencyKey: 'in_42-paid',
  });
  console.log(`sent ${transport.sentCount}, deduplicated ${receipt.deduplicated}, at attempt ${receipt.attempts.length}`);
  await ringback.close();
  database.close();
}

const [, program = '', given] = process.argv;
if (given !== undefined) {
  await deliver(given);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'ringback-'));
  try {
    // The same callback by two processes, one after the other: only the first sends it.
    for (const _ of ['first', 'second']) {
      spawnSync(process.execPath, [program, join(folder, 'idempotency.db')], { stdio: 'inherit' });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
