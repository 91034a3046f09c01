import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of its own against the built package, which ends by itself or is ended after ten seconds. */
async function run(program: string): Promise<Ended> {
  const source = `
    import { constant, createRingback } from './dist/index.js';
    import { http } from './dist/transports/http/index.js';
    import { scriptedTransport } from './dist/testing/index.js';
    const to = 'https://customer.example/hooks';
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { cwd: root, timeout: 10_000 });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: status as number | null, stdout, stderr };
}

describe('a process', () => {
  it('ends by itself while an instance is idle and not closed', async () => {
    const { status, stdout, stderr } = await run(`
      const ringback = createRingback({ transports: [scriptedTransport()] });
      await ringback.deliver({ to });
      const { id } = await ringback.enqueue({ to, idempotencyKey: 'k' });
      await ringback.drain();
      console.log((await ringback.status(id)).state);`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'delivered\n', stderr: '' });
  });

  it('ends by itself though its connections to the receiver are kept open', async () => {
    const server = createServer((request, response) => request.resume().on('end', () => response.end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { status, stdout, stderr } = await run(`
      const ringback = createRingback({ transports: [http({ allowPrivate: true })] });
      const receipt = await ringback.deliver({ to: 'http://127.0.0.1:${port}' });
      console.log(receipt.response.status);`);
    server.close();
    server.closeAllConnections();
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '200\n', stderr: '' });
  });

  it('stays alive for a retry that waits, until it is delivered', async () => {
    const { status, stdout, stderr } = await run(`
      const transports = [scriptedTransport(['failed', 'failed'])];
      const ringback = createRingback({ transports, schedule: constant({ delayMs: 50 }) });
      ringback.on('delivered', ({ receipt }) => console.log(receipt.attempts.length));
      ringback.enqueue({ to });`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '3\n', stderr: '' });
  });

  it('stays alive for a deliver that backs off, until it has ended', async () => {
    const { status, stdout, stderr } = await run(`
      const ringback = createRingback({ transports: [scriptedTransport(['failed'])] });
      ringback.deliver({ to }).then(({ attempts }) => console.log(attempts.length));`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '2\n', stderr: '' });
  });
});
