import { describe, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import type { Attempt, Policy } from '../../../src/policies/policy.js';
import { rateLimiter } from '../../../src/policies/rate-limiter.js';
import { countedSignal, lab, retryEvery, Work, watch } from './lab.js';

const policy = (over: Partial<Policy>): Policy => ({
  name: 'own',
  acquire: () => undefined,
  record: () => {},
  release: () => {},
  snapshot: () => ({}),
  restore: () => {},
  ...over,
});
const refusal = { code: 'policy-refused', policy: 'own', reason: 'closed on Sundays', retryAfterMs: 60_000 } as const;

/** One of each limiter, to see whether anything is kept. */
function limits() {
  const limiter = bulkhead({ limit: 5 });
  const rate = rateLimiter({ limit: 5, intervalMs: 1_000 });
  return { limiter, rate, settings: { concurrency: limiter, rateLimiter: rate } };
}

describe('refusals', () => {
  it('Refusals are fresh, stackless errors with the destination in the message', async () => {
    const breaker = circuitBreaker();
    breaker.isolate();
    const { pipeline } = lab({ circuitBreaker: breaker, name: 'https://partner.example' });
    const [one, two] = await Promise.all([1, 2].map(() => pipeline.execute(() => 1).catch((error: Error) => error)));
    expect((one as Error).message).toBe('circuit-breaker refused a call to https://partner.example: isolated by hand');
    expect(one).not.toBe(two);
    expect((one as Error).stack ?? '').not.toContain('\n    at ');
  });

  it('A refusal says when to come back where it knows', async () => {
    const { clock, pipeline } = lab({ circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }), openMs: 5_000 } });
    await pipeline.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await clock.advance(1_000);
    await expect(pipeline.execute(() => 1)).rejects.toMatchObject({ code: 'circuit-open', retryAfterMs: 4_000 });
    const rate = lab({ rateLimiter: { limit: 1, intervalMs: 60_000, maxWaitMs: 0 } });
    await rate.pipeline.execute(() => 1);
    await rate.clock.advance(10_000);
    await expect(rate.pipeline.execute(() => 1)).rejects.toMatchObject({ code: 'rate-limited', retryAfterMs: 50_000 });
  });

  it('one by an open circuit takes no slot and no token', async () => {
    const { limiter, rate, settings } = limits();
    const breaker = circuitBreaker();
    breaker.isolate();
    const { clock, pipeline } = lab({ ...settings, circuitBreaker: breaker });
    for (let i = 0; i < 20; i++) await pipeline.execute(() => 1).catch(() => {});
    expect([limiter.inFlight, rate.waitMs(clock.monotonic())]).toEqual([0, 0]);
  });

  it('a late refusal gives back what was taken: the rate token and the slot', async () => {
    const { limiter, rate, settings } = limits();
    const { clock, pipeline } = lab({ ...settings, extra: [policy({ acquire: () => refusal })] });
    for (let i = 0; i < 20; i++)
      await expect(pipeline.execute(() => 1)).rejects.toMatchObject({ code: 'policy-refused', retryAfterMs: 60_000 });
    expect([limiter.inFlight, rate.waitMs(clock.monotonic()), clock.timers]).toEqual([0, 0, 0]);
  });

  it('what a policy of the user’s let in is given back, also where there is nothing else to give', async () => {
    let released = 0;
    const first = policy({ release: () => void released++ });
    const { pipeline } = lab({ extra: [first, policy({ acquire: () => refusal })] });
    await expect(pipeline.execute(() => 1)).rejects.toMatchObject({ code: 'policy-refused' });
    expect(released).toBe(1);
  });

  it('what a policy throws when it is told answers the call, be it of a failure or of an abort', async () => {
    const record = (): never => {
      throw new Error('own fault');
    };
    const { pipeline } = lab({ extra: [policy({ record })] });
    await expect(pipeline.execute(() => Promise.reject(new Error('down')))).rejects.toThrow('own fault');
    const controller = new AbortController();
    const call = pipeline.execute(() => new Promise(() => {}), controller.signal);
    controller.abort();
    await expect(call).rejects.toThrow('own fault');
  });

  it('one for a token that comes after the deadline says when it would have come', async () => {
    const { pipeline } = lab({ deadlineMs: 100, rateLimiter: { limit: 1, intervalMs: 500 } });
    await pipeline.execute(() => 1);
    await expect(pipeline.execute(() => 1)).rejects.toThrow('attempt 1 could begin in 500 ms only');
  });

  it('What waited re-checks the breaker: it opened while calls stood in line, and none is let through', async () => {
    const limiter = bulkhead({ limit: 1 });
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }), openMs: 60_000 });
    const { clock, pipeline } = lab({ concurrency: limiter, circuitBreaker: breaker });
    const work = new Work();
    const calls = Array.from({ length: 10 }, () => watch(pipeline.execute(work.run)));
    work.fail(new Error('down'));
    await clock.advance(0);
    expect(work.started).toBe(1);
    expect(calls.map(({ error }) => error?.code ?? error?.message)).toEqual(['down', ...Array(9).fill('circuit-open')]);
    expect([limiter.inFlight, limiter.waiting]).toEqual([0, 0]);
  });

  it('What waited re-checks the breaker before anything else is asked', async () => {
    const limiter = bulkhead({ limit: 1 });
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }), openMs: 60_000 });
    let asked = 0;
    const own = policy({ acquire: () => void asked++ });
    const { clock, pipeline } = lab({ concurrency: limiter, circuitBreaker: breaker, extra: [own] });
    const work = new Work();
    for (let i = 0; i < 10; i++) watch(pipeline.execute(work.run));
    work.fail(new Error('down'));
    await clock.advance(0);
    expect(asked).toBe(1);
  });

  it('a retry that the circuit would refuse does not stand in line first', async () => {
    const limiter = bulkhead({ limit: 1 });
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }), openMs: 60_000 });
    const { clock, pipeline } = lab({ concurrency: limiter, circuitBreaker: breaker, retry: retryEvery(100) });
    const answer = watch(pipeline.execute(() => Promise.reject(new Error('down'))));
    await clock.advance(0);
    const other = lab({ concurrency: limiter }).pipeline;
    watch(other.execute(() => new Promise(() => {})));
    await clock.advance(100);
    expect([answer.error?.message, limiter.waiting]).toEqual(['down', 0]);
  });

  it('What waited re-checks the breaker: it opened during a rate wait, and the token goes back', async () => {
    const rate = rateLimiter({ limit: 1, intervalMs: 1_000, maxWaitMs: 10_000 });
    const breaker = circuitBreaker();
    const { clock, pipeline } = lab({ rateLimiter: rate, circuitBreaker: breaker });
    await pipeline.execute(() => 1);
    const waiting = watch(pipeline.execute(() => 2));
    await clock.advance(500);
    breaker.isolate();
    await clock.advance(500);
    expect(waiting.error).toMatchObject({ code: 'circuit-isolated' });
    expect([rate.waitMs(clock.monotonic()), clock.timers]).toEqual([0, 0]);
  });

  it('a probe is taken last: a half-open circuit sends none of them to stand in line', async () => {
    const limiter = bulkhead({ limit: 1 });
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }), openMs: 1_000, probes: 1, rampUp: [] });
    const { clock, pipeline } = lab({ concurrency: limiter, circuitBreaker: breaker });
    const work = new Work();
    watch(pipeline.execute(work.run));
    await clock.advance(0);
    const other = lab({ circuitBreaker: breaker }).pipeline;
    await other.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await clock.advance(1_000);
    const inLine = watch(pipeline.execute(() => 'in line'));
    await clock.advance(0);
    expect([breaker.state, inLine.state]).toEqual(['open', 'pending']);
    work.end();
    await clock.advance(0);
    expect([breaker.state, inLine.value]).toEqual(['closed', 'in line']);
  });
});

