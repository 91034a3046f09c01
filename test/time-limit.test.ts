import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../src/testing/fake-clock.js';
import { answerInTime } from '../src/time-limit.js';

const late = (): Error => new Error('late');
/** No instance of our Promise, as those of some libraries and test runners are not. */
const ForeignPromise = runInNewContext('Promise') as PromiseConstructor;

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
