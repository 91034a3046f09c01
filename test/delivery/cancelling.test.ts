import { expect, it } from 'vitest';
import { memoryOutbox, type Outbox } from '../../src/index.js';
import type { TransportScript } from '../../src/testing/index.js';
import { type Ring, ring, settled, TO } from './ring.js';

const callback = { to: TO, id: 'msg_1', idempotencyKey: 'in_42-paid' };
const again = { ...callback, id: 'msg_2' };
const failsFirst: TransportScript = [{ afterMs: 100, step: 'overloaded' }];

/** Its outbox is in memory, and cancels in another way, which is given the outbox's own. */
function ringWith(script: TransportScript, cancel: (id: string, inMemory: Outbox['cancel']) => Promise<boolean>): Ring {
  const outbox = memoryOutbox();
  const inMemory = outbox.cancel.bind(outbox);
  outbox.cancel = (id) => cancel(id, inMemory);
  return ring(script, { outbox });
}

const delivered = ({ heard }: Ring): unknown[] =>
  heard.filter(({ event }) => event === 'delivered').map(({ payload }) => payload.id);

it('a cancel that the outbox fails leaves the key with the callback: it is not delivered twice', async () => {
  const cause = new Error('the database is down');
  const rung = ringWith(failsFirst, () => Promise.reject(cause));
  const { ringback, clock } = rung;
  await ringback.enqueue(callback);
  await clock.advance(50);
  expect((await settled(ringback.cancel('msg_1'))).error).toBe(cause);
  await clock.advance(50);
  expect(await ringback.status('msg_1')).toEqual({ state: 'waiting' });
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_1', deduplicated: true });
  await clock.advance(60_000);
  expect(delivered(rung)).toEqual(['msg_1']);
});

it('a cancel whose answer, no, comes after the attempt has ended leaves the key with the callback', async () => {
  const answer = Promise.withResolvers<boolean>();
  const rung = ringWith(failsFirst, () => answer.promise);
  const { ringback, clock } = rung;
  await ringback.enqueue(callback);
  await clock.advance(50);
  const cancelling = ringback.cancel('msg_1');
  await clock.advance(50);
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_1', deduplicated: true });
  answer.resolve(false);
  expect(await cancelling).toBe(false);
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_1', deduplicated: true });
  await clock.advance(60_000);
  expect(delivered(rung)).toEqual(['msg_1']);
});

it('a cancel whose answer, yes, comes after the attempt has ended frees the key then', async () => {
  const answer = Promise.withResolvers<void>();
  const { ringback, clock } = ringWith(['hang'], async (id, inMemory) => {
    const isFound = await inMemory(id);
    await answer.promise;
    return isFound;
  });
  await ringback.enqueue(callback);
  await clock.advance(50);
  const cancelling = ringback.cancel('msg_1');
  await clock.advance(50);
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_1', deduplicated: true });
  answer.resolve();
  expect(await cancelling).toBe(true);
  expect(await ringback.status('msg_1')).toEqual({ state: 'cancelled' });
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_2', deduplicated: false });
});

it('a cancel of what begins to run before the answer, yes, counts when that run has ended', async () => {
  const answer = Promise.withResolvers<void>();
  const { ringback, clock } = ringWith(
    () => 'hang',
    async (id, inMemory) => {
      await answer.promise;
      return inMemory(id);
    },
  );
  const enqueued = ringback.enqueue(callback);
  const cancelling = ringback.cancel('msg_1');
  await enqueued;
  await clock.advance(50);
  expect(await ringback.status('msg_1')).toEqual({ state: 'running' });
  answer.resolve();
  expect(await cancelling).toBe(true);
  await clock.advance(1);
  expect(await ringback.status('msg_1')).toEqual({ state: 'cancelled' });
  expect((await ringback.enqueue(again)).deduplicated).toBe(false);
});

it('what is delivered before the answer to its cancel stays delivered, whatever the answer', async () => {
  const answer = Promise.withResolvers<boolean>();
  const { ringback, clock } = ringWith([{ afterMs: 100, step: 'delivered' }], () => answer.promise);
  await ringback.enqueue(callback);
  await clock.advance(50);
  const cancelling = ringback.cancel('msg_1');
  await clock.advance(50);
  answer.resolve(true);
  expect(await cancelling).toBe(true);
  expect(await ringback.status('msg_1')).toEqual({ state: 'delivered' });
  expect(await ringback.enqueue(again)).toEqual({ id: 'msg_1', deduplicated: true });
});

it('of two cancels of one callback, the second still learns of its delivery once the first has failed', async () => {
  const [first, second] = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  const answers = [first.promise, second.promise];
  const { ringback, clock } = ringWith([{ afterMs: 100, step: 'delivered' }], async () => answers.shift() ?? false);
  await ringback.enqueue(callback);
  await clock.advance(50);
  const failing = settled(ringback.cancel('msg_1'));
  const cancelling = ringback.cancel('msg_1');
  first.reject(new Error('the database is down'));
  expect((await failing).error).toMatchObject({ message: 'the database is down' });
  await clock.advance(50);
  second.resolve(true);
  expect(await cancelling).toBe(true);
  expect(await ringback.status('msg_1')).toEqual({ state: 'delivered' });
});
