import { expect, test } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { dead, delivery, done, fakeHost, later, started } from './fake-host.js';

test('a waiting retry holds no slot', async () => {
  const { host, outbox } = started({ concurrency: 2, maxPerDestination: 1 });
  await outbox.add(delivery('a0'));
  await outbox.add(delivery('a1'));
  await host.settle();
  await host.run('a0').end(later(60_000));
  expect(host.handed).toEqual(['a0', 'a1']);
  expect(await outbox.status('a0')).toBe('waiting');
  expect(outbox.snapshot(0)).toMatchObject({ depth: 2, running: 1, ready: 0, waiting: 1 });
});

test('a waiting retry counts towards the bound', async () => {
  const { host, outbox } = started({ maxDepth: 1 });
  await outbox.add(delivery('a0'));
  await host.settle();
  await host.run('a0').end(later(60_000));
  await expect(outbox.add(delivery('a1'))).rejects.toMatchObject({ code: 'outbox-full' });
});

test('a retry comes at its time with its records, and keeps its place in front of what was accepted later', async () => {
  const { host, outbox } = started({ concurrency: 2, maxPerDestination: 1 });
  const records = [{ attempt: 1, startedAtMs: 0, durationMs: 1, outcome: 'failed' as const }];
  for (const id of ['a0', 'a1', 'a2']) await outbox.add(delivery(id));
  await host.settle();
  await host.run('a0').end({ next: 'later', delayMs: 5_000, attempts: records, attemptCount: 1 });
  await host.clock.advance(4_999);
  expect(host.handed).toEqual(['a0', 'a1']);
  await host.clock.advance(1);
  expect(outbox.snapshot(0)).toMatchObject({ running: 1, ready: 2, waiting: 0 });
  await host.run('a1').end(done);
  expect(host.handed).toEqual(['a0', 'a1', 'a0']);
  expect(host.run('a0').entry).toMatchObject({ attempts: records, attemptCount: 1 });
});

test('a refused attempt burns no attempt: it comes again with the count it had', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('a0'));
  await host.settle();
  await host.run('a0').end(later(100, 0));
  await host.clock.advance(100);
  expect(host.run('a0').entry.attemptCount).toBe(0);
});

test('a thousand waiting retries are one timer, and an idle outbox keeps none', async () => {
  const { host, outbox } = started({ concurrency: 2_000, maxPerDestination: 1_000 });
  for (let i = 0; i < 1_000; i++) await outbox.add(delivery(`a${i}`));
  await host.settle();
  expect(host.clock.timers).toBe(0);
  for (let i = 0; i < 1_000; i++) await host.run(`a${i}`).end(later(1_000 + ((i * 7) % 1_000)));
  expect(host.clock.timers).toBe(1);
  await host.clock.advance(2_000);
  expect(host.runs.length).toBe(1_000);
  for (let i = 0; i < 1_000; i++) await host.run(`a${i}`).end(dead());
  expect(host.clock.timers).toBe(0);
});

test('the snapshot tells depths and the age of the oldest, which counts from the start when it was added before', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox({ concurrency: 2, maxPerDestination: 1 });
  expect(outbox.snapshot(5)).toEqual({ depth: 0, running: 0, ready: 0, waiting: 0, oldestAgeMs: 0, deadLetters: 0 });
  await outbox.add(delivery('a0'));
  await host.clock.advance(500);
  outbox.start(host);
  await host.clock.advance(300);
  await outbox.add(delivery('a1'));
  await host.clock.advance(300);
  const { clock } = host;
  expect(outbox.snapshot(clock.monotonic())).toEqual({
    depth: 2,
    running: 1,
    ready: 1,
    waiting: 0,
    oldestAgeMs: 600,
    deadLetters: 0,
  });
  await host.run('a0').end(dead());
  expect(outbox.snapshot(clock.monotonic())).toEqual({
    depth: 1,
    running: 1,
    ready: 0,
    waiting: 0,
    oldestAgeMs: 300,
    deadLetters: 1,
  });
});
