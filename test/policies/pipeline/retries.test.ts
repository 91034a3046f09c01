import { describe, expect, it } from 'vitest';
import { fetchOutcome } from '../../../src/classify/fetch.js';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { rateLimiter } from '../../../src/policies/rate-limiter.js';
import { retryBudget } from '../../../src/policies/retry-budget.js';
import { countedSignal, lab, retryEvery, Work, watch } from './lab.js';

const down = async (): Promise<never> => {
  throw new Error('down');
};

describe('retrying', () => {
  it('Backoff. maxAttempts includes the first; the last real error is the answer', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(100, 3) });
    let calls = 0;
    const answer = watch(pipeline.execute(() => Promise.reject(new Error(`no ${++calls}`))));
    await clock.advance(199);
    expect([calls, answer.state]).toEqual([2, 'pending']);
    await clock.advance(1);
    expect([calls, answer.error?.message]).toEqual([3, 'no 3']);
    expect(clock.timers).toBe(0);
  });

  it('a value that classify calls a failure is retried, and returned as it is when the attempts are used up', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(100, 3), classify: fetchOutcome });
    let calls = 0;
    const answer = watch(
      pipeline.execute(async () => {
        calls++;
        return new Response('busy', { status: 503 });
      }),
    );
    await clock.advance(1_000);
    expect(calls).toBe(3);
    expect(await (answer.value as Response).text()).toBe('busy');
  });

  it('what is not retryable is answered at once', async () => {
    const { pipeline } = lab({ retry: retryEvery(100) });
    let calls = 0;
    const broken = async (): Promise<never> => {
      calls++;
      throw new RangeError('of the program itself');
    };
    await expect(pipeline.execute(broken)).rejects.toThrow('of the program itself');
    expect(calls).toBe(1);
  });

  it('Retry-After is a floor, and puts a pause on all calls of a rate-limited destination', async () => {
    const { clock, pipeline } = lab({
      retry: retryEvery(100, 2),
      classify: fetchOutcome,
      rateLimiter: { limit: 100, maxWaitMs: 60_000 },
    });
    const starts: number[] = [];
    const call = async (): Promise<Response> => {
      starts.push(clock.monotonic());
      return new Response('', starts.length === 1 ? { status: 429, headers: { 'retry-after': '5' } } : { status: 200 });
    };
    const first = watch(pipeline.execute(call));
    await clock.advance(0);
    const second = watch(pipeline.execute(call));
    await clock.advance(10_000);
    expect([first.state, second.state]).toEqual(['resolved', 'resolved']);
    expect(starts[0]).toBe(0);
    for (const start of starts.slice(1)) expect(start).toBeGreaterThanOrEqual(5_000);
  });
});

