import { afterEach, expect, it, vi } from 'vitest';
import { loopback, rawReceiver, send } from './receiver.js';

afterEach(() => {
  vi.useRealTimers();
});

const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise(setImmediate);
};

it('connectTimeoutMs is kept to the millisecond, where undici took a second for 300', async () => {
  const arrived = Promise.withResolvers<void>();
  const { port, allClosed } = await rawReceiver((socket) => void socket.resume().once('data', () => arrived.resolve()));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let ended: unknown;
  const sent = send(loopback({ connectTimeoutMs: 300 }), `https://127.0.0.1:${port}/`).then(({ outcome }) => {
    ended = outcome;
  });
  await arrived.promise;
  vi.advanceTimersByTime(299);
  await turns(5);
  expect(ended).toBeUndefined();
  vi.advanceTimersByTime(1);
  await sent;
  expect(ended).toEqual({ kind: 'timed-out', reason: 'timed out while connecting' });
  await allClosed();
});
