import { afterEach, describe, expect, it, vi } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { promiseOf } from '../../../src/policies/pipeline/call.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { PipelineContext } from '../../../src/policies/pipeline/settings.js';
import { lab, retryEvery, Work, watch } from './lab.js';

describe('what a callee may be', () => {
  it('a value that is no promise is the answer', async () => {
    const { pipeline } = lab();
    expect(await pipeline.execute(() => 42)).toBe(42);
    expect(await pipeline.execute(() => null)).toBe(null);
    expect(await pipeline.execute(() => undefined)).toBe(undefined);
  });

  it('a throw before the first await is a failed attempt, and is retried', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(10) });
    let calls = 0;
    const answer = pipeline.execute(() => {
      if (++calls < 3) throw new Error('at once');
      return 'third';
    });
    await clock.advance(100);
    expect(await answer).toBe('third');
  });

  it('only what has a then is waited for: a function may, an object need not', () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    const thenable = Object.assign(() => {}, { then: (resolve: (value: number) => void) => resolve(1) });
    expect(promiseOf(thenable)).toBeInstanceOf(Promise);
    expect([promiseOf({ id: 1 }), promiseOf(() => 1)]).toEqual([undefined, undefined]);
  });

  it('a thenable is waited for', async () => {
    const { pipeline } = lab();
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    const thenable: PromiseLike<string> = { then: (resolve) => Promise.resolve('late').then(resolve) };
    expect(await pipeline.execute(() => thenable)).toBe('late');
  });

  it('a thenable that settles twice counts once', async () => {
    const limiter = bulkhead({ limit: 5 });
    const { clock, pipeline } = lab({ concurrency: limiter, retry: retryEvery(10) });
    let calls = 0;
    const twice = (): PromiseLike<never> => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (_resolve, reject) => {
        calls++;
        reject?.(new Error('once'));
        reject?.(new Error('twice'));
        return Promise.reject(new Error('unused')).catch(() => {}) as never;
      },
    });
    const answer = watch(pipeline.execute(twice));
    await clock.advance(1_000);
    expect(answer.error?.message).toBe('once');
    expect([calls, limiter.inFlight]).toEqual([4, 0]);
  });

  it('a thenable whose then throws leaks nothing', async () => {
    const limiter = bulkhead({ limit: 1 });
    const { clock, pipeline } = lab({ concurrency: limiter, attemptTimeoutMs: 100 });
    const broken = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (): never => {
        throw new Error('no then');
      },
    };
    await expect(pipeline.execute(() => broken as PromiseLike<never>)).rejects.toThrow('no then');
    const brokenGetter = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      get then(): never {
        throw new Error('no getter');
      },
    };
    await expect(pipeline.execute(() => brokenGetter as PromiseLike<never>)).rejects.toThrow('no getter');
    expect([limiter.inFlight, clock.timers]).toEqual([0, 0]);
  });

  it('what is no function, and a signal that is none, are refused before anything is taken', async () => {
    const limiter = bulkhead({ limit: 1 });
    const { pipeline } = lab({ concurrency: limiter });
    await expect(pipeline.execute(42 as never)).rejects.toMatchObject({
      code: 'invalid-option',
      message: 'execute(fn) must be a function, got 42 (number)',
    });
    for (const signal of [null, {}, { signal: new AbortController().signal }]) {
      await expect(pipeline.execute(() => 1, signal as never)).rejects.toMatchObject({ code: 'invalid-option' });
    }
    expect(() => pipeline.wrap('fn' as never)).toThrow('wrap(fn) must be a function, got "fn" (string)');
    expect(limiter.inFlight).toBe(0);
  });
});

describe('what a callee is handed', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('An AbortController is made only if the callee asks for signal', async () => {
    let made = 0;
    const Platform = AbortController;
    vi.stubGlobal(
      'AbortController',
      class extends Platform {
        constructor() {
          super();
          made++;
        }
      },
    );
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, retry: retryEvery(10) });
    await pipeline.execute(async () => 'no parameter');
    const hanging = watch(pipeline.execute(() => new Promise(() => {})));
    await clock.advance(1_000);
    expect(hanging.state).toBe('rejected');
    expect(made).toBe(0);
    await pipeline.execute(async (context) => context.signal.aborted);
    expect(made).toBe(1);
  });

  it('a context survives being spread, as cockatiel’s wrap spreads it: the callee hears of the timeout', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100 });
    let heard: unknown;
    const answer = watch(
      pipeline.execute((context) => {
        const spread: PipelineContext = { ...context };
        expect(spread.attempt).toBe(1);
        spread.signal.addEventListener('abort', () => {
          heard = spread.signal.reason;
        });
        return new Promise(() => {});
      }),
    );
    await clock.advance(100);
    expect(answer.error).toMatchObject({ code: 'attempt-timeout' });
    expect(heard).toBe(answer.error);
  });

  it('a callee with default or rest parameters has its signal too', async () => {
    const { pipeline } = lab();
    expect(await pipeline.execute(async (...[context]) => context.signal.aborted)).toBe(false);
    expect(await pipeline.execute(async ({ attempt } = { attempt: 0 } as never) => attempt)).toBe(1);
  });

  it('attempt counts from 1', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(10, 3) });
    const seen: number[] = [];
    const answer = watch(
      pipeline.execute(async ({ attempt }) => {
        seen.push(attempt);
        throw new Error('down');
      }),
    );
    await clock.advance(100);
    expect(answer.state).toBe('rejected');
    expect(seen).toEqual([1, 2, 3]);
  });

  it('wrap keeps this, arguments and the value', async () => {
    const { pipeline } = lab();
    const account = {
      rate: 3,
      total: pipeline.wrap(async function (this: { rate: number }, a: number, b: number) {
        return this.rate * (a + b);
      }),
    };
    expect(await account.total(1, 2)).toBe(9);
  });
});

