import { ConsecutiveBreaker, ConstantBackoff } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { constant, decorrelatedJitter } from '../../../src/policies/backoff.js';
import { slowCallRate } from '../../../src/policies/breaker-rules/slow-call-rate.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { planPipeline } from '../../../src/policies/pipeline/plan.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { PipelineSettings } from '../../../src/policies/pipeline/settings.js';
import { retryBudget } from '../../../src/policies/retry-budget.js';
import { lab, watch } from './lab.js';

const refused = (settings: unknown): unknown => {
  try {
    resiliencePipeline(settings as PipelineSettings);
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
  return 'taken';
};

describe('settings are checked when the pipeline is built, not at the first outage', () => {
  it.each([
    [null, 'resiliencePipeline must be an object of options, got null'],
    [{ deadlineMS: 1 }, 'resiliencePipeline has no option "deadlineMS"; it has deadlineMs, retry,'],
    [{ deadlineMs: -1 }, 'deadlineMs must be a finite number above 0, got -1 (number)'],
    [{ deadlineMs: Number.NaN }, 'deadlineMs must be a finite number above 0, got NaN (number)'],
    [{ deadlineMs: true }, 'deadlineMs must be a finite number above 0, got true (boolean)'],
    [{ attemptTimeoutMs: 0 }, 'attemptTimeoutMs must be a finite number above 0, got 0 (number)'],
    [{ attemptTimeoutMs: Number.POSITIVE_INFINITY }, 'attemptTimeoutMs must be a finite number above 0, got Infinity (number)'],
    [{ retry: 3 }, 'retry must be an object of options, got 3 (number)'],
    [{ retry: true }, 'retry must be an object of options, got true (boolean)'],
    [{ retry: { attempts: 3 } }, 'retry has no option "attempts"'],
    [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts must be an integer from 1 to 100, got 0 (number)'],
    [{ retry: { on: ['cancelled'] } }, 'retry.on must be made of'],
    [{ retry: { backoff: 5 } }, 'retry.backoff must be an object with next(), got 5 (number)'],
    [{ retry: { backoff: 'exp' } }, 'retry.backoff must be an object with next(), got a string of 3 characters'],
    [{ retry: { backoff: null } }, 'retry.backoff must be an object with next(), got null'],
    [{ budget: 20 }, 'budget must be options, a retryBudget, or false, got 20 (number)'],
    [{ budget: null }, 'budget must be options, a retryBudget, or false, got null'],
    [{ rateLimiter: 5 }, 'rateLimiter must be options, an instance, or false, got 5 (number)'],
    [{ budget: { withdraw: true } }, 'budget must be an object with deposit(), withdraw()'],
    [{ circuitBreaker: 'on' }, 'circuitBreaker must be options, an instance, or false, got "on" (string)'],
    [{ circuitBreaker: { acquire: 1 } }, 'circuitBreaker must be an object with acquire(), record()'],
    [{ circuitBreaker: { openMs: -1 } }, 'circuitBreaker.openMs must be a finite number above 0, got -1 (number)'],
    [{ concurrency: { limit: 0 } }, 'bulkhead.limit must be an integer from 1 to 1000000, got 0 (number)'],
    [{ concurrency: 10 }, 'concurrency must be options, an instance, or false, got 10 (number)'],
    [{ rateLimiter: {} }, 'rateLimiter.limit must be an integer from 1 to 1000000, got undefined (undefined)'],
    [{ classify: 'fetch' }, 'classify must be a function or a cockatiel filter, got "fetch" (string)'],
    [{ classify: { options: {} } }, 'classify must be a function or a cockatiel filter'],
    [{ classify: { options: { errorFilter: () => true } } }, 'classify must be a function or a cockatiel filter'],
    [{ classify: { options: { resultFilter: () => true } } }, 'classify must be a function or a cockatiel filter'],
    [{ classify: null }, 'classify must be a function or a cockatiel filter, got null'],
    [{ extra: {} }, 'extra must be an array of policies'],
    [{ extra: [{ acquire: () => undefined }] }, 'extra[0] must be an object with acquire(), record(), release()'],
    [{ clock: {} }, 'clock must be an object with now(), monotonic(), setTimer()'],
    [{ random: 0.5 }, 'random must be a function, got 0.5 (number)'],
    [{ name: 7 }, 'name must be a string, got 7 (number)'],
  ])('%j', (settings, message) => {
    expect(refused(settings)).toContain(`invalid-option: ${message}`);
  });

  it('also where the plan is made for many destinations, and none has been called', () => {
    for (const settings of [
      { rateLimiter: {} as never },
      { concurrency: { limit: 0 } },
      { circuitBreaker: { openMs: -1 } },
      { budget: { ratio: 0 } },
    ]) {
      expect(() => planPipeline(settings)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });
});

describe('A configuration that works against itself is refused when it is built, with the reason', () => {
  it('an attempt timeout longer than the deadline', () => {
    expect(refused({ deadlineMs: 1_000, attemptTimeoutMs: 1_001 })).toBe(
      'invalid-option: attemptTimeoutMs (1001) must not be longer than deadlineMs (1000): no attempt could ever time out',
    );
    expect(refused({ attemptTimeoutMs: 30_001 })).toContain('deadlineMs (30000)');
    expect(refused({ deadlineMs: false, attemptTimeoutMs: 60_000 })).toBe('taken');
  });

  it('a budget with no refund', () => {
    expect(refused({ budget: { ratio: 0 } })).toContain('budget.ratio must be above 0, as successes would refund nothing');
  });

  it('a slow call that no attempt could last for', () => {
    const rule = slowCallRate({ slowMs: 2_000 });
    expect(refused({ attemptTimeoutMs: 1_999, circuitBreaker: { rule } })).toBe(
      "invalid-option: circuitBreaker.rule's slowMs (2000) must not be longer than an attempt may take (1999): no call could ever be slow",
    );
    expect(refused({ attemptTimeoutMs: 2_000, circuitBreaker: { rule } })).toBe('taken');
    expect(refused({ deadlineMs: 1_000, attemptTimeoutMs: false, circuitBreaker: { rule } })).toContain('(1000)');
    expect(refused({ deadlineMs: false, attemptTimeoutMs: false, circuitBreaker: { rule } })).toBe('taken');
  });

  it('a deadline before the first retry that was asked for', () => {
    expect(refused({ deadlineMs: 200, retry: { maxAttempts: 3 } })).toContain(
      'invalid-option: deadlineMs (200) must be longer than the first delay of retry.backoff: no retry could ever begin',
    );
    expect(refused({ deadlineMs: 500, retry: { backoff: constant({ delayMs: 1_000 }) } })).toContain('deadlineMs (500)');
    expect(refused({ deadlineMs: 500, retry: { on: ['rejected'], backoff: constant({ delayMs: 1_000 }) } })).toContain('500');
    expect(refused({ deadlineMs: 500, retry: { backoff: decorrelatedJitter({ baseMs: 100, capMs: 9_000 }) } })).toBe('taken');
    expect(refused({ deadlineMs: 200 })).toBe('taken');
    expect(refused({ deadlineMs: 200, retry: false })).toBe('taken');
    expect(refused({ deadlineMs: 200, retry: { maxAttempts: 1 } })).toBe('taken');
    expect(refused({ deadlineMs: 200, retry: { backoff: new ConstantBackoff(1_000) } })).toBe('taken');
  });
});

describe('defaults', () => {
  it('are those of the table: deadline 30 s, attempt timeout 10 s, 4 attempts, breaker, budget and an adaptive limit on, the rest off', () => {
    const plan = planPipeline({});
    expect([plan.deadlineMs, plan.timeoutMs, plan.retry.maxAttempts]).toEqual([30_000, 10_000, 4]);
    expect([plan.breaker()?.state, plan.budget()?.balance(0)]).toEqual(['closed', 10]);
    expect(plan.limiter()?.snapshot(0, 0)).toEqual({ limit: 20, searching: true });
    expect([plan.rate(), plan.extra]).toEqual([undefined, []]);
  });

  it('the attempt timeout is never longer than a deadline that was set alone', () => {
    expect(planPipeline({ deadlineMs: 2_000 }).timeoutMs).toBe(2_000);
    expect(planPipeline({ deadlineMs: false }).timeoutMs).toBe(10_000);
    expect(planPipeline({ deadlineMs: false, attemptTimeoutMs: false }).timeoutMs).toBe(undefined);
  });

  it('false leaves a part out', () => {
    const plan = planPipeline({ circuitBreaker: false, budget: false, retry: false, concurrency: false, rateLimiter: false });
    expect([plan.breaker(), plan.budget(), plan.limiter(), plan.rate(), plan.retry.maxAttempts]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      1,
    ]);
  });

  it('without retries there is no budget, unless whoever retries around the pipeline asks for one', () => {
    expect(planPipeline({ retry: false }).budget()).toBe(undefined);
    expect(planPipeline({ retry: false, budget: {} }).budget()).toBeDefined();
  });
});

describe('one plan for many destinations', () => {
  it('options make a fresh part each time, an instance is shared', () => {
    const options = planPipeline({ concurrency: { limit: 2 }, rateLimiter: { limit: 2 } });
    expect(options.breaker()).not.toBe(options.breaker());
    expect(options.limiter()).not.toBe(options.limiter());
    expect(options.rate()).not.toBe(options.rate());
    expect(options.budget()).not.toBe(options.budget());
    const [breaker, limiter, budget] = [circuitBreaker(), bulkhead({ limit: 1 }), retryBudget()];
    const instances = planPipeline({ circuitBreaker: breaker, concurrency: limiter, budget });
    expect([instances.breaker(), instances.limiter(), instances.budget()]).toEqual([breaker, limiter, budget]);
    expect(instances.breaker()).toBe(breaker);
  });

  it('options are read once: what is changed in them later changes nothing', () => {
    const options = { openMs: 1_000 };
    const plan = planPipeline({ circuitBreaker: options });
    options.openMs = -1;
    expect(plan.breaker()?.state).toBe('closed');
  });

  it('a cockatiel breaker is a rule', async () => {
    const { pipeline } = lab({ circuitBreaker: { rule: new ConsecutiveBreaker(2) } });
    for (let i = 0; i < 2; i++) await pipeline.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    const answer = watch(pipeline.execute(() => 1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answer.error).toMatchObject({ code: 'circuit-open' });
  });
});
