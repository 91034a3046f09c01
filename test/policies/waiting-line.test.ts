import { expect, it } from 'vitest';
import { WaitingLine } from '../../src/policies/waiting-line.js';
import { attemptOf } from './attempt.js';

function drain(line: WaitingLine): number[] {
  const order: number[] = [];
  for (let waiter = line.next(); waiter !== undefined; waiter = line.next()) order.push(waiter.attempt.number);
  return order;
}

it('who came first goes first', () => {
  const line = new WaitingLine(1_000);
  for (const number of [1, 2, 3]) line.join(attemptOf({ number, enqueuedAtMs: 10 * number }));
  expect(drain(line)).toEqual([1, 2, 3]);
});

it('ties go in the order of joining', () => {
  const line = new WaitingLine(1_000);
  for (const number of [1, 2, 3, 4, 5, 6, 7]) line.join(attemptOf({ number, enqueuedAtMs: 5 }));
  expect(drain(line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

it('Concurrency: priority with ageing by one static key, enqueuedAt − priority·ageMs', () => {
  const line = new WaitingLine(1_000);
  line.join(attemptOf({ number: 1, enqueuedAtMs: 0 }));
  line.join(attemptOf({ number: 2, enqueuedAtMs: 2_999, priority: 3 }));
  line.join(attemptOf({ number: 3, enqueuedAtMs: 3_001, priority: 3 }));
  line.join(attemptOf({ number: 4, enqueuedAtMs: 0, priority: -1 }));
  expect(drain(line)).toEqual([2, 1, 3, 4]);
});

it('among several who came one before the other, each goes in its turn', () => {
  const line = new WaitingLine(1_000);
  for (const number of [4, 3, 2, 1]) line.join(attemptOf({ number, enqueuedAtMs: 10 * number }));
  expect(drain(line)).toEqual([1, 2, 3, 4]);
});

it('a retry has not lost its place: its call came first', () => {
  const line = new WaitingLine(1_000);
  line.join(attemptOf({ number: 1, enqueuedAtMs: 500 }));
  line.join(attemptOf({ number: 2, enqueuedAtMs: 100 }));
  expect(drain(line)).toEqual([2, 1]);
});

it('Concurrency: nothing starves, a flood of higher priority overtakes for so long and no longer', () => {
  const line = new WaitingLine(1_000);
  line.join(attemptOf({ number: 0, enqueuedAtMs: 0 }));
  let overtaken = 0;
  for (let nowMs = 1; ; nowMs += 100) {
    line.join(attemptOf({ number: 1, enqueuedAtMs: nowMs, priority: 5 }));
    if (line.next()?.attempt.number === 0) break;
    overtaken++;
  }
  expect(overtaken).toBe(50); // the calls of 5 × 1,000 ms
});

it('with a priorityAgeMs of 0 priority counts for nothing', () => {
  const line = new WaitingLine(0);
  line.join(attemptOf({ number: 1 }));
  line.join(attemptOf({ number: 2, enqueuedAtMs: 1, priority: 100 }));
  expect(drain(line)).toEqual([1, 2]);
});

it('one who leaves is taken out of the middle, and its promise stays pending', async () => {
  const line = new WaitingLine(1_000);
  const waiters = [1, 2, 3].map((number) => line.join(attemptOf({ number, enqueuedAtMs: number })));
  const told: number[] = [];
  for (const waiter of waiters) void waiter.admitted.then(() => told.push(waiter.attempt.number));
  line.leave(waiters[1] as (typeof waiters)[0]);
  line.leave(waiters[1] as (typeof waiters)[0]);
  expect(line.size).toBe(2);
  for (let waiter = line.next(); waiter !== undefined; waiter = line.next()) waiter.admit();
  await Promise.resolve();
  expect(told).toEqual([1, 3]);
});
