import { describe, expect, it } from 'vitest';
import { fetchOutcome } from '../../../src/classify/fetch.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { lab, retryEvery, Work, watch } from './lab.js';

const down = async (): Promise<never> => {
  throw new Error('down');
};
const hang = (): Promise<never> => new Promise(() => {});

describe('the deadline', () => {
  it('A sleep that can’t end before the deadline is refused at once, with the real error as cause', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(400), deadlineMs: 1_000 });
    await clock.advance(5_000);
    const answer = watch(pipeline.execute(down));
    await clock.advance(799);
    expect(answer.state).toBe('pending');
    await clock.advance(1);
    expect(answer.error).toMatchObject({ code: 'deadline-exceeded', name: 'TimeoutError', cause: { message: 'down' } });
    expect([clock.monotonic(), clock.timers]).toEqual([5_800, 0]);
  });

  it('a value that failed is returned as it is when no time is left', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(400), deadlineMs: 700, classify: fetchOutcome });
    const answer = watch(pipeline.execute(async () => new Response('', { status: 503 })));
    await clock.advance(400);
    expect((answer.value as Response).status).toBe(503);
  });

  it('a value that failed is returned too when its retry stands in line until then', async () => {
    const { clock, pipeline } = lab({
      retry: retryEvery(100),
      deadlineMs: 1_000,
      classify: fetchOutcome,
      concurrency: { limit: 1 },
    });
    const answer = watch(pipeline.execute(async () => new Response('', { status: 503 })));
    await clock.advance(50);
    watch(pipeline.execute(hang));
    await clock.advance(950);
    expect((answer.value as Response).status).toBe(503);
  });

  it('cuts a running attempt, and names the error before it as the cause', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(400), deadlineMs: 1_000 });
    const answer = watch(pipeline.execute(({ attempt }) => (attempt === 1 ? down() : hang())));
    await clock.advance(1_000);
    expect(answer.error).toMatchObject({ code: 'deadline-exceeded', cause: { message: 'down' } });
    expect(answer.error?.message).toContain('attempt 2 was still running');
    expect(clock.timers).toBe(0);
  });

  it('keeps the error of a callee whose own deadline passed', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(900), deadlineMs: 1_000 });
    const inner = resiliencePipeline({ clock, deadlineMs: 500, retry: false, name: 'inner' });
    const answer = watch(pipeline.execute(() => inner.execute(hang)));
    await clock.advance(1_000);
    expect(answer.error).toMatchObject({ code: 'deadline-exceeded', cause: { message: expect.stringContaining('inner') } });
  });

  it('is told from a timeout whatever the fractions of a millisecond', async () => {
    const clock = fakeClock();
    const pipeline = resiliencePipeline({
      clock,
      deadlineMs: 0.3,
      attemptTimeoutMs: 0.2,
      retry: retryEvery(0.05, 50),
      budget: false,
      circuitBreaker: false,
    });
    for (let i = 0; i < 50; i++) {
      await clock.advance(0.1);
      const answer = watch(pipeline.execute(({ attempt }) => (attempt === 1 ? down() : hang())));
      await clock.advance(1);
      expect(answer.error?.code).toBe('deadline-exceeded');
    }
  });

  it('what waited and came too late makes no call', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(400), deadlineMs: 1_000 });
    let calls = 0;
    const late = { ...clock, monotonic: () => clock.monotonic() + (calls > 0 && clock.monotonic() >= 400 ? 5_000 : 0) };
    const slow = resiliencePipeline({ clock: late, retry: retryEvery(400), deadlineMs: 1_000 });
    const answer = watch(
      slow.execute(() => {
        calls++;
        return down();
      }),
    );
    await clock.advance(2_000);
    expect(answer.error).toMatchObject({ code: 'deadline-exceeded', cause: { message: 'down' } });
    expect(calls).toBe(1);
    expect(await pipeline.execute(() => 'unharmed')).toBe('unharmed');
  });

  it('without one, and without a timeout, no timer is ever set', async () => {
    const { clock, pipeline } = lab();
    watch(pipeline.execute(hang));
    await clock.advance(0);
    expect(clock.timers).toBe(0);
  });
});

/** One slot, and a call that holds it. */
function lineBehind(settings: Parameters<typeof lab>[0]) {
  const { clock, pipeline } = lab({ concurrency: { limit: 1 }, ...settings });
  const work = new Work();
  watch(pipeline.execute(work.run));
  return { clock, pipeline, work };
}

describe('the deadline of who stands in line', () => {
  it('who has stood in line too long is not begun and cut off half-way, work that the other end would do for nobody', async () => {
    const { clock, pipeline, work } = lineBehind({ deadlineMs: 30_000, attemptTimeoutMs: 10_000 });
    let begun = 0;
    const stood = watch(pipeline.execute(() => begun++));
    await clock.advance(19_999);
    expect(stood.state).toBe('pending');
    await clock.advance(1);
    expect(stood.error).toMatchObject({ code: 'deadline-exceeded', name: 'TimeoutError' });
    expect(stood.error?.message).toBe(
      'no slot came free in time: attempt 1 could begin less than 10000 ms before its deadline only, and may take as long',
    );
    work.end();
    await clock.advance(20_000);
    expect([begun, clock.timers]).toEqual([0, 0]);
  });

  it('who comes out of the line in time has all of an attempt’s time', async () => {
    const { clock, pipeline, work } = lineBehind({ deadlineMs: 30_000, attemptTimeoutMs: 10_000 });
    const slow = watch(pipeline.execute(() => clock.sleep(9_999).then(() => 'slow')));
    await clock.advance(19_999);
    work.end();
    await clock.advance(9_999);
    expect(slow.value).toBe('slow');
  });

  it('where an attempt may take all of the time, half of it may be spent in line', async () => {
    const { clock, pipeline } = lineBehind({ deadlineMs: 1_000, attemptTimeoutMs: 1_000 });
    const stood = watch(pipeline.execute(() => 'never'));
    await clock.advance(499);
    expect(stood.state).toBe('pending');
    await clock.advance(1);
    expect(stood.error?.code).toBe('deadline-exceeded');
  });

  it('where nothing bounds an attempt, it may be begun until the deadline', async () => {
    const { clock, pipeline, work } = lineBehind({ attemptTimeoutMs: false });
    const stood = watch(pipeline.execute(() => 'begun'));
    await clock.advance(100_000_000);
    work.end();
    await clock.advance(0);
    expect([stood.value, clock.timers]).toEqual(['begun', 0]);
  });
});
