import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import {
  constant,
  createRingback,
  DeliveryError,
  memoryIdempotencyStore,
  type Ringback,
  type RingbackOptions,
} from '../../src/index.js';
import { type ReceiverOptions, receiver, toNodeHandler } from '../../src/receiver/index.js';
import { fakeClock } from '../../src/testing/index.js';
import { http } from '../../src/transports/http/index.js';
import { gate, log, scheme } from './sender.js';
import { type Listening, listening } from './servers.js';

const open: { readonly server: Listening; readonly ringback: Ringback }[] = [];
afterEach(async () => {
  for (const { server, ringback } of open.splice(0)) {
    await ringback.close();
    await server.close();
  }
});

/** A sender and a receiver, over a socket, on one clock. */
async function bothEnds(onCallback: ReceiverOptions['onCallback'], options: Partial<RingbackOptions> = {}) {
  const clock = fakeClock();
  const receive = receiver({
    signature: scheme,
    store: memoryIdempotencyStore({ clock }),
    clock,
    logger: log(),
    onCallback,
  });
  const server = await listening(createServer(toNodeHandler(receive)).listen(0, '127.0.0.1'));
  const ringback = createRingback({
    transports: [http({ allowPrivate: true })],
    signature: scheme,
    clock,
    pipeline: { retry: { maxAttempts: 3, backoff: constant({ delayMs: 10 }) } },
    ...options,
  });
  open.push({ server, ringback });
  /** Moves time on in steps, with room for the socket in between, until the promise has settled. */
  const inTime = async <T>(promise: Promise<T>, stepMs = 1_000): Promise<T> => {
    let isSettled = false;
    promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    while (!isSettled) {
      await clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return promise;
  };
  return { url: server.url, ringback, clock, inTime };
}

describe('a round trip', () => {
  it('delivers: signed, verified, handled, answered', async () => {
    const seen: unknown[] = [];
    const { url, ringback } = await bothEnds(({ id, json }) => {
      seen.push([id, json()]);
    });
    const receipt = await ringback.deliver({ id: 'msg_1', to: url, data: { id: 'in_42' } });
    expect(receipt.response?.status).toBe(204);
    expect(seen).toEqual([['msg_1', { id: 'in_42' }]]);
  });

  it('runs again when the handler threw, in the retry of the same delivery', async () => {
    let runs = 0;
    const { url, ringback, inTime } = await bothEnds(() => {
      if (++runs < 3) throw new Error('not yet');
    });
    const receipt = await inTime(ringback.deliver({ to: url, data: {} }), 10);
    expect(receipt.attempts.map(({ status }) => status)).toEqual([500, 500, 204]);
    expect(runs).toBe(3);
  });

  it('answers a callback that is delivered twice 2xx, and handles it once', async () => {
    let runs = 0;
    const { url, ringback } = await bothEnds(() => void runs++);
    const callback = { id: 'msg_1', to: url, data: {} };
    expect((await ringback.deliver(callback)).response?.status).toBe(204);
    expect((await ringback.deliver(callback)).response?.status).toBe(204);
    expect(runs).toBe(1);
  });

  it('refuses another payload under the same id, for good', async () => {
    const { url, ringback } = await bothEnds(() => {});
    await ringback.deliver({ id: 'msg_1', to: url, data: 1 });
    const error = await ringback.deliver({ id: 'msg_1', to: url, data: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeliveryError);
    expect((error as DeliveryError).attempts.map(({ status }) => status)).toEqual([422]);
  });

  it.each(['deliver', 'enqueue'] as const)(
    '%s: a 409 of a handler that still runs leads to a retry that succeeds',
    async (way) => {
      const end = gate();
      let runs = 0;
      const { url, ringback, inTime } = await bothEnds(
        () => {
          runs++;
          return end.passed;
        },
        {
          pipeline: {
            attemptTimeoutMs: 2_000,
            deadlineMs: 30_000,
            retry: { maxAttempts: 4, backoff: constant({ delayMs: 10 }) },
          },
        },
      );
      const statuses: (number | undefined)[] = [];
      ringback.on('attempt', ({ record: { status } }) => {
        statuses.push(status);
        if (status === 409) end.open();
      });
      const callback = { to: url, data: {} };
      await inTime<unknown>(
        way === 'deliver' ? ringback.deliver(callback) : ringback.enqueue(callback).then(() => ringback.drain()),
      );
      expect(statuses).toEqual([undefined, 409, 204]);
      expect(runs).toBe(1);
    },
  );
});
