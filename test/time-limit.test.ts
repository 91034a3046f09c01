import { getEventListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../src/testing/fake-clock.js';
import { answerInTime, answerUnlessAborted } from '../src/time-limit.js';

const late = (): Error => new Error('late');
/** No instance of our Promise, as those of some libraries and test runners are not. */
const ForeignPromise = runInNewContext('Promise') as PromiseConstructor;

describe('what is answered unless it is aborted', () => {
  it('is the answer, and no listener is left', async () => {
    const { signal } = new AbortController();
    expect(await answerUnlessAborted('at once', signal)).toBe('at once');
    expect(await answerUnlessAborted(Promise.resolve('soon'), signal)).toBe('soon');
    expect(await answerUnlessAborted(Promise.resolve('soon'), undefined)).toBe('soon');
    await expect(answerUnlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is the reason of the abort, before or meanwhile, and nothing is left', async () => {
    const controller = new AbortController();
    const hanging = new Promise<never>(() => {});
    const answer = expect(answerUnlessAborted(hanging, controller.signal)).rejects.toBe('enough');
    controller.abort('enough');
    await answer;
    await expect(answerUnlessAborted(hanging, controller.signal)).rejects.toBe('enough');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});

describe('what is answered in time', () => {
  it('is the answer, and no timer is left', async () => {
    const clock = fakeClock();
    expect(await answerInTime('at once', clock, 1_000, late)).toBe('at once');
    expect(await answerInTime(Promise.resolve('soon'), clock, 1_000, late)).toBe('soon');
    await expect(answerInTime(Promise.reject(new Error('no')), clock, 1_000, late)).rejects.toThrow('no');
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['a promise', (): PromiseLike<never> => new Promise<never>(() => {})],
    ['a promise of another realm', (): PromiseLike<never> => new ForeignPromise<never>(() => {})],
  ])('is never waited for beyond the limit: %s', async (_what, hanging) => {
    const clock = fakeClock();
    const answer = expect(answerInTime(hanging(), clock, 1_000, late)).rejects.toThrow('late');
    await clock.advance(1_000);
    await answer;
    expect(clock.timers).toBe(0);
  });
});
