import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { dead, delivery, done, later, started } from './fake-host.js';

test('backpressure refuses, as asked: at the bound add rejects with outbox-full', async () => {
  const outbox = memoryOutbox({ maxDepth: 2 });
  await outbox.add(delivery('a0'));
  await outbox.add(delivery('a1'));
  await expect(outbox.add(delivery('a2'))).rejects.toMatchObject({
    code: 'outbox-full',
    message: 'the outbox holds 2 of at most 2 callbacks',
  });
  expect(await outbox.status('a2')).toBeUndefined();
});

test('backpressure waits, as asked: callers come in, in their order, as others finish', async () => {
  const { host, outbox } = started({ maxDepth: 2, whenFull: 'wait' });
  const entered: string[] = [];
  for (const id of ['a0', 'a1', 'a2', 'a3']) void outbox.add(delivery(id)).then(() => entered.push(id));
  await host.settle();
  expect(entered).toEqual(['a0', 'a1']);
  expect(outbox.snapshot(0).depth).toBe(2);
  await host.run('a1').end(done);
  expect(entered).toEqual(['a0', 'a1', 'a2']);
  await host.run('a0').end(later(1_000));
  expect(entered).toEqual(['a0', 'a1', 'a2']);
  await host.run('a2').end(dead());
  expect(entered).toEqual(['a0', 'a1', 'a2', 'a3']);
});

test('waiting callers are bounded too', async () => {
  const outbox = memoryOutbox({ maxDepth: 2, whenFull: 'wait' });
  await outbox.add(delivery('a0'));
  await outbox.add(delivery('a1'));
  void outbox.add(delivery('a2'));
  void outbox.add(delivery('a3'));
  await expect(outbox.add(delivery('a4'))).rejects.toMatchObject({
    code: 'outbox-full',
    message: 'the outbox holds 2 of at most 2 callbacks, and 2 callers wait for room',
  });
});

test('a cancel makes room', async () => {
  const outbox = memoryOutbox({ maxDepth: 1, whenFull: 'wait' });
  await outbox.add(delivery('a0'));
  const second = outbox.add(delivery('a1'));
  expect(await outbox.cancel('a0')).toBe(true);
  await second;
  expect(await outbox.status('a1')).toBe('ready');
});

test('a caller that aborts while it waits leaves the line at once', async () => {
  const outbox = memoryOutbox({ maxDepth: 2, whenFull: 'wait' });
  await outbox.add(delivery('filler'));
  await outbox.add(delivery('a0'));
  const controller = new AbortController();
  const second = outbox.add(delivery('a1'), controller.signal);
  const third = outbox.add(delivery('a2'));
  controller.abort(new Error('changed my mind'));
  await expect(second).rejects.toMatchObject({ code: 'cancelled', cause: { message: 'changed my mind' } });
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  await outbox.cancel('a0');
  await third;
  expect(await outbox.status('a1')).toBeUndefined();
  expect(await outbox.status('a2')).toBe('ready');
});

test('nothing is left on the signal of callers, however their waiting ends', async () => {
  const outbox = memoryOutbox({ maxDepth: 3, whenFull: 'wait' });
  for (const id of ['a0', 'a1', 'a2']) await outbox.add(delivery(id));
  const { signal } = new AbortController();
  const [admitted, ...closed] = ['a3', 'a4', 'a5'].map((id) => outbox.add(delivery(id), signal));
  expect(getEventListeners(signal, 'abort').length).toBe(3);
  await outbox.cancel('a0');
  await admitted;
  expect(getEventListeners(signal, 'abort').length).toBe(2);
  void outbox.stop(0);
  for (const add of closed) await expect(add).rejects.toMatchObject({ code: 'closed' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an abort after it came in changes nothing', async () => {
  const outbox = memoryOutbox({ maxDepth: 2, whenFull: 'wait' });
  await outbox.add(delivery('filler'));
  await outbox.add(delivery('a0'));
  const controller = new AbortController();
  const second = outbox.add(delivery('a1'), controller.signal);
  const third = outbox.add(delivery('a2'));
  await outbox.cancel('a0');
  controller.abort();
  await second;
  await outbox.cancel('a1');
  await third;
  expect(outbox.snapshot(0).depth).toBe(2);
});

test('an aborted caller is not let in', async () => {
  const outbox = memoryOutbox();
  await expect(outbox.add(delivery('a0'), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  expect(outbox.snapshot(0).depth).toBe(0);
});

test('an id that is unfinished is refused with outbox-failed at once, also where others wait for room', async () => {
  const outbox = memoryOutbox({ maxDepth: 2, whenFull: 'wait' });
  await outbox.add(delivery('a0'));
  await expect(outbox.add(delivery('a0'))).rejects.toMatchObject({
    code: 'outbox-failed',
    message: 'an unfinished callback has the id "a0" already',
  });
  await outbox.add(delivery('a1'));
  const twin = outbox.add(delivery('a1'));
  await expect(twin).rejects.toMatchObject({ code: 'outbox-failed' });
  const next = outbox.add(delivery('a2'));
  await expect(outbox.add(delivery('a2'))).rejects.toMatchObject({ code: 'outbox-failed' });
  await outbox.cancel('a0');
  await next;
  await outbox.cancel('a2');
  await outbox.add(delivery('a2'));
  await outbox.cancel('a1');
  await outbox.add(delivery('a1'));
  expect(outbox.snapshot(0).depth).toBe(2);
});

test('what stands in events and snapshots as its name is memory', () => {
  expect(memoryOutbox().name).toBe('memory');
});

test.each([
  [{ maxDepth: 0 }, 'maxDepth must be an integer of at least 1, got 0 (number)'],
  [{ maxDepth: Number.NaN }, 'maxDepth must be an integer of at least 1, got NaN (number)'],
  [{ concurrency: 1 }, 'concurrency must be an integer of at least 2, got 1 (number)'],
  [{ concurrency: 8, maxPerDestination: 8 }, 'maxPerDestination must be an integer from 1 to 7, got 8 (number)'],
  [{ maxDeadLetters: 1.5 }, 'maxDeadLetters must be an integer of at least 1, got 1.5 (number)'],
  [{ whenFull: 'drop' as never }, `whenFull must be 'wait' or 'refuse', got "drop" (string)`],
  [
    { maxSize: 1 } as never,
    'memoryOutbox has no option "maxSize"; it has maxDepth, whenFull, concurrency, maxPerDestination, maxDeadLetters',
  ],
])('%o is refused when it is built', (options, message) => {
  expect(() => memoryOutbox(options)).toThrow(expect.objectContaining({ code: 'invalid-option', message }));
});
