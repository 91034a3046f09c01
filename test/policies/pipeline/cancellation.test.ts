import { getEventListeners } from 'node:events';
import { isTaskCancelledError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import type { CancelSignal } from '../../../src/policies/pipeline/cancel-signal.js';
import type { ResiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import { rateLimiter } from '../../../src/policies/rate-limiter.js';
import { retryBudget } from '../../../src/policies/retry-budget.js';
import { countedSignal, lab, retryEvery, type Watched, Work, watch } from './lab.js';

const stop = new Error('stop');

/** As a transport does, which asks the attempt itself: a callee that declares no parameter is handed it. */
function attemptOf(pipeline: ResiliencePipeline, work: Work, signal?: AbortSignal): { attempt: CancelSignal; answer: Watched } {
  let attempt: CancelSignal | undefined;
  const callee = (...handed: unknown[]): Promise<unknown> => {
    attempt = handed[0] as CancelSignal;
    return work.run();
  };
  const answer = watch(pipeline.execute(callee, signal));
  if (attempt === undefined) throw new Error('not called');
  return { attempt, answer };
}

it('a call that has ended leaves no listener on its signal', async () => {
  const { signal } = new AbortController();
  const { pipeline } = lab();
  await pipeline.execute(() => Promise.resolve(1), signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('a signal that can not be listened to fails the call', async () => {
  const { pipeline } = lab();
  const addEventListener = (): never => {
    throw new Error('deaf');
  };
  const deaf = { aborted: false, addEventListener, removeEventListener: () => {} };
  await expect(pipeline.execute(() => Promise.resolve(1), deaf as never)).rejects.toThrow('deaf');
});

it('a retry that is aborted gives back what it paid: the price of a timeout, or of a failure', async () => {
  const budget = retryBudget({ reservePerSecond: 0 });
  for (let i = 0; i < 3; i++) budget.withdraw(false, 0);
  const { clock, pipeline } = lab({ retry: retryEvery(100), budget, attemptTimeoutMs: 50 });
  const balances: number[] = [];
  for (const callee of [() => new Promise(() => {}), () => Promise.reject(new Error('down'))]) {
    const controller = new AbortController();
    watch(pipeline.execute(callee, controller.signal));
    await clock.advance(50);
    balances.push(budget.balance(0));
    controller.abort();
    await clock.advance(0);
    balances.push(budget.balance(0));
  }
  expect(balances).toEqual([5, 7, 6, 7]);
});

describe('the attempt as a lighter signal', () => {
  it('tells its one listener once, and why', async () => {
    const { pipeline } = lab();
    const controller = new AbortController();
    for (const asObject of [false, true]) {
      const own = new AbortController();
      const { attempt } = attemptOf(pipeline, new Work(), asObject ? own.signal : controller.signal);
      let heard = 0;
      const listener = (): void => {
        heard++;
      };
      attempt.addEventListener('abort', asObject ? { handleEvent: listener } : listener);
      expect([attempt.aborted, attempt.reason, heard]).toEqual([false, undefined, 0]);
      (asObject ? own : controller).abort(stop);
      expect([attempt.aborted, attempt.reason, heard]).toEqual([true, stop, 1]);
    }
  });

  it('tells nobody who has left, and nobody is made to leave by another', () => {
    const { pipeline } = lab();
    const controller = new AbortController();
    const heard: string[] = [];
    const hears = (name: string) => (): void => {
      heard.push(name);
    };
    const [stays, leaves, stranger] = [hears('stays'), hears('leaves'), hears('stranger')];
    const kept = attemptOf(pipeline, new Work(), controller.signal).attempt;
    kept.addEventListener('abort', stays);
    kept.removeEventListener('abort', stranger);
    const left = attemptOf(pipeline, new Work(), controller.signal).attempt;
    left.addEventListener('abort', leaves);
    left.removeEventListener('abort', leaves);
    controller.abort();
    expect(heard).toEqual(['stays']);
  });

  it('is taken from a caller too, listened to once, and left when the call has ended', async () => {
    const { clock, pipeline } = lab();
    const heard: string[] = [];
    const asked: CancelSignal = {
      aborted: false,
      reason: stop,
      addEventListener: (type, _listener, options) => heard.push(`${type}, once: ${options?.once}`),
      removeEventListener: (type) => heard.push(`no more ${type}`),
    };
    const work = new Work();
    const answer = watch(pipeline.execute(work.run, asked as AbortSignal));
    work.end('done');
    await clock.advance(0);
    expect(answer.value).toBe('done');
    expect(heard).toEqual(['abort, once: true', 'no more abort']);
  });
});

describe('the caller’s abort', () => {
  it('before the call: cancelled, and nothing is called', async () => {
    const breaker = circuitBreaker();
    breaker.isolate();
    const { pipeline } = lab({ circuitBreaker: breaker });
    let calls = 0;
    const answer = watch(pipeline.execute(() => calls++, AbortSignal.abort(stop)));
    await Promise.resolve();
    await Promise.resolve();
    expect(answer.error).toMatchObject({ code: 'cancelled', name: 'AbortError', cause: stop });
    expect(calls).toBe(0);
  });

  it('while the call runs: answered at once, the callee hears the caller’s reason, the slot waits for the end', async () => {
    const limiter = bulkhead({ limit: 1 });
    const { clock, pipeline } = lab({ concurrency: limiter });
    const { controller, signal, listening } = countedSignal();
    const work = new Work();
    let heard: unknown;
    const answer = watch(
      pipeline.execute((context) => {
        context.signal.addEventListener('abort', () => {
          heard = context.signal.reason;
        });
        return work.run();
      }, signal),
    );
    controller.abort(stop);
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: stop });
    expect(isTaskCancelledError(answer.error)).toBe(true);
    expect([heard, limiter.inFlight, listening()]).toEqual([stop, 1, 0]);
    work.end();
    await clock.advance(0);
    expect(limiter.inFlight).toBe(0);
  });

  it('`cancelled` never counts against a destination, and is no sample', async () => {
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }) });
    const { clock, pipeline } = lab({ circuitBreaker: breaker, retry: retryEvery(1) });
    const controller = new AbortController();
    const work = new Work();
    watch(pipeline.execute(work.run, controller.signal));
    controller.abort();
    work.fail(new Error('its own'));
    await clock.advance(100);
    expect([breaker.state, work.started]).toEqual(['closed', 1]);
  });

  it('by the callee itself, before its first await: heard all the same', async () => {
    const { clock, pipeline } = lab();
    const controller = new AbortController();
    const answer = watch(
      pipeline.execute(() => {
        controller.abort(stop);
        return new Promise(() => {});
      }, controller.signal),
    );
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: stop });
  });

  it('Abort ends a sleep at once, and the call is not made again', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(60_000) });
    const { controller, signal, listening } = countedSignal();
    let calls = 0;
    const down = (): never => {
      calls++;
      throw new Error('down');
    };
    const answer = watch(pipeline.execute(down, signal));
    await clock.advance(10);
    expect([listening(), clock.timers]).toEqual([1, 1]);
    controller.abort(stop);
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: { message: 'down' } });
    expect([listening(), clock.timers]).toEqual([0, 0]);
    await clock.advance(600_000);
    expect(calls).toBe(1);
  });

  it('between an attempt and its sleep: there is no sleep', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(60_000) });
    const controller = new AbortController();
    pipeline.onFailure(() => controller.abort(stop));
    const answer = watch(pipeline.execute(() => Promise.reject(new Error('down')), controller.signal));
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: { message: 'down' } });
    expect(clock.timers).toBe(0);
  });

  it('of a signal that others listened to and left: heard all the same', async () => {
    const { clock, pipeline } = lab();
    const { controller, signal, listening } = countedSignal();
    const work = new Work();
    const calls = [1, 2].map(() => watch(pipeline.execute(work.run, signal)));
    work.end();
    await clock.advance(0);
    expect(listening()).toBe(1);
    controller.abort(stop);
    await clock.advance(0);
    expect(calls.map(({ state }) => state)).toEqual(['resolved', 'rejected']);
    expect(listening()).toBe(0);
  });

  it('while it stands in line: it leaves the line at once', async () => {
    const limiter = bulkhead({ limit: 1 });
    const { clock, pipeline } = lab({ concurrency: limiter, deadlineMs: 10_000 });
    const work = new Work();
    watch(pipeline.execute(work.run));
    const { controller, signal, listening } = countedSignal();
    const answer = watch(pipeline.execute(work.run, signal));
    await clock.advance(10);
    expect([limiter.waiting, listening()]).toEqual([1, 1]);
    controller.abort(stop);
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: stop });
    expect([limiter.waiting, listening()]).toEqual([0, 0]);
    work.end();
    await clock.advance(0);
    expect([work.started, limiter.inFlight, clock.timers]).toEqual([1, 0, 0]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    '%i microtasks after the slot came free: the next in line is not forgotten',
    async (hops) => {
      const limiter = bulkhead({ limit: 1 });
      const { clock, pipeline } = lab({ concurrency: limiter });
      const work = new Work();
      watch(pipeline.execute(work.run));
      const controller = new AbortController();
      const aborted = watch(pipeline.execute(work.run, controller.signal));
      const next = watch(pipeline.execute(() => 'next'));
      work.end();
      for (let hop = 0; hop < hops; hop++) await Promise.resolve();
      controller.abort(stop);
      const begun = work.started;
      await clock.advance(0);
      expect(aborted.error).toMatchObject({ code: 'cancelled', cause: stop });
      expect(work.started).toBe(begun);
      // If it had begun by then, its slot is free when its work ends.
      work.end();
      await clock.advance(0);
      expect([next.value, limiter.inFlight, limiter.waiting]).toEqual(['next', 0, 0]);
    },
  );

  it('while it waits for its rate: the token goes back', async () => {
    const rate = rateLimiter({ limit: 1, intervalMs: 1_000, maxWaitMs: 10_000 });
    const limiter = bulkhead({ limit: 5 });
    const { clock, pipeline } = lab({ rateLimiter: rate, concurrency: limiter });
    await pipeline.execute(() => 1);
    const { controller, signal, listening } = countedSignal();
    const answer = watch(pipeline.execute(() => 2, signal));
    await clock.advance(10);
    expect(rate.waitMs(clock.monotonic())).toBe(1_990);
    controller.abort(stop);
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled' });
    expect([rate.waitMs(clock.monotonic()), limiter.inFlight, listening(), clock.timers]).toEqual([990, 0, 0, 0]);
  });

  it('Closing many at once is a set of attempts, not one shared signal: 10,000 calls under one signal cost one listener', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 1_000 });
    const { controller, signal, added, listening } = countedSignal();
    const calls = Array.from({ length: 10_000 }, () => watch(pipeline.execute(() => new Promise(() => {}), signal)));
    const sleeping = lab({ retry: retryEvery(60_000) });
    const down = (): never => {
      throw new Error('down');
    };
    const sleepers = Array.from({ length: 10_000 }, () => watch(sleeping.pipeline.execute(down, signal)));
    await clock.advance(1);
    expect(listening()).toBe(1);
    expect(added()).toBeLessThanOrEqual(2);
    controller.abort(stop);
    await clock.advance(0);
    expect([...calls, ...sleepers].every(({ error }) => error?.code === 'cancelled')).toBe(true);
    expect([listening(), clock.timers, sleeping.clock.timers]).toEqual([0, 0, 0]);
  });
});
