import { readFileSync } from 'node:fs';
import PQueue from 'p-queue';
import { afterEach, expect, test, vi } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { delivery, done, fakeHost, started } from './fake-host.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('p-queue is the runner and never holds a backlog: a job is added only while a slot is free', async () => {
  const added: { pending: number; size: number }[] = [];
  const add = PQueue.prototype.add;
  vi.spyOn(PQueue.prototype, 'add').mockImplementation(function (this: PQueue, ...args: Parameters<typeof add>) {
    const job = add.apply(this, args);
    added.push({ pending: this.pending, size: this.size });
    return job;
  } as typeof add);
  const { host, outbox } = started({ concurrency: 4, maxPerDestination: 3 });
  for (let i = 0; i < 40; i++) await outbox.add(delivery(`m${i}`, { destination: `https://${i % 5}.example` }));
  await host.settle();
  while (host.runs[0] !== undefined) await host.runs[0].end(done);
  expect(host.handed.length).toBe(40);
  expect(added.length).toBeGreaterThanOrEqual(4);
  for (const { pending, size } of added) {
    expect(size).toBe(0);
    expect(pending).toBeLessThanOrEqual(4);
  }
});

test('a slot that is free between two spells of work is used again', async () => {
  const { host, outbox } = started({ concurrency: 2, maxPerDestination: 1 });
  for (let i = 0; i < 10; i++) {
    await outbox.add(delivery(`m${i}`));
    await host.settle();
    await host.run(`m${i}`).end(done);
  }
  expect(host.handed.length).toBe(10);
});

test('what is added in the very moment all slots’ jobs end is not forgotten', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox({ concurrency: 2, maxPerDestination: 1 });
  let handed = 0;
  outbox.start({
    ...host,
    handle: async () => {
      handed++;
      return done;
    },
  });
  // As many microtasks later as it takes the slots to be free, or not yet, or only just.
  for (let turns = 0; turns < 40; turns++) {
    void outbox.add(delivery(`a${turns}`, { destination: 'https://a.example' }));
    void outbox.add(delivery(`b${turns}`, { destination: 'https://b.example' }));
    for (let turn = 0; turn < turns; turn++) await undefined;
    void outbox.add(delivery(`late${turns}`, { destination: 'https://c.example' }));
    await host.settle();
    expect(handed).toBe(3 * (turns + 1));
  }
});

test('memory is memory: its page says first what a crash loses', () => {
  const page = readFileSync(new URL('../../docs/outbox.md', import.meta.url), 'utf8');
  const firstSentence = page.replace(/^# .*\n+/, '').split('. ')[0];
  expect(firstSentence).toMatch(/loses, when the process crashes, everything that it has accepted and not finished/);
});
