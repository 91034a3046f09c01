import { expect, test } from 'vitest';
import { HeldEntry } from '../../src/outbox/held-entry.js';
import { Lines } from '../../src/outbox/lines.js';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { delivery, done, fakeHost, refusal, started } from './fake-host.js';

const A = 'https://a.example';
const B = 'https://b.example';

test('fair over destinations: a destination with one callback does not wait behind one with a thousand', async () => {
  const { host, outbox } = started({ concurrency: 3, maxPerDestination: 2 });
  for (let i = 0; i < 1_000; i++) await outbox.add(delivery(`a${i}`, { destination: A }));
  await outbox.add(delivery('b0', { destination: B }));
  await host.settle();
  expect(host.handed).toEqual(['a0', 'a1', 'b0']);
});

test('fair over destinations: those that have something ready take turns', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox({ concurrency: 2, maxPerDestination: 1 });
  for (const id of ['a0', 'a1', 'a2']) await outbox.add(delivery(id, { destination: A }));
  for (const id of ['b0', 'b1', 'b2']) await outbox.add(delivery(id, { destination: B }));
  await outbox.add(delivery('c0', { destination: 'https://c.example' }));
  outbox.start(host);
  await host.settle();
  for (const id of ['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'b2']) await host.run(id).end(done);
  expect(host.handed).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'b2']);
});

test('one that stands still takes at most its slots, which are fewer than all workers', async () => {
  const { host, outbox } = started({ concurrency: 8 });
  for (let i = 0; i < 50; i++) await outbox.add(delivery(`a${i}`, { destination: A }));
  await host.settle();
  expect(host.handed).toEqual(['a0', 'a1']);
  await outbox.add(delivery('b0', { destination: B }));
  await host.settle();
  await host.run('b0').end(done);
  expect(host.handed).toEqual(['a0', 'a1', 'b0']);
  expect(outbox.snapshot(0)).toMatchObject({ depth: 50, running: 2, ready: 48, waiting: 0 });
});

test('no more run at once than there are workers', async () => {
  const { host, outbox } = started({ concurrency: 4, maxPerDestination: 1 });
  for (let i = 0; i < 10; i++) await outbox.add(delivery(`x${i}`, { destination: `https://${i}.example` }));
  await host.settle();
  expect(host.runs.length).toBe(4);
  await host.run('x1').end(done);
  expect(host.handed).toEqual(['x0', 'x1', 'x2', 'x3', 'x4']);
});

test('workers never wait in a policy’s line: a destination whose policies refuse is not handed over', async () => {
  const { host, outbox } = started();
  host.refusals.set(A, refusal());
  await outbox.add(delivery('a0', { destination: A }));
  await outbox.add(delivery('b0', { destination: B }));
  await host.settle();
  expect(host.handed).toEqual(['b0']);
  expect(await outbox.status('a0')).toBe('ready');
});

test('the outbox wakes on release, not by polling', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('a0', { destination: A }));
  await host.settle();
  host.refusals.set(A, refusal());
  await outbox.add(delivery('a1', { destination: A }));
  await host.clock.advance(3_600_000);
  expect(host.peeks.length).toBe(2);
  expect(host.clock.timers).toBe(0);
  host.refusals.clear();
  outbox.wake(A);
  expect(host.handed).toEqual(['a0', 'a1']);
});

test('the end of one of its own is a release too', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('a0', { destination: A }));
  await host.settle();
  host.refusals.set(A, refusal());
  await outbox.add(delivery('a1', { destination: A }));
  await host.settle();
  host.refusals.clear();
  await host.run('a0').end(done);
  expect(host.handed).toEqual(['a0', 'a1']);
});

test('a wake while the policies still refuse parks it again', async () => {
  const { host, outbox } = started();
  host.refusals.set(A, refusal(10_000));
  await outbox.add(delivery('a0', { destination: A }));
  await host.settle();
  outbox.wake(A);
  expect(host.peeks.length).toBe(2);
  expect(host.clock.timers).toBe(1);
  host.refusals.clear();
  await host.clock.advance(10_000);
  expect(host.handed).toEqual(['a0']);
});

test('a wake for a destination it holds nothing of does nothing', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  outbox.wake(A);
  outbox.start(host);
  outbox.wake(A);
  await host.settle();
  expect(host.peeks).toEqual([]);
});

test('a refusal that says when to come back is looked at then, and not before', async () => {
  const { host, outbox } = started();
  host.refusals.set(A, refusal(5_000));
  await outbox.add(delivery('a0', { destination: A }));
  await host.clock.advance(4_999);
  expect(host.peeks.length).toBe(1);
  host.refusals.clear();
  await host.clock.advance(1);
  expect(host.handed).toEqual(['a0']);
});

test('a refusal without a time, when nothing of it runs, is looked at after a second, so that nothing hangs for good', async () => {
  const { host, outbox } = started();
  host.refusals.set(A, refusal());
  await outbox.add(delivery('a0', { destination: A }));
  await host.clock.advance(999);
  expect(host.peeks.length).toBe(1);
  host.refusals.clear();
  await host.clock.advance(1);
  expect(host.handed).toEqual(['a0']);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'a refusal that says %s does not make it look without end',
  async (ms) => {
    const { host, outbox } = started();
    host.refusals.set(A, refusal(ms));
    await outbox.add(delivery('a0', { destination: A }));
    await host.clock.advance(1_000);
    expect(host.peeks.length).toBeLessThanOrEqual(1_001);
    host.refusals.clear();
    await host.clock.advance(1_000);
    expect(host.handed).toEqual(['a0']);
  },
);

test('a host that can’t peek is handed the callback all the same', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  outbox.start({
    ...host,
    peek: () => {
      throw new Error('no peeking');
    },
  });
  await outbox.add(delivery('a0'));
  await host.settle();
  expect(host.handed).toEqual(['a0']);
});

test('a wake from inside handle finds the next one, and recurses no deeper', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox({ concurrency: 20_000, maxPerDestination: 10_000 });
  for (let i = 0; i < 10_000; i++) await outbox.add(delivery(`a${i}`));
  outbox.start({
    ...host,
    handle: (entry, signal) => {
      outbox.wake(entry.delivery.destination);
      return host.handle(entry, signal);
    },
  });
  await host.settle();
  expect(host.runs.length).toBe(10_000);
});

test('of a destination without anything unfinished nothing is kept', () => {
  const lines = new Lines(1, 64);
  const times = { add: () => {}, remove: () => {} };
  const entries = Array.from(
    { length: 100 },
    (_, i) => new HeldEntry(delivery(`m${i}`, { destination: `https://${i}.example` }), Number.POSITIVE_INFINITY, i, 0),
  );
  for (const entry of entries) lines.put(entry);
  expect(lines.destinations).toBe(100);
  for (const entry of entries) lines.remove(entry, times);
  expect(lines.destinations).toBe(0);
});

test('higher priority goes first within a destination, then first in first out', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox({ concurrency: 2, maxPerDestination: 1 });
  for (const [id, priority] of Object.entries({ low: -5, first: 0, second: 0, high: 5 }))
    await outbox.add(delivery(id, { priority }));
  outbox.start(host);
  await host.settle();
  for (const id of ['high', 'first', 'second', 'low']) await host.run(id).end(done);
  expect(host.handed).toEqual(['high', 'first', 'second', 'low']);
});