describe('retrying and its budget', () => {
  it('An empty bucket ends retrying with the original error', async () => {
    const { clock, pipeline } = lab({ retry: retryEvery(10), budget: { maxTokens: 2, reservePerSecond: 0 } });
    let calls = 0;
    const answer = watch(
      pipeline.execute(async () => {
        calls++;
        throw new Error('the real one');
      }),
    );
    await clock.advance(1_000);
    expect([calls, answer.error?.message]).toEqual([3, 'the real one']);
  });

  it('a retry withdraws BEFORE its sleep, a timeout costs more, success refunds', async () => {
    const budget = retryBudget({ maxTokens: 10, reservePerSecond: 0, ratio: 0.5 });
    const { clock, pipeline } = lab({ retry: retryEvery(1_000, 3), budget, attemptTimeoutMs: 100 });
    const call = watch(pipeline.execute(({ attempt }) => (attempt === 1 ? down() : new Promise(() => {}))));
    await clock.advance(0);
    expect(budget.balance(0)).toBe(9);
    await clock.advance(1_100);
    expect(budget.balance(0)).toBe(7);
    await clock.advance(2_000);
    expect(call.error).toMatchObject({ code: 'attempt-timeout' });
    await pipeline.execute(() => 'ok');
    expect(budget.balance(0)).toBe(7.5);
  });

  const spent = { maxTokens: 10, reservePerSecond: 0 };
  it('the token goes back when the caller aborts during the sleep', async () => {
    const budget = retryBudget(spent);
    const { clock, pipeline } = lab({ retry: retryEvery(1_000), budget });
    const { controller, signal, listening } = countedSignal();
    let calls = 0;
    const answer = watch(
      pipeline.execute(() => {
        calls++;
        return down();
      }, signal),
    );
    await clock.advance(500);
    expect(budget.balance(0)).toBe(9);
    controller.abort(new Error('stop'));
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'cancelled', cause: { message: 'down' } });
    await clock.advance(5_000);
    expect([calls, budget.balance(0), clock.timers, listening()]).toEqual([1, 10, 0, 0]);
  });

  it('the token goes back when the circuit opened during the sleep, and the real error is the answer', async () => {
    const budget = retryBudget(spent);
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 2 }), openMs: 60_000 });
    const { clock, pipeline } = lab({ retry: retryEvery(1_000), budget, circuitBreaker: breaker });
    const one = watch(pipeline.execute(down));
    await clock.advance(10);
    const two = watch(pipeline.execute(down));
    await clock.advance(10_000);
    expect([one.error?.message, two.error?.message]).toEqual(['down', 'down']);
    expect(budget.balance(0)).toBe(10);
  });

  it('the token goes back when the retry is refused on its way in', async () => {
    const budget = retryBudget(spent);
    const limiter = bulkhead({ limit: 1, maxWaiting: 0 });
    const { clock, pipeline } = lab({ retry: retryEvery(1_000), budget, concurrency: limiter });
    const answer = watch(pipeline.execute(down));
    await clock.advance(0);
    const work = new Work();
    const other = watch(pipeline.execute(work.run));
    await clock.advance(1_000);
    expect(answer.error?.message).toBe('down');
    expect(budget.balance(0)).toBe(10);
    work.end();
    await clock.advance(0);
    expect([other.state, limiter.inFlight]).toEqual(['resolved', 0]);
  });

  it('the token goes back when the retry is aborted in line, or waits beyond the deadline there', async () => {
    for (const end of ['abort', 'deadline'] as const) {
      const budget = retryBudget(spent);
      const limiter = bulkhead({ limit: 1 });
      const { clock, pipeline } = lab({ retry: retryEvery(100), budget, concurrency: limiter, deadlineMs: 5_000 });
      const controller = new AbortController();
      const answer = watch(pipeline.execute(down, controller.signal));
      await clock.advance(0);
      const work = new Work();
      watch(pipeline.execute(work.run));
      await clock.advance(100);
      expect([limiter.waiting, budget.balance(0)]).toEqual([1, 9]);
      if (end === 'abort') controller.abort();
      else await clock.advance(4_900);
      await clock.advance(0);
      const code = end === 'abort' ? 'cancelled' : 'deadline-exceeded';
      expect(answer.error).toMatchObject({ code, cause: { message: 'down' } });
      expect([limiter.waiting, budget.balance(0)]).toEqual([0, 10]);
    }
  });

  it('the token goes back when the retry waits for a rate beyond the deadline', async () => {
    const budget = retryBudget(spent);
    const rate = rateLimiter({ limit: 1, intervalMs: 10_000, maxWaitMs: 60_000 });
    const { clock, pipeline } = lab({ retry: retryEvery(100), budget, rateLimiter: rate, deadlineMs: 5_000 });
    const answer = watch(pipeline.execute(down));
    await clock.advance(100);
    expect(answer.error).toMatchObject({ code: 'deadline-exceeded', cause: { message: 'down' } });
    expect([budget.balance(0), clock.timers]).toEqual([10, 0]);
  });

  it('the error a user sees is the real last outcome, not our own refusal', async () => {
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }), openMs: 60_000 });
    const { clock, pipeline } = lab({ retry: retryEvery(100), circuitBreaker: breaker });
    const answer = watch(pipeline.execute(down));
    await clock.advance(1_000);
    expect(breaker.state).toBe('open');
    expect(answer.error?.message).toBe('down');
  });
});
