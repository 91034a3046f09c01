import { expect, test } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { dead, delivery, done, fakeHost, later, started } from './fake-host.js';

test('everything accepted ends as delivered or dead letter, also when the host throws', async () => {
  const { host, outbox } = started();
  for (const id of ['fine', 'gone', 'broken']) await outbox.add(delivery(id));
  await host.settle();
  await host.run('fine').end(done);
  await host.run('gone').end(dead('gone'));
  await host.run('broken').fail(new TypeError('canary-message'));
  expect(outbox.snapshot(0)).toMatchObject({ depth: 0, deadLetters: 2 });
  expect(host.letters.map(({ letter }) => letter.reason)).toEqual(['gone', 'the host failed: TypeError']);
});

test.each([
  undefined,
  {},
  { ...done, next: 'never', attempts: [] },
  { next: 'dead' },
  later(Number.NaN),
  later(-1),
  later(Number.POSITIVE_INFINITY),
])('a host that answers %o loses nothing: it becomes a dead letter', async (answer) => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  outbox.start({ ...host, handle: async () => answer as never });
  await outbox.add(delivery('a0'));
  await host.settle();
  expect(await outbox.status('a0')).toBe('dead');
  expect(outbox.snapshot(0).depth).toBe(0);
  expect(host.letters[0]?.letter.reason).toMatch(/^the host failed: /);
});

test('a handle that throws before it gives a promise is a dead letter too', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  outbox.start({
    ...host,
    handle: () => {
      throw 'no error at all';
    },
  });
  await outbox.add(delivery('a0'));
  await host.settle();
  expect(host.letters[0]?.letter.reason).toBe('the host failed: string');
});

test('a host that throws on hearing of a dead letter does not stop the outbox', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  outbox.start({
    ...host,
    deadLettered: () => {
      throw new Error('not now');
    },
  });
  await outbox.add(delivery('a0'));
  await host.settle();
  await host.run('a0').end(dead());
  await outbox.add(delivery('a1'));
  await host.settle();
  expect(host.handed).toEqual(['a0', 'a1']);
});

test('cancel takes one that is ready, waiting or unknown out at once, or says no', async () => {
  const { host, outbox } = started({ concurrency: 2, maxPerDestination: 1 });
  for (const id of ['waiting', 'running', 'ready']) await outbox.add(delivery(id));
  await host.settle();
  await host.run('waiting').end(later(60_000));
  expect(await outbox.cancel('waiting')).toBe(true);
  expect(await outbox.cancel('ready')).toBe(true);
  expect(await outbox.cancel('ready')).toBe(false);
  expect(await outbox.cancel('unknown')).toBe(false);
  expect(host.clock.timers).toBe(0);
  await host.run('running').end(dead());
  expect(await outbox.cancel('running')).toBe(false);
  expect(host.handed).toEqual(['waiting', 'running']);
});

test('one that is cancelled while its destination waits for its turn leaves no gap in the round', async () => {
  const { host, outbox } = started({ concurrency: 2 });
  for (const id of ['a0', 'b0', 'c0']) await outbox.add(delivery(id, { destination: `https://${id}.example` }));
  await host.settle();
  expect(host.handed).toEqual(['a0', 'b0']);
  await outbox.cancel('c0');
  await host.run('a0').end(done);
  await outbox.add(delivery('d0'));
  await host.settle();
  expect(host.handed).toEqual(['a0', 'b0', 'd0']);
});

test('cancel before the start', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  await outbox.add(delivery('a0'));
  await outbox.add(delivery('a1'));
  expect(await outbox.cancel('a0')).toBe(true);
  outbox.start(host);
  await host.settle();
  expect(host.handed).toEqual(['a1']);
});

test.each([done, dead(), later(1_000)])(
  'a running one that is cancelled is aborted, and counts as cancelled whatever its handle then says: %o',
  async (end) => {
    const { host, outbox } = started();
    await outbox.add(delivery('a0'));
    await host.settle();
    const { signal } = host.run('a0');
    expect(await outbox.cancel('a0')).toBe(true);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'cancelled', message: 'a0 was cancelled while it ran' });
    expect(await outbox.status('a0')).toBe('running');
    await host.run('a0').end(end);
    expect(await outbox.status('a0')).toBeUndefined();
    expect(outbox.snapshot(0)).toMatchObject({ depth: 0, deadLetters: 0 });
    expect(host.clock.timers).toBe(0);
  },
);

test('one that came done before its cancel is finished', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('a0'));
  await host.settle();
  await host.run('a0').end(done);
  expect(await outbox.cancel('a0')).toBe(false);
});

