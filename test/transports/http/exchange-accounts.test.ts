import { buildConnector } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../../src/random.js';
import type { Connector } from '../../../src/transports/http/connect.js';
import { Exchange } from '../../../src/transports/http/exchange.js';
import type { Origin } from '../../../src/transports/http/origin.js';
import { Origins } from '../../../src/transports/http/origins.js';
import { rawReceiver } from './receiver.js';

const ANSWERS = [
  'HTTP/1.1 204 x\r\n\r\n',
  'HTTP/1.1 200 x\r\ncontent-length: 3\r\n\r\nabc',
  'HTTP/1.1 200 x\r\nconnection: close\r\n\r\nto the end',
  `HTTP/1.1 500 x\r\ncontent-length: 5000\r\n\r\n${'x'.repeat(5_000)}`,
  `HTTP/1.1 200 x\r\ncontent-length: 900000\r\n\r\n${'x'.repeat(5_000)}`,
  'HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nabc',
  'no HTTP at all\r\n\r\n',
  'HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n',
];

it.each([1, 2, 3, 4, 5])(
  'whatever servers and aborts do, every send settles once and undici holds none of them (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const pick = (n: number): number => Math.floor(random() * n);
    const turns = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) await new Promise(setImmediate);
    };
    const server = await rawReceiver((socket) => {
      if (pick(20) === 0) socket.destroy();
      socket.on('data', async (data) => {
        if (!data.includes('POST')) return;
        await turns(pick(4));
        if (pick(10) === 0) socket.resetAndDestroy();
        else if (pick(10) > 0) socket.write(ANSWERS[pick(ANSWERS.length)] as string);
        if (pick(10) === 0) socket.end();
      });
    });
    const bounds = { maxOrigins: 2, connectionsPerOrigin: 4, maxConnections: 6, maxHeaderBytes: 16_384, http2: false };
    const origins = new Origins({ ...bounds, connectorTo: () => buildConnector({}) as Connector });
    onTestFinished(() => origins.close());
    const used = new Set<Origin>();
    const settled: Promise<string>[] = [];
    for (let i = 0; i < 400; i++) {
      // Every tenth goes where nobody listens.
      const url = new URL(pick(10) === 0 ? 'http://127.0.0.1:1' : server.url);
      const origin = origins.get(url.origin) ?? origins.open(url);
      used.add(origin);
      const controller = new AbortController();
      const answer = (): never => ({ outcome: { kind: 'delivered' } }) as never;
      const request = { path: '/', method: 'POST', headers: ['webhook-id', 'msg_1'], body: new Uint8Array(pick(3_000)) };
      const attempt = { number: 1, signal: controller.signal };
      const sent = new Exchange({
        origin,
        request,
        attempt,
        signal: attempt.signal,
        maxResponseBytes: 1_000,
        answer,
        id: 'msg_1',
      }).start();
      settled.push(
        sent.then(
          ({ outcome }) => outcome.kind,
          () => 'aborted',
        ),
      );
      // All are aborted some time, as servers may hang: some at once, some in line, some when they have long ended.
      turns(pick(3) === 0 ? 0 : pick(60)).then(() => controller.abort());
      if (pick(3) === 0) await turns(pick(5));
    }
    const kinds = new Set(await Promise.all(settled));
    expect([...kinds].sort()).toEqual(['aborted', 'delivered', 'failed']);
    while ([...used].some(({ pending }) => pending > 0)) await turns(1);
    for (const origin of used) expect(origin).toMatchObject({ pending: 0 });
  },
);
