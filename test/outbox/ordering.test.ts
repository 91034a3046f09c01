import { expect, test } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import { dead, delivery, done, type FakeHost, fakeHost, later, started } from './fake-host.js';

async function three(): Promise<{ host: FakeHost; outbox: Outbox }> {
  const { host, outbox } = started();
  for (const id of ['k0', 'k1', 'k2']) await outbox.add(delivery(id, { orderingKey: 'order-7' }));
  await host.settle();
  return { host, outbox };
}

test('callbacks of one ordering key go one after another, in the order they were accepted', async () => {
  const { host, outbox } = await three();
  expect(host.handed).toEqual(['k0']);
  expect(await outbox.status('k1')).toBe('waiting');
  await host.run('k0').end(done);
  expect(host.handed).toEqual(['k0', 'k1']);
  await host.run('k1').end(done);
  expect(host.handed).toEqual(['k0', 'k1', 'k2']);
});

test('the others of a key wait behind while its head waits for its retry', async () => {
  const { host, outbox } = await three();
  await host.run('k0').end(later(60_000));
  expect(host.handed).toEqual(['k0']);
  expect(outbox.snapshot(0)).toMatchObject({ depth: 3, ready: 0, waiting: 3 });
  await host.clock.advance(60_000);
  expect(host.handed).toEqual(['k0', 'k0']);
});

test('a failing head that goes dead lets the next one go', async () => {
  const { host } = await three();
  await host.run('k0').end(dead());
  expect(host.handed).toEqual(['k0', 'k1']);
});

test('a cancelled head lets the next go: at once when it waits, at its end when it runs', async () => {
  const { host, outbox } = await three();
  await outbox.cancel('k0');
  await host.settle();
  expect(host.handed).toEqual(['k0']);
  await host.run('k0').end(later(1));
  await host.run('k1').end(later(60_000));
  expect(host.handed).toEqual(['k0', 'k1']);
  await outbox.cancel('k1');
  await host.settle();
  expect(host.handed).toEqual(['k0', 'k1', 'k2']);
});

test('one that is cancelled behind its key leaves the others in order', async () => {
  const { host, outbox } = await three();
  await outbox.cancel('k1');
  await host.run('k0').end(done);
  expect(host.handed).toEqual(['k0', 'k2']);
});

test('one that is cancelled among those behind takes none of the earlier ones with it', async () => {
  const { host, outbox } = await three();
  await outbox.add(delivery('k3', { orderingKey: 'order-7' }));
  await outbox.cancel('k2');
  for (const id of ['k0', 'k1', 'k3']) await host.run(id).end(done);
  expect(host.handed).toEqual(['k0', 'k1', 'k3']);
});

test('a key whose last one has finished is free again, though its destination is still busy', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('busy'));
  await outbox.add(delivery('k0', { orderingKey: 'order-7' }));
  await host.settle();
  await host.run('k0').end(done);
  await outbox.add(delivery('k1', { orderingKey: 'order-7' }));
  await host.settle();
  expect(host.handed).toEqual(['busy', 'k0', 'k1']);
});

test('priority does not reorder a key', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  await outbox.add(delivery('k0', { orderingKey: 'k', priority: -10 }));
  await outbox.add(delivery('k1', { orderingKey: 'k', priority: 10 }));
  outbox.start(host);
  await host.settle();
  expect(host.handed).toEqual(['k0']);
});

test('other keys, other destinations and callbacks without a key do not wait behind it', async () => {
  const { host, outbox } = await three();
  await outbox.add(delivery('other-key', { orderingKey: 'order-8' }));
  await outbox.add(delivery('other-destination', { orderingKey: 'order-7', destination: 'https://b.example' }));
  await outbox.add(delivery('no-key'));
  await host.settle();
  expect(host.handed).toEqual(['k0', 'other-key', 'other-destination', 'no-key']);
});

test('a replayed head goes behind those that are there', async () => {
  const { host, outbox } = await three();
  await host.run('k0').end(dead());
  await outbox.deadLetters.replay('k0');
  await host.run('k1').end(done);
  await host.run('k2').end(done);
  expect(host.handed).toEqual(['k0', 'k1', 'k2', 'k0']);
});
