import {
  bulkhead,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  fallback,
  handleAll,
  type IDefaultPolicyContext,
  type IPolicy,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker as ringbackBreaker } from '../../../src/policies/circuit-breaker.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { PipelineContext } from '../../../src/policies/pipeline/settings.js';
import { type Watched, watch } from './lab.js';

/** cockatiel takes no clock: the platform's timers are faked, and ours follow. */
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OURS_MS = 100;
const THEIRS_MS = 50;
const ours = (over = {}) => resiliencePipeline({ attemptTimeoutMs: OURS_MS, retry: false, ...over });

const theirs = {
  retry: () => retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(10) }),
  'timeout, cooperative': () => timeout(THEIRS_MS, TimeoutStrategy.Cooperative),
  'timeout, aggressive': () => timeout(THEIRS_MS, TimeoutStrategy.Aggressive),
  circuitBreaker: () => circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(1) }),
  bulkhead: () => bulkhead(1, 0),
  fallback: () => fallback(handleAll, 'plan B'),
} satisfies Record<string, () => IPolicy<IDefaultPolicyContext, unknown>>;
type Theirs = keyof typeof theirs;

/** Hangs until its signal says stop. */
class HangingCallee {
  heard = 0;
  readonly run = ({ signal }: { readonly signal: AbortSignal }): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        this.heard++;
        reject(new DOMException('its own', 'AbortError'));
      });
    });
}
/** Hangs, and never looks at its signal. */
const deafCallee = (_context: unknown): Promise<never> => new Promise(() => {});

const endOf = ({ error, value }: Watched): unknown =>
  typeof error?.code === 'string' ? error.code : ((error as Error | undefined)?.name ?? value);

/** When it is answered, and with what: a code of ours, the name of another error, or the value. */
type Answer = readonly [atMs: number, end: string];

async function answerOf(execute: () => Promise<unknown>): Promise<Answer> {
  const startedAt = performance.now();
  const answer = watch(execute());
  for (let i = 0; i < 50 && answer.state === 'pending'; i++) await vi.advanceTimersByTimeAsync(10);
  return [performance.now() - startedAt, String(endOf(answer))];
}

