import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { buildConnector } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connector } from '../../../src/transports/http/connect.js';
import { Exchange } from '../../../src/transports/http/exchange.js';
import type { Origin } from '../../../src/transports/http/origin.js';
import { Origins } from '../../../src/transports/http/origins.js';
import { answering, loopback, type Receiver, rawReceiver, receiver, send } from './receiver.js';

function open(maxOrigins: number): Origins {
  const bounds = { maxOrigins, connectionsPerOrigin: 2, maxConnections: 100, maxHeaderBytes: 16_384, http2: false };
  const origins = new Origins({ ...bounds, connectorTo: () => buildConnector({}) as Connector });
  onTestFinished(() => origins.close());
  return origins;
}

const opened = (origins: Origins, { url }: Receiver): Origin => origins.open(new URL(url));

function exchange(origin: Origin): Promise<unknown> {
  const request = { path: '/', method: 'POST', headers: [], body: null };
  const answer = (): never => ({ outcome: { kind: 'delivered' } }) as never;
  const attempt = { number: 1, signal: new AbortController().signal };
  return new Exchange({
    origin,
    request,
    attempt,
    signal: attempt.signal,
    maxResponseBytes: 10,
    answer,
    id: 'msg_1',
  }).start();
}

/** Turns of the event loop until it holds; the test's own timeout bounds them. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

describe('the origins with a pool', () => {
  it('never outgrow their bound', async () => {
    const receivers = await Promise.all(Array.from({ length: 5 }, () => receiver(answering(204))));
    const origins = open(2);
    for (const each of receivers) {
      await exchange(opened(origins, each));
      expect(origins.size).toBeLessThanOrEqual(2);
    }
    for (const { allClosed } of receivers.slice(0, 3)) await allClosed();
    expect(receivers.map(({ open: now }) => now())).toEqual([0, 0, 0, 1, 1]);
  });

  it('keep the one that was used over the one that was not', async () => {
    const receivers = await Promise.all(Array.from({ length: 4 }, () => receiver(answering(204))));
    const [first, second, third, fourth] = receivers as [Receiver, Receiver, Receiver, Receiver];
    const origins = open(2);
    for (const each of [first, second, third]) await exchange(opened(origins, each));
    expect(origins.get(first.url)).toBeUndefined();
    origins.get(second.url);
    await exchange(opened(origins, fourth));
    expect(origins.get(second.url)).toBeDefined();
    expect(origins.get(third.url)).toBeUndefined();
  });

  it('keep the busy one; where all are busy, the one that leaves finishes first', async () => {
    const answers: (() => void)[] = [];
    const slow = await receiver((_request, response) => void answers.push(() => response.writeHead(204).end()));
    const [quick, other] = [await receiver(answering(204)), await receiver(answering(204))];
    const origins = open(2);
    const hanging = exchange(opened(origins, slow));
    await exchange(opened(origins, quick));
    await exchange(opened(origins, other));
    expect(origins.get(slow.url)).toBeDefined();

    const tight = open(1);
    const leaving = exchange(opened(tight, slow));
    await exchange(opened(tight, quick));
    expect(tight.get(slow.url)).toBeUndefined();
    await until(() => answers.length === 2);
    for (const answer of answers) answer();
    expect(await leaving).toMatchObject({ outcome: { kind: 'delivered' } });
    expect(await hanging).toMatchObject({ outcome: { kind: 'delivered' } });
  });

  it('lose the one whose last connection has ended', async () => {
    const closing = await receiver(answering(204, { connection: 'close' }));
    const origins = open(10);
    await exchange(opened(origins, closing));
    await until(() => origins.size === 0);
  });

  it('lose the one that could not be connected to', async () => {
    const origins = open(10);
    await exchange(origins.open(new URL('http://127.0.0.1:1/')));
    await until(() => origins.size === 0);
  });
});

describe('close', () => {
  it('lets what runs finish, ends all connections, and refuses what comes later', async () => {
    let answer = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let finish = (): void => {};
    const slow = await receiver((_request, response) => {
      finish = () => response.writeHead(200).end();
      answer();
    });
    const idle = await receiver(answering(204));
    const transport = loopback();
    await send(transport, idle.url);
    const running = send(transport, slow.url);
    await arrived;
    const closed = transport.close();
    await expect(send(transport, idle.url)).rejects.toMatchObject({ code: 'closed' });
    finish();
    expect((await running).outcome.kind).toBe('delivered');
    await closed;
    await Promise.all([idle.allClosed(), slow.allClosed()]);
  });

  it('may be called twice', async () => {
    const transport = loopback();
    await transport.close();
    await transport.close();
  });
});

it('an idle transport lets the process exit', async () => {
  // undici keeps an idle connection as long as the server asks: a process that it kept alive would outlive the test.
  const { url } = await rawReceiver((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 204 x\r\nkeep-alive: timeout=600\r\n\r\n')),
  );
  const directory = mkdtempSync(join(tmpdir(), 'ringback-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const outfile = join(directory, 'sender.cjs');
  const contents = `
    import { http } from './index.js';
    const delivery = { contentType: 'text/plain' };
    const message = { id: 'm', to: process.argv[2], headers: {}, body: new Uint8Array(1), delivery };
    http({ allowPrivate: true }).send(message, { number: 1, signal: new AbortController().signal })
      .then(({ outcome }) => process.stdout.write(outcome.kind));`;
  const resolveDir = fileURLToPath(new URL('../../../src/transports/http', import.meta.url));
  await build({ stdin: { contents, resolveDir }, bundle: true, platform: 'node', outfile, logLevel: 'error' });
  const sender = await promisify(execFile)(process.execPath, [outfile, url], { timeout: 25_000 });
  expect(sender.stdout).toBe('delivered');
});