test('drain resolves when nothing accepted is unfinished, waiting retries included', async () => {
  const { host, outbox } = started();
  await outbox.drain();
  await outbox.add(delivery('a0'));
  let drained = 0;
  void outbox.drain().then(() => drained++);
  void outbox.drain().then(() => drained++);
  await host.settle();
  await host.run('a0').end(later(60_000));
  await host.clock.advance(59_999);
  expect(drained).toBe(0);
  await host.clock.advance(1);
  await host.run('a0').end(dead());
  expect(drained).toBe(2);
  await outbox.add(delivery('a1'));
  void outbox.drain().then(() => drained++);
  await host.settle();
  expect(drained).toBe(2);
  await outbox.cancel('a1');
  await host.run('a1').end(done);
  expect(drained).toBe(3);
});

test('start is called once, and not after stop', async () => {
  const outbox = memoryOutbox();
  outbox.start(fakeHost());
  const refused = (code: string, message: string) => expect.objectContaining({ code, message });
  expect(() => outbox.start(fakeHost())).toThrow(refused('outbox-failed', 'the outbox was started before'));
  await outbox.stop(0);
  expect(() => outbox.start(fakeHost())).toThrow(refused('closed', 'the outbox was stopped and can not start again'));
});

test('stop hands back what is ready, waits behind a key, waits for a retry, or had to be aborted', async () => {
  const { host, outbox } = started({ concurrency: 4, maxPerDestination: 2 });
  for (const id of ['waiting', 'aborted', 'done']) await outbox.add(delivery(id));
  await host.settle();
  await host.run('waiting').end(later(60_000));
  await outbox.add(delivery('ready'));
  await outbox.add(delivery('head', { orderingKey: 'k' }));
  await outbox.add(delivery('behind', { orderingKey: 'k' }));
  const stopped = outbox.stop(5_000);
  await host.run('done').end(done);
  await host.clock.advance(4_999);
  expect(host.run('aborted').signal.aborted).toBe(false);
  await host.clock.advance(1);
  expect(host.run('aborted').signal.reason).toMatchObject({
    code: 'closed',
    message: 'the outbox was stopped before the attempt ended',
  });
  await host.run('aborted').end(later(0));
  expect((await stopped).map(({ id }) => id)).toEqual(['waiting', 'aborted', 'ready', 'head', 'behind']);
  expect(host.handed).toEqual(['waiting', 'aborted', 'done']);
  expect(host.clock.timers).toBe(0);
  expect(outbox.snapshot(0)).toMatchObject({ depth: 0, running: 0, ready: 0, waiting: 0 });
});

test('stop resolves as soon as nothing runs, and leaves no timer', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('a0'));
  await host.settle();
  const stopped = outbox.stop(60_000);
  await host.run('a0').end(done);
  expect(await stopped).toEqual([]);
  expect(host.clock.timers).toBe(0);
});

test('stop waits at most another second for what ignores its abort, which is handed back', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('deaf'));
  await outbox.add(delivery('cancelled'));
  await host.settle();
  await outbox.cancel('cancelled');
  let left: readonly string[] | undefined;
  void outbox.stop(100).then((deliveries) => {
    left = deliveries.map(({ id }) => id);
  });
  await host.clock.advance(1_099);
  expect(left).toBeUndefined();
  await host.clock.advance(1);
  expect(left).toEqual(['deaf']);
  await host.run('deaf').end(dead());
  await host.run('cancelled').end(done);
  expect(outbox.snapshot(0)).toMatchObject({ depth: 0, running: 0, deadLetters: 0 });
});

test('what ends in its own way after the abort of stop is believed: delivered is delivered', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('late'));
  await outbox.add(delivery('hopeless'));
  await host.settle();
  const stopped = outbox.stop(0);
  await host.clock.advance(0);
  await host.run('late').end(done);
  await host.run('hopeless').end(dead());
  expect(await stopped).toEqual([]);
  expect(host.letters.length).toBe(1);
});

test('after stop add rejects with closed, waiting adders too, and drains resolve', async () => {
  const { host, outbox } = started({ maxDepth: 1, whenFull: 'wait' });
  await outbox.add(delivery('a0'));
  const waiting = outbox.add(delivery('a1'));
  const drained = outbox.drain();
  await host.settle();
  const stopped = outbox.stop(0);
  await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  await expect(outbox.add(delivery('a2'))).rejects.toMatchObject({ code: 'closed' });
  await host.clock.advance(1_000);
  expect((await stopped).map(({ id }) => id)).toEqual(['a0']);
  await drained;
});

test('stop is idempotent: the second call resolves with the same', async () => {
  const outbox = memoryOutbox();
  await outbox.add(delivery('a0'));
  const left = await outbox.stop(0);
  expect(left.map(({ id }) => id)).toEqual(['a0']);
  expect(await outbox.stop(99_000)).toBe(left);
  await expect(outbox.stop(-1)).rejects.toMatchObject({
    code: 'invalid-option',
    message: 'timeoutMs must be a finite number of at least 0, got -1 (number)',
  });
});
