import { expect, test } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.js';
import { dead, delivery, done, type FakeHost, later, refusal, started } from './fake-host.js';

/** Of eight slots six are for whoever comes first, the last two for who runs nothing or delivers. */
const EIGHT = { concurrency: 8, maxPerDestination: 4 };

const url = (name: string): string => `https://${name}.example`;

/** All in one go: the round begins with all of them. */
async function add(outbox: Outbox, names: readonly string[], from: number, to: number): Promise<void> {
  const ids = Array.from({ length: to - from }, (_, i) => from + i);
  await Promise.all(names.flatMap((name) => ids.map((i) => outbox.add(delivery(`${name}${i}`, { destination: url(name) })))));
}

/** How many of a destination run. */
const running = (host: FakeHost, name: string): number =>
  host.runs.filter(({ entry }) => entry.delivery.destination === url(name)).length;

/** Two destinations hang, and hold all that is there for whoever comes first. */
async function hanging(): Promise<{ readonly host: FakeHost; readonly outbox: Outbox }> {
  const { host, outbox } = started(EIGHT);
  await add(outbox, ['a', 'b'], 0, 10);
  await host.settle();
  expect([running(host, 'a'), running(host, 'b')]).toEqual([3, 3]);
  return { host, outbox };
}

test('several that hang at once: the last quarter of the slots is left to others', async () => {
  const { host, outbox } = await hanging();
  for (let i = 0; i < 20; i++) {
    await add(outbox, ['c'], i, i + 1);
    await host.settle();
    await host.run(`c${i}`).end(done);
  }
  expect([running(host, 'a'), running(host, 'b'), running(host, 'c')]).toEqual([3, 3, 0]);
});

test('what hangs gets back no slot that timed out while it runs another and slots are scarce', async () => {
  const { host, outbox } = await hanging();
  await add(outbox, ['c', 'd'], 0, 1);
  await host.settle();
  expect(host.runs.length).toBe(8);
  await host.run('a0').end(later(5_000));
  await host.run('a1').end(later(5_000));
  expect(running(host, 'a')).toBe(1);
  // One that runs nothing always has its turn.
  await host.run('a2').end(later(5_000));
  expect(running(host, 'a')).toBe(1);
});

test('once slots are plenty, what was crowded out goes on, without a wake', async () => {
  const { host } = await hanging();
  await host.run('a0').end(dead());
  expect([running(host, 'a'), running(host, 'b')]).toEqual([3, 3]);
  expect(host.handed).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3']);
});

test('one that delivers grows into the scarce slots, by one more with each delivery while others stand in its line', async () => {
  const { host, outbox } = await hanging();
  await add(outbox, ['c'], 0, 10);
  await host.settle();
  expect(running(host, 'c')).toBe(1);
  await host.run('c0').end(done);
  expect(host.handed.slice(-2)).toEqual(['c1', 'c2']);
  expect(running(host, 'c')).toBe(2);
  await host.run('c1').end(done);
  expect(running(host, 'c')).toBe(2);
});

test('one whose line was empty when it delivered holds one scarce slot when it begins to hang', async () => {
  const { host, outbox } = await hanging();
  // A retry that waits keeps the line, and what it knows.
  await add(outbox, ['c'], 0, 1);
  await host.settle();
  await host.run('c0').end(later(60_000));
  await add(outbox, ['c'], 1, 2);
  await host.settle();
  await host.run('c1').end(done);
  await add(outbox, ['c'], 2, 6);
  await host.settle();
  expect(running(host, 'c')).toBe(1);
});

test('what failed shows nothing', async () => {
  const { host, outbox } = await hanging();
  await add(outbox, ['c'], 0, 10);
  await host.settle();
  for (const id of ['c0', 'c1', 'c2']) {
    await host.run(id).end(dead());
    expect(running(host, 'c')).toBe(1);
  }
});

test('what is crowded out can be cancelled, to the last', async () => {
  const { host, outbox } = await hanging();
  for (let i = 3; i < 10; i++) {
    expect(await outbox.cancel(`a${i}`)).toBe(true);
    expect(await outbox.cancel(`b${i}`)).toBe(true);
  }
  expect(outbox.snapshot(0)).toMatchObject({ depth: 6, running: 6, ready: 0 });
  for (const { entry } of [...host.runs]) await host.run(entry.delivery.id).end(done);
  expect(outbox.snapshot(0)).toMatchObject({ depth: 0, running: 0, ready: 0 });
});

test('who is crowded out asks its policies when it comes back, and is parked where they refuse', async () => {
  const { host, outbox } = await hanging();
  for (let i = 3; i < 10; i++) await outbox.cancel(`b${i}`);
  host.refusals.set(url('a'), refusal(10_000));
  await host.run('b0').end(dead());
  expect([running(host, 'a'), running(host, 'b')]).toEqual([3, 2]);
  host.refusals.clear();
  await host.clock.advance(9_999);
  expect(running(host, 'a')).toBe(3);
  await host.clock.advance(1);
  expect([running(host, 'a'), running(host, 'b')]).toEqual([4, 2]);
});

test('stop hands back what is crowded out', async () => {
  const { host, outbox } = await hanging();
  const stopped = outbox.stop(0);
  await host.clock.advance(1_000);
  expect((await stopped).length).toBe(20);
});
