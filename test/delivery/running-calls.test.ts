import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RunningCalls } from '../../src/delivery/running-calls.js';
import type { Cancellation } from '../../src/outbox/cancellation.js';
import { ring, settled, TO } from './ring.js';

/** Work that ends when it is told to, or with the reason when it is called off. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const begin = (cancellation: Cancellation): Promise<string> => {
    if (cancellation.aborted) reject(cancellation.reason);
    else cancellation.addEventListener('abort', () => reject(cancellation.reason));
    return promise;
  };
  return { begin, end: () => resolve('done') };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('calls that run', () => {
  it('listen to one signal with one listener, however many they are, and leave none behind', async () => {
    const { ringback, clock } = ring(() => 'hang', { pipeline: { concurrency: false } });
    const controller = new AbortController();
    const all = Array.from({ length: 10_000 }, () => settled(ringback.deliver({ to: TO }, { signal: controller.signal })));
    await clock.advance(1);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort('enough');
    const ends = await Promise.all(all);
    expect(ends.every(({ error }) => (error as { why: string }).why === 'cancelled')).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(ringback.snapshot().delivering).toBe(0);
  });

  it('leave no listener behind where one of them throws before it begins', async () => {
    const calls = new RunningCalls();
    const { signal } = new AbortController();
    const thrown = calls.run(signal, () => {
      throw new Error('a setting of yours');
    });
    await expect(thrown).rejects.toThrow('a setting of yours');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(calls.size).toBe(0);
  });

  it('begin called off under a signal that was aborted before', async () => {
    const calls = new RunningCalls();
    await expect(calls.run(AbortSignal.abort('too late'), work().begin)).rejects.toBe('too late');
  });

  it('are called off together, those that have ended excepted', async () => {
    const calls = new RunningCalls();
    const works = [work(), work(), work(), work(), work()];
    const ends = works.map(({ begin }) => settled(calls.run(undefined, begin)));
    for (const ended of [1, 2]) {
      works[ended]?.end();
      await ends[ended];
    }
    expect(calls.size).toBe(3);
    calls.abortAll('closed');
    const [closed, done] = [{ error: 'closed' }, { value: 'done' }];
    expect(await Promise.all(ends)).toEqual([closed, done, done, closed, closed]);
    expect(calls.size).toBe(0);
  });

  it('are settled when the last of them has ended, one that began meanwhile too', async () => {
    const calls = new RunningCalls();
    await calls.settled();
    const [first, second] = [work(), work()];
    let isSettled = false;
    const running = [calls.run(undefined, first.begin)];
    const settling = calls.settled().then(() => {
      isSettled = true;
    });
    running.push(calls.run(undefined, second.begin));
    first.end();
    await turn();
    expect(isSettled).toBe(false);
    second.end();
    await settling;
    expect(await Promise.all(running)).toEqual(['done', 'done']);
    const third = work();
    const last = calls.run(undefined, third.begin);
    const again = calls.settled();
    third.end();
    await Promise.all([last, again]);
  });
});
