import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Orders, Report } from './sender.js';

/** Runs the sender in a process of its own, which is killed where it does not end. */
export async function runSender(orders: Orders): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-'));
  try {
    const outfile = join(directory, 'sender.mjs');
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
    const entryPoints = [fileURLToPath(new URL('sender.ts', import.meta.url))];
    await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', banner, outfile, logLevel: 'error' });
    const limits = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, JSON.stringify(orders)], limits);
    return JSON.parse(stdout) as Report;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
