import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.js';
import { dead, delivery, type FakeHost, started } from './fake-host.js';

const RECORDS = [{ attempt: 3, startedAtMs: 0, durationMs: 1, outcome: 'failed' as const }];

async function withLetters(ids: readonly string[], maxDeadLetters = 10): Promise<{ host: FakeHost; outbox: Outbox }> {
  const { host, outbox } = started({ maxDeadLetters, maxDepth: ids.length });
  for (const id of ids) await outbox.add(delivery(id, { correlationId: `corr-${id}`, type: 'invoice.paid' }));
  await host.settle();
  for (const id of ids) await host.run(id).end({ next: 'dead', reason: `no more ${id}`, attempts: RECORDS, attemptCount: 3 });
  return { host, outbox };
}

test('a dead letter tells the story, is frozen, and shows neither headers, body nor the full address', async () => {
  const { outbox, host } = await withLetters(['a0']);
  const [letter] = await outbox.deadLetters.list();
  expect(letter).toEqual({
    id: 'a0',
    destination: 'https://a.example',
    type: 'invoice.paid',
    correlationId: 'corr-a0',
    metadata: undefined,
    reason: 'no more a0',
    attempts: RECORDS,
    attemptCount: 3,
    acceptedAtMs: 1_000,
    deadAtMs: host.clock.now(),
  });
  expect(Object.isFrozen(letter)).toBe(true);
  expect(Object.isFrozen(letter?.attempts)).toBe(true);
  expect(host.letters).toEqual([{ letter, dropped: undefined }]);
  for (const shown of [JSON.stringify(letter), inspect(letter, { depth: 9, showHidden: true }), inspect(outbox, { depth: 9 })]) {
    expect(shown).not.toContain('canary');
  }
});

test('dead letters are bounded: the oldest goes, and the host is told which', async () => {
  const { host, outbox } = await withLetters(['a0', 'a1', 'a2'], 2);
  expect((await outbox.deadLetters.list()).map(({ id }) => id)).toEqual(['a1', 'a2']);
  expect(host.letters.map(({ letter, dropped }) => [letter.id, dropped?.id])).toEqual([
    ['a0', undefined],
    ['a1', undefined],
    ['a2', 'a0'],
  ]);
  expect(await outbox.status('a0')).toBeUndefined();
  expect(await outbox.status('a2')).toBe('dead');
});

test('list gives the oldest first, of one destination if asked, at most limit', async () => {
  const { host, outbox } = await withLetters(['a0', 'a1', 'a2']);
  await outbox.add(delivery('b0', { destination: 'https://b.example' }));
  await host.settle();
  await host.run('b0').end(dead());
  const ids = async (options: { destination?: string; limit?: number }) =>
    (await outbox.deadLetters.list(options)).map(({ id }) => id);
  expect(await ids({ limit: 2 })).toEqual(['a0', 'a1']);
  expect(await ids({ destination: 'https://b.example' })).toEqual(['b0']);
  for (const limit of [0, 1.5]) {
    await expect(outbox.deadLetters.list({ limit })).rejects.toMatchObject({
      code: 'invalid-option',
      message: `limit must be an integer of at least 1, got ${limit} (number)`,
    });
  }
});

test('replay puts it back with its attempts counted anew', async () => {
  const { host, outbox } = await withLetters(['a0']);
  expect(await outbox.deadLetters.replay('a0')).toBe(true);
  expect(await outbox.deadLetters.replay('a0')).toBe(false);
  await host.settle();
  expect(host.run('a0').entry).toMatchObject({
    attempts: [],
    attemptCount: 0,
    delivery: { id: 'a0', body: expect.any(Uint8Array) },
  });
});

test('replay respects the bound: what can not come in stays a dead letter', async () => {
  const { outbox } = await withLetters(['a0']);
  await outbox.add(delivery('a1'));
  await expect(outbox.deadLetters.replay('a0')).rejects.toMatchObject({ code: 'outbox-full' });
  expect(await outbox.status('a0')).toBe('dead');
  expect(await outbox.deadLetters.replay('unknown')).toBe(false);
});

test('what was replayed counts towards the bound again', async () => {
  const { outbox } = await withLetters(['a0']);
  await outbox.deadLetters.replay('a0');
  await expect(outbox.add(delivery('a1'))).rejects.toMatchObject({ code: 'outbox-full' });
});

test('a replay that waited for room finds that the letter was purged, and takes no place', async () => {
  const { host, outbox } = started({ maxDepth: 1, whenFull: 'wait' });
  await outbox.add(delivery('a0'));
  await host.settle();
  await host.run('a0').end(dead());
  await outbox.add(delivery('a1'));
  const replayed = outbox.deadLetters.replay('a0');
  expect(await outbox.deadLetters.purge('a0')).toBe(1);
  await host.settle();
  await host.run('a1').end(dead());
  expect(await replayed).toBe(false);
  await outbox.add(delivery('a2'));
  expect(outbox.snapshot(0).depth).toBe(1);
});

test('a letter is not replayed while a callback of its id is unfinished, and a later letter takes its place', async () => {
  const { host, outbox } = await withLetters(['a0', 'a1']);
  await outbox.add(delivery('a0'));
  await expect(outbox.deadLetters.replay('a0')).rejects.toMatchObject({ code: 'outbox-failed' });
  await host.settle();
  await host.run('a0').end(dead('again'));
  expect(host.letters.at(-1)).toMatchObject({ letter: { reason: 'again' }, dropped: { reason: 'no more a0' } });
  expect((await outbox.deadLetters.list()).map(({ id }) => id)).toEqual(['a1', 'a0']);
});

test('purge deletes one, or all, and tells how many went', async () => {
  const { outbox } = await withLetters(['a0', 'a1', 'a2']);
  expect(await outbox.deadLetters.purge('a1')).toBe(1);
  expect(await outbox.deadLetters.purge('a1')).toBe(0);
  expect(await outbox.deadLetters.purge()).toBe(2);
  expect(await outbox.deadLetters.list()).toEqual([]);
  expect(await outbox.status('a0')).toBeUndefined();
  expect(await outbox.deadLetters.replay('a2')).toBe(false);
});

test('dead letters outlive stop, but are not replayed after it', async () => {
  const { outbox } = await withLetters(['a0']);
  await outbox.stop(0);
  expect((await outbox.deadLetters.list()).length).toBe(1);
  await expect(outbox.deadLetters.replay('a0')).rejects.toMatchObject({ code: 'closed' });
});