describe('policies of the user’s', () => {
  it('get an attempt of their own, the same one from acquire to release', async () => {
    const seen: [string, string, Attempt, number][] = [];
    const spy = (name: string): Policy =>
      policy({
        name,
        acquire: (attempt) => void seen.push([name, 'acquire', attempt, attempt.startedAtMs]),
        record: (attempt) => void seen.push([name, 'record', attempt, attempt.startedAtMs]),
        release: (attempt) => void seen.push([name, 'release', attempt, attempt.startedAtMs]),
      });
    const { clock, pipeline } = lab({ extra: [spy('one'), spy('two')], name: 'partner' });
    await clock.advance(5);
    await pipeline.execute(() => 1);
    expect(seen.map(([name, what, , startedAtMs]) => `${name} ${what} ${startedAtMs}`)).toEqual([
      'one acquire -1',
      'two acquire -1',
      'one record 5',
      'two record 5',
      'one release 5',
      'two release 5',
    ]);
    const [one, two] = ['one', 'two'].map((name) => new Set(seen.filter(([n]) => n === name).map(([, , attempt]) => attempt)));
    expect([one?.size, two?.size]).toEqual([1, 1]);
    expect([...(one ?? [])][0]).not.toBe([...(two ?? [])][0]);
    expect([...(one ?? [])][0]).toMatchObject({ number: 1, destination: 'partner', enqueuedAtMs: 5 });
  });

  it.each(['acquire', 'record', 'release'] as const)(
    'one whose %s throws leaks nothing, and the caller hears of it',
    async (method) => {
      const { limiter, rate, settings } = limits();
      let released = 0;
      const thrower = policy({
        [method]: () => {
          throw new Error(`${method} threw`);
        },
      });
      const other = policy({ name: 'other', release: () => void released++ });
      const { clock, pipeline } = lab({
        ...settings,
        extra: [other, thrower, other],
        attemptTimeoutMs: 100,
        retry: retryEvery(1),
      });
      const { signal, listening } = countedSignal();
      await expect(pipeline.execute(async () => 1, signal)).rejects.toThrow(`${method} threw`);
      expect([limiter.inFlight, released, clock.timers, listening()]).toEqual([0, method === 'acquire' ? 1 : 2, 0, 0]);
      expect(rate.waitMs(clock.monotonic())).toBe(0);
    },
  );

  it('one that throws once the caller has its answer brings nothing down', async () => {
    const limiter = bulkhead({ limit: 1 });
    const release = (): never => {
      throw new Error('late');
    };
    const { clock, pipeline } = lab({ concurrency: limiter, extra: [policy({ release })], attemptTimeoutMs: 10 });
    const work = new Work();
    const answer = watch(pipeline.execute(work.run));
    await clock.advance(10);
    work.end();
    await clock.advance(0);
    expect(answer.error).toMatchObject({ code: 'attempt-timeout' });
    expect(limiter.inFlight).toBe(0);
  });

  it('may keep a call waiting: for a time, or for a promise', async () => {
    let letIn = (): void => {};
    const door = policy({ acquire: () => new Promise((resolve) => (letIn = resolve)) });
    const pace = policy({ acquire: () => 250 });
    const { clock, pipeline } = lab({ extra: [door, pace], deadlineMs: 10_000 });
    const answer = watch(pipeline.execute(() => clock.monotonic()));
    await clock.advance(100);
    letIn();
    await clock.advance(1_000);
    expect([answer.value, clock.timers]).toEqual([350, 0]);
  });

  it('whose promise rejects: the caller gets that, and nothing is kept', async () => {
    const { limiter, settings } = limits();
    let released = 0;
    const door = policy({ acquire: () => Promise.reject(new Error('door jammed')), release: () => void released++ });
    const { clock, pipeline } = lab({ ...settings, extra: [door], deadlineMs: 10_000 });
    await expect(pipeline.execute(() => 1)).rejects.toThrow('door jammed');
    expect([limiter.inFlight, released, clock.timers]).toEqual([0, 1, 0]);
  });

  it('are asked anew for each attempt, and a refused retry ends with the real error', async () => {
    let asked = 0;
    const once = policy({ acquire: () => (++asked > 1 ? refusal : undefined) });
    const { clock, pipeline } = lab({ extra: [once], retry: retryEvery(10) });
    const answer = watch(pipeline.execute(() => Promise.reject(new Error('down'))));
    await clock.advance(100);
    expect([asked, answer.error?.message]).toEqual([2, 'down']);
  });
});