describe('wrap(theirs, ours): their policy around our pipeline answers in time', () => {
  const expected: Record<Theirs, Answer> = {
    retry: [2 * OURS_MS + 10, 'attempt-timeout'],
    'timeout, cooperative': [THEIRS_MS, 'cancelled'],
    'timeout, aggressive': [THEIRS_MS, 'cancelled'],
    circuitBreaker: [OURS_MS, 'attempt-timeout'],
    bulkhead: [OURS_MS, 'attempt-timeout'],
    fallback: [OURS_MS, 'plan B'],
  };

  it.each(Object.entries(expected))('%s: a callee that hangs hears its signal', async (name, answer) => {
    const callee = new HangingCallee();
    expect(await answerOf(() => wrap(theirs[name as Theirs](), ours()).execute(callee.run))).toEqual(answer);
    expect(callee.heard).toBe(name === 'retry' ? 2 : 1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(Object.entries(expected))('%s: a callee that ignores its signal', async (name, answer) => {
    expect(await answerOf(() => wrap(theirs[name as Theirs](), ours()).execute(deafCallee))).toEqual(answer);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('wrap(ours, theirs): our pipeline around their policy answers in time', () => {
  const hanging: Record<Theirs, Answer> = {
    retry: [OURS_MS, 'attempt-timeout'],
    'timeout, cooperative': [THEIRS_MS, 'AbortError'],
    'timeout, aggressive': [THEIRS_MS, 'AbortError'],
    circuitBreaker: [OURS_MS, 'attempt-timeout'],
    bulkhead: [OURS_MS, 'attempt-timeout'],
    fallback: [OURS_MS, 'attempt-timeout'],
  };

  it.each(Object.entries(hanging))('%s: a callee that hangs hears its signal', async (name, answer) => {
    const callee = new HangingCallee();
    expect(await answerOf(() => wrap(ours(), theirs[name as Theirs]()).execute(callee.run))).toEqual(answer);
    expect(callee.heard).toBeGreaterThanOrEqual(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  const deaf: Record<Theirs, Answer> = {
    ...hanging,
    'timeout, cooperative': [OURS_MS, 'attempt-timeout'],
    // cockatiel's TaskCancelledError has no name of its own.
    'timeout, aggressive': [THEIRS_MS, 'Error'],
  };

  it.each(Object.entries(deaf))('%s: a callee that ignores its signal', async (name, answer) => {
    expect(await answerOf(() => wrap(ours(), theirs[name as Theirs]()).execute(deafCallee))).toEqual(answer);
  });
});

describe('what the one makes of the other’s errors', () => {
  it('our refusals are refusals to cockatiel’s filters, by its own guards', async () => {
    const breaker = ringbackBreaker();
    breaker.isolate();
    const isRefusal = vi.fn((error: Error) => 'isBrokenCircuitError' in error);
    const policy = wrap(fallback(handleAll.orType(Error, isRefusal), 'closed'), ours({ circuitBreaker: breaker }));
    expect(await policy.execute(() => 1)).toBe('closed');
  });

  it('their timeout inside counts against the destination, and is retried', async () => {
    const breaker = ringbackBreaker({ rule: consecutiveFailures({ threshold: 3 }) });
    const pipeline = resiliencePipeline({ attemptTimeoutMs: 1_000, circuitBreaker: breaker });
    const answer = watch(wrap(pipeline, timeout(THEIRS_MS, TimeoutStrategy.Aggressive)).execute(deafCallee));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(answer.state).toBe('rejected');
    expect(breaker.state).toBe('open');
  });

  it('their refusals inside are `shed`: no sample, and not retried', async () => {
    const breaker = ringbackBreaker({ rule: consecutiveFailures({ threshold: 1 }) });
    const pipeline = resiliencePipeline({ attemptTimeoutMs: 10_000, circuitBreaker: breaker });
    const policy = wrap(pipeline, bulkhead(1, 0));
    const first = watch(policy.execute(deafCallee));
    const second = watch(policy.execute(deafCallee));
    await vi.advanceTimersByTimeAsync(10);
    expect([first.state, second.state, breaker.state]).toEqual(['pending', 'rejected', 'closed']);
    expect(second.error).toHaveProperty('isBulkheadRejectedError', true);
  });

  it('their retry sleeps on after an abort, but ours is not called again', async () => {
    const controller = new AbortController();
    let calls = 0;
    const policy = wrap(retry(handleAll, { maxAttempts: 5, backoff: new ConstantBackoff(10) }), ours());
    const down = (): never => {
      calls++;
      throw new Error('down');
    };
    const answer = watch(policy.execute(down, controller.signal));
    await vi.advanceTimersByTimeAsync(5);
    controller.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([calls, answer.error?.code]).toEqual([1, 'cancelled']);
  });
});

describe('ours is one of theirs', () => {
  it('it composes on both sides, and three deep, with values passing through', async () => {
    const policy = wrap(retry(handleAll, { maxAttempts: 1 }), ours(), bulkhead(2));
    expect(await policy.execute(({ signal, attempt }) => [signal.aborted, attempt])).toEqual([false, 1]);
  });

  it('onSuccess and onFailure of a wrap are those of its first policy', async () => {
    const heard: string[] = [];
    const policy = wrap(ours(), bulkhead(1));
    policy.onSuccess(() => heard.push('success'));
    policy.onFailure(() => heard.push('failure'));
    await policy.execute(() => 1);
    await policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(heard).toEqual(['success', 'failure']);
  });

  it('typed: the context of a composition has our signal and attempt', () => {
    const outside = wrap(ours(), retry(handleAll, { maxAttempts: 1 }));
    const inside = wrap(timeout(10, TimeoutStrategy.Aggressive), ours());
    expectTypeOf(ours()).toExtend<IPolicy<PipelineContext>>();
    expectTypeOf(outside.execute<number>)
      .parameter(0)
      .parameter(0)
      .toHaveProperty('signal')
      .toEqualTypeOf<AbortSignal>();
    expectTypeOf(inside.execute<number>)
      .parameter(0)
      .parameter(0)
      .toHaveProperty('attempt')
      .toEqualTypeOf<number>();
  });
});