describe('sharing', () => {
  it('one pipeline serves any number of calls and functions at once, under one limit', async () => {
    const limiter = bulkhead({ limit: 2 });
    const { clock, pipeline } = lab({ concurrency: limiter });
    const work = new Work();
    const calls = [1, 2, 3].map(() => watch(pipeline.execute(work.run)));
    expect([work.started, limiter.waiting]).toEqual([2, 1]);
    work.end('a');
    await clock.advance(0);
    expect(work.started).toBe(3);
    work.end('b');
    work.end('c');
    await clock.advance(0);
    expect(calls.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
    expect([limiter.inFlight, limiter.waiting, clock.timers]).toEqual([0, 0, 0]);
  });

  it('a breaker given to two pipelines: what one learns, the other obeys', async () => {
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 2 }), openMs: 1_000, rampUp: [] });
    const { clock, pipeline: reads } = lab({ circuitBreaker: breaker });
    const writes = resiliencePipeline({ circuitBreaker: breaker, clock, retry: false });
    for (let call = 0; call < 2; call++) await reads.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await expect(writes.execute(() => 1)).rejects.toMatchObject({ code: 'circuit-open' });
    await clock.advance(1_000);
    expect(await writes.execute(() => 1)).toBe(1);
    expect(await reads.execute(() => 2)).toBe(2);
    expect(breaker.state).toBe('closed');
  });

  it('plain options make a fresh breaker for each pipeline', async () => {
    const settings = { circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }) } };
    const { pipeline: one } = lab(settings);
    const { pipeline: other } = lab(settings);
    await one.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await expect(one.execute(() => 1)).rejects.toMatchObject({ code: 'circuit-open' });
    expect(await other.execute(() => 1)).toBe(1);
  });

  it('pipelines nest: the inner one’s refusals are no sample of the outer one’s breaker', async () => {
    const inner = lab({ circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }) } }).pipeline;
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 2 }) });
    const { pipeline: outer } = lab({ circuitBreaker: breaker });
    const call = () => outer.execute(({ signal }) => inner.execute(() => Promise.reject(new Error('down')), signal));
    await expect(call()).rejects.toThrow('down');
    for (let i = 0; i < 5; i++) await expect(call()).rejects.toMatchObject({ code: 'circuit-open' });
    expect(breaker.state).toBe('closed');
  });

  it('pipelines nest: the outer timeout reaches the innermost callee', async () => {
    const { clock, pipeline: outer } = lab({ attemptTimeoutMs: 50 });
    const inner = resiliencePipeline({ clock, retry: false });
    let heard = false;
    const answer = watch(
      outer.execute(({ signal }) =>
        inner.execute((context) => {
          context.signal.addEventListener('abort', () => {
            heard = true;
          });
          return new Promise(() => {});
        }, signal),
      ),
    );
    await clock.advance(50);
    expect(answer.error).toMatchObject({ code: 'attempt-timeout' });
    expect(heard).toBe(true);
    expect(clock.timers).toBe(0);
  });
});

describe('onSuccess and onFailure', () => {
  it('fire as cockatiel’s do, with the duration, and whether it is tried again', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(10, 2) });
    const heard: unknown[] = [];
    const success = pipeline.onSuccess((event) => heard.push(event));
    pipeline.onFailure((event) => heard.push(event));
    const error = new Error('down');
    const work = new Work();
    const failing = watch(pipeline.execute(work.run));
    await clock.advance(5);
    work.fail(error);
    await clock.advance(10);
    work.fail(error);
    await clock.advance(0);
    expect(failing.error).toBe(error);
    await pipeline.execute(() => 1);
    success.dispose();
    await pipeline.execute(() => 1);
    expect(heard).toEqual([
      { duration: 5, handled: true, reason: { error } },
      { duration: 0, handled: false, reason: { error } },
      { duration: 0 },
    ]);
  });

  it('a listener that throws harms nothing', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(10, 2), budget: {} });
    const thrower = (): never => {
      throw new Error('listener');
    };
    pipeline.onSuccess(thrower);
    pipeline.onFailure(thrower);
    let calls = 0;
    const answer = pipeline.execute(async () => {
      if (++calls === 1) throw new Error('down');
      return 'ok';
    });
    await clock.advance(10);
    expect(await answer).toBe('ok');
  });
});
