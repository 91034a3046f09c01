import { expect, it } from 'vitest';
import { memoryOutbox } from '../../src/outbox/memory-outbox.js';
import { delivery, done, type FakeHost, fakeHost, later, refusal, started } from './fake-host.js';

const DEADLINE_MS = 5_000;

/** Accepted now, by the host's clock. */
const withDeadline = (host: FakeHost, id: string, fields: Parameters<typeof delivery>[1] = {}) =>
  delivery(id, { deadlineMs: DEADLINE_MS, acceptedAtMs: host.clock.now(), ...fields });

const lettersOf = ({ letters }: FakeHost) => letters.map(({ letter: { id, reason } }) => `${id}: ${reason}`);

it('a callback goes to the dead letters at its deadline, though its destination refuses for longer', async () => {
  const { host, outbox } = started();
  host.refusals.set('https://a.example', refusal(60_000));
  await outbox.add(withDeadline(host, 'm1'));
  await host.clock.advance(DEADLINE_MS - 1);
  expect(lettersOf(host)).toEqual([]);
  await host.clock.advance(1);
  expect(lettersOf(host)).toEqual(['m1: deadline']);
  expect(host.handed).toEqual([]);
  expect(host.clock.timers).toBe(0);
});

it('a wall clock that is set takes nothing from a callback’s time, and adds none', async () => {
  const { host, outbox } = started();
  let setAheadMs = 0;
  const { clock } = host;
  const now = clock.now.bind(clock);
  Object.assign(clock, { now: () => now() + setAheadMs });
  await outbox.add(withDeadline(host, 'm1'));
  await host.settle();
  await host.run('m1').end(later(1_000));
  for (const aheadMs of [3_600_000, -7_200_000]) {
    setAheadMs = aheadMs;
    await host.clock.advance(1_000);
    const { entry } = host.run('m1');
    expect(entry.deadlineAtMs - host.clock.now()).toBe(DEADLINE_MS - host.clock.monotonic());
    await host.run('m1').end(later(aheadMs > 0 ? 1_000 : 60_000));
  }
  await host.clock.advance(DEADLINE_MS - host.clock.monotonic());
  expect(lettersOf(host)).toEqual(['m1: deadline']);
});

it('a destination that refuses for ever does not keep a drain waiting for what has a deadline', async () => {
  const { host, outbox } = started();
  host.refusals.set('https://a.example', refusal());
  await outbox.add(withDeadline(host, 'm1'));
  let drained = false;
  void outbox.drain().then(() => {
    drained = true;
  });
  await host.clock.advance(DEADLINE_MS);
  expect(drained).toBe(true);
});

it('a callback behind the head of its ordering key ends at its own deadline, and the key goes on', async () => {
  const { host, outbox } = started();
  await outbox.add(delivery('head', { orderingKey: 'k' }));
  await outbox.add(withDeadline(host, 'behind', { orderingKey: 'k' }));
  await outbox.add(delivery('last', { orderingKey: 'k' }));
  await host.settle();
  await host.run('head').end(later(60_000));
  await host.clock.advance(DEADLINE_MS);
  expect(lettersOf(host)).toEqual(['behind: deadline']);
  await host.clock.advance(60_000);
  await host.run('head').end(done);
  expect(host.handed).toEqual(['head', 'head', 'last']);
});

it('a callback that was put off past its deadline ends at the deadline, with its attempts', async () => {
  const { host, outbox } = started();
  await outbox.add(withDeadline(host, 'm1'));
  await host.settle();
  await host.run('m1').end(later(60_000, 3));
  await host.clock.advance(DEADLINE_MS - 1);
  expect(lettersOf(host)).toEqual([]);
  await host.clock.advance(1);
  expect(host.letters[0]?.letter).toMatchObject({ id: 'm1', reason: 'deadline', attemptCount: 3 });
});

it('an attempt under way at the deadline is the host’s to end; put off by then, it does not come again', async () => {
  const { host, outbox } = started();
  await outbox.add(withDeadline(host, 'delivered'));
  await outbox.add(withDeadline(host, 'put off'));
  await host.clock.advance(DEADLINE_MS);
  expect(lettersOf(host)).toEqual([]);
  await host.run('delivered').end(done);
  await host.run('put off').end(later(0));
  expect(lettersOf(host)).toEqual(['put off: deadline']);
});

it('a deadline counts from acceptance, also where the outbox is started later', async () => {
  const host = fakeHost();
  const outbox = memoryOutbox();
  host.refusals.set('https://a.example', refusal(60_000));
  await outbox.add(withDeadline(host, 'm1'));
  await host.clock.advance(DEADLINE_MS - 1);
  outbox.start(host);
  await host.clock.advance(1);
  expect(lettersOf(host)).toEqual(['m1: deadline']);
});

it('what ends before its deadline leaves no timer, and what is cancelled by a listener at its deadline ends once', async () => {
  const { host, outbox } = started();
  await outbox.add(withDeadline(host, 'done'));
  await host.settle();
  await host.run('done').end(done);
  expect(host.clock.timers).toBe(0);

  host.refusals.set('https://a.example', refusal(60_000));
  await outbox.add(withDeadline(host, 'first'));
  await outbox.add(withDeadline(host, 'second'));
  const told = host.deadLettered.bind(host);
  host.deadLettered = (letter, dropped) => {
    told(letter, dropped);
    void outbox.cancel('second');
  };
  await host.clock.advance(DEADLINE_MS);
  expect(lettersOf(host)).toEqual(['first: deadline']);
  expect(outbox.snapshot(host.clock.monotonic())).toMatchObject({ depth: 0, ready: 0, waiting: 0 });
});

it('after a stop no deadline comes due: what is left is handed back', async () => {
  const { host, outbox } = started();
  host.refusals.set('https://a.example', refusal(60_000));
  await outbox.add(withDeadline(host, 'm1'));
  const left = await outbox.stop(0);
  expect(left.map(({ id }) => id)).toEqual(['m1']);
  await host.clock.advance(DEADLINE_MS);
  expect(lettersOf(host)).toEqual([]);
});

it('a replayed letter has its deadline anew, or one that died of it could never be replayed', async () => {
  const { host, outbox } = started();
  host.refusals.set('https://a.example', refusal(60_000));
  await outbox.add(withDeadline(host, 'm1'));
  await host.clock.advance(3 * DEADLINE_MS);
  host.refusals.clear();
  expect(await outbox.deadLetters.replay('m1')).toBe(true);
  await host.settle();
  expect(host.run('m1').entry.deadlineAtMs).toBe(host.clock.now() + DEADLINE_MS);
});
