import { afterAll, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { rateLimiter } from '../../../src/policies/rate-limiter.js';
import { retryBudget } from '../../../src/policies/retry-budget.js';
import { lab, retryEvery, Work, watch } from './lab.js';

/** How every two parts of the pipeline work together: one sentence a pair, and a test that holds it to it. */

const PARTS = ['deadline', 'retry', 'budget', 'breaker', 'concurrency', 'rate limiter', 'attempt timeout'] as const;

interface Cell {
  readonly together: string;
  readonly check: () => Promise<void>;
}

const down = (): Promise<never> => Promise.reject(new Error('down'));
const hang = (): Promise<never> => new Promise(() => {});
const opensAfter = (threshold: number) =>
  circuitBreaker({ rule: consecutiveFailures({ threshold }), openMs: 10_000, rampUp: [] });
const bucket = () => retryBudget({ maxTokens: 10, reservePerSecond: 0 });

const CELLS: Record<string, Cell> = {
  'deadline × retry': {
    together: 'a retry that could not begin in time is not waited for',
    check: async () => {
      const { clock, pipeline } = lab({ deadlineMs: 1_000, retry: retryEvery(600) });
      const call = watch(pipeline.execute(down));
      await clock.advance(600);
      expect(call.error).toMatchObject({ code: 'deadline-exceeded', cause: { message: 'down' } });
      expect(clock.timers).toBe(0);
    },
  },
  'deadline × budget': {
    together: 'a retry that the deadline forbids costs no token',
    check: async () => {
      const budget = bucket();
      const { clock, pipeline } = lab({ deadlineMs: 1_000, retry: retryEvery(600), budget });
      watch(pipeline.execute(down));
      await clock.advance(600);
      expect(budget.balance(0)).toBe(9);
    },
  },
  'deadline × breaker': {
    together: 'a call that the deadline cuts speaks against the destination, as a timeout does',
    check: async () => {
      const breaker = opensAfter(2);
      const { clock, pipeline } = lab({ deadlineMs: 100, circuitBreaker: breaker });
      for (let i = 0; i < 2; i++) watch(pipeline.execute(hang));
      await clock.advance(100);
      expect(breaker.state).toBe('open');
    },
  },
  'deadline × concurrency': {
    together: 'a call that stands in line leaves it while there still is time for the call, and never takes a slot',
    check: async () => {
      const limiter = bulkhead({ limit: 1 });
      const { clock, pipeline } = lab({ deadlineMs: 1_000, concurrency: limiter });
      const work = new Work();
      const first = watch(pipeline.execute(work.run));
      await clock.advance(500);
      const [stood, next] = [watch(pipeline.execute(() => 'never')), watch(pipeline.execute(() => 'next'))];
      await clock.advance(499);
      expect([first.state, stood.state]).toEqual(['pending', 'pending']);
      await clock.advance(1);
      expect([first.error?.code, stood.error?.code, limiter.waiting]).toEqual(['deadline-exceeded', 'deadline-exceeded', 0]);
      expect(next.error).toMatchObject({ code: 'deadline-exceeded' });
      work.end();
      await clock.advance(0);
      expect([work.started, limiter.inFlight, clock.timers]).toEqual([1, 0, 0]);
    },
  },
  'deadline × rate limiter': {
    together: 'a token that comes after the deadline is not waited for, and goes to the next call',
    check: async () => {
      const rate = rateLimiter({ limit: 1, intervalMs: 2_000, maxWaitMs: 60_000 });
      const { clock, pipeline } = lab({ deadlineMs: 1_000, rateLimiter: rate });
      await pipeline.execute(() => 1);
      const call = watch(pipeline.execute(() => 2));
      await clock.advance(0);
      expect(call.error).toMatchObject({ code: 'deadline-exceeded' });
      expect([rate.waitMs(clock.monotonic()), clock.timers]).toEqual([2_000, 0]);
    },
  },
  'deadline × attempt timeout': {
    together: 'what comes first answers, and says which of them it was',
    check: async () => {
      const { clock, pipeline } = lab({ deadlineMs: 1_000, attemptTimeoutMs: 700, retry: retryEvery(100, 2) });
      const codes: unknown[] = [];
      pipeline.onFailure(({ reason }) => codes.push('error' in reason && (reason.error as { code: string }).code));
      const call = watch(pipeline.execute(hang));
      await clock.advance(999);
      expect([call.state, codes]).toEqual(['pending', ['attempt-timeout']]);
      await clock.advance(1);
      expect(call.error).toMatchObject({ code: 'deadline-exceeded', cause: { code: 'attempt-timeout' } });
      expect([codes, clock.timers]).toEqual([['attempt-timeout', 'deadline-exceeded'], 0]);
    },
  },
  'retry × budget': {
    together: 'an empty bucket ends retrying with the real error, and with no sleep',
    check: async () => {
      const budget = bucket();
      const { clock, pipeline } = lab({ retry: retryEvery(100, 50), budget });
      let calls = 0;
      const call = watch(pipeline.execute(() => Promise.reject(new Error(`no ${++calls}`))));
      await clock.advance(1_000);
      expect([calls, call.error?.message, clock.timers]).toEqual([11, 'no 11', 0]);
    },
  },
  'retry × breaker': {
    together: 'each attempt is a sample; once it opens, retrying ends with the real error',
    check: async () => {
      const breaker = opensAfter(2);
      const { clock, pipeline } = lab({ retry: retryEvery(100, 10), circuitBreaker: breaker });
      let calls = 0;
      const call = watch(pipeline.execute(() => Promise.reject(new Error(`no ${++calls}`))));
      await clock.advance(200);
      expect([calls, breaker.state, call.error?.message]).toEqual([2, 'open', 'no 2']);
    },
  },
  'retry × concurrency': {
    together: 'a call holds no slot while it sleeps; at its retry it has not lost its place in line',
    check: async () => {
      const limiter = bulkhead({ limit: 1 });
      const { clock, pipeline } = lab({ retry: retryEvery(100), concurrency: limiter });
      const order: string[] = [];
      const early = pipeline.execute(({ attempt }) => (attempt === 1 ? down() : order.push('early')));
      await clock.advance(50);
      expect(limiter.inFlight).toBe(0);
      const work = new Work();
      watch(pipeline.execute(work.run));
      watch(pipeline.execute(() => order.push('late')));
      await clock.advance(50);
      expect(limiter.waiting).toBe(2);
      work.end();
      await early;
      await clock.advance(0);
      expect(order).toEqual(['early', 'late']);
    },
  },
  'retry × rate limiter': {
    together: 'every attempt takes a token of its own, and waits for it',
    check: async () => {
      const { clock, pipeline } = lab({
        retry: retryEvery(100, 3),
        rateLimiter: { limit: 1, intervalMs: 1_000, maxWaitMs: 5_000 },
      });
      const starts: number[] = [];
      watch(pipeline.execute(() => (starts.push(clock.monotonic()) > 0 ? down() : 1)));
      await clock.advance(10_000);
      expect(starts).toEqual([0, 1_000, 2_000]);
    },
  },
  'retry × attempt timeout': {
    together: 'every attempt has the whole timeout to itself, and a timeout is retried',
    check: async () => {
      const { clock, pipeline } = lab({ retry: retryEvery(100, 2), attemptTimeoutMs: 1_000 });
      const call = watch(pipeline.execute(hang));
      await clock.advance(2_099);
      expect(call.state).toBe('pending');
      await clock.advance(1);
      expect(call.error).toMatchObject({ code: 'attempt-timeout' });
    },
  },
  'budget × breaker': {
    together: 'a retry that an open circuit refuses gives its token back',
    check: async () => {
      const budget = bucket();
      const { clock, pipeline } = lab({ retry: retryEvery(100), budget, circuitBreaker: opensAfter(1) });
      watch(pipeline.execute(down));
      await clock.advance(0);
      expect(budget.balance(0)).toBe(9);
      await clock.advance(100);
      expect(budget.balance(0)).toBe(10);
    },
  },
  'budget × concurrency': {
    together: 'a retry that finds the line full gives its token back',
    check: async () => {
      const budget = bucket();
      const limiter = bulkhead({ limit: 1, maxWaiting: 0 });
      const { clock, pipeline } = lab({ retry: retryEvery(100), budget, concurrency: limiter });
      const call = watch(pipeline.execute(down));
      await clock.advance(50);
      watch(pipeline.execute(hang));
      await clock.advance(50);
      expect([call.error?.message, budget.balance(0)]).toEqual(['down', 10]);
    },
  },
  'budget × rate limiter': {
    together: 'a retry that gets no rate gives its token back',
    check: async () => {
      const budget = bucket();
      const { clock, pipeline } = lab({
        retry: retryEvery(100),
        budget,
        rateLimiter: { limit: 1, intervalMs: 60_000, maxWaitMs: 0 },
      });
      const call = watch(pipeline.execute(down));
      await clock.advance(100);
      expect([call.error?.message, budget.balance(0)]).toEqual(['down', 10]);
    },
  },
  'budget × attempt timeout': {
    together: 'a retry after a timeout costs twice as much',
    check: async () => {
      const budget = bucket();
      const { clock, pipeline } = lab({ retry: retryEvery(100, 3), budget, attemptTimeoutMs: 50 });
      watch(pipeline.execute(({ attempt }) => (attempt === 1 ? down() : hang())));
      await clock.advance(0);
      expect(budget.balance(0)).toBe(9);
      await clock.advance(150);
      expect(budget.balance(0)).toBe(7);
    },
  },
  'breaker × concurrency': {
    together: 'what stood in line when it opened is turned away, and every slot is free',
    check: async () => {
      const limiter = bulkhead({ limit: 2 });
      const { clock, pipeline } = lab({ circuitBreaker: opensAfter(1), concurrency: limiter });
      const work = new Work();
      const calls = Array.from({ length: 6 }, () => watch(pipeline.execute(work.run)));
      work.fail(new Error('down'));
      await clock.advance(0);
      expect(calls.slice(2).map(({ error }) => error?.code)).toEqual(Array(4).fill('circuit-open'));
      expect([work.started, limiter.inFlight, limiter.waiting]).toEqual([2, 1, 0]);
    },
  },
  'breaker × rate limiter': {
    together: 'an open circuit takes no tokens, and who waited for one gives it back',
    check: async () => {
      const rate = rateLimiter({ limit: 1, intervalMs: 1_000, maxWaitMs: 60_000 });
      const breaker = opensAfter(1);
      const { clock, pipeline } = lab({ circuitBreaker: breaker, rateLimiter: rate });
      const work = new Work();
      watch(pipeline.execute(work.run));
      const waited = watch(pipeline.execute(() => 1));
      await clock.advance(500);
      work.fail(new Error('down'));
      await clock.advance(500);
      expect(waited.error).toMatchObject({ code: 'circuit-open' });
      for (let i = 0; i < 60; i++) await pipeline.execute(() => 1).catch(() => {});
      expect(rate.waitMs(clock.monotonic())).toBe(0);
    },
  },
  'breaker × attempt timeout': {
    together: 'a timeout is a sample at once, though the work goes on; its late end is none',
    check: async () => {
      const breaker = opensAfter(1);
      const { clock, pipeline } = lab({ circuitBreaker: breaker, attemptTimeoutMs: 100 });
      const work = new Work();
      watch(pipeline.execute(work.run));
      await clock.advance(100);
      expect(breaker.state).toBe('open');
      await clock.advance(10_000);
      const probe = watch(pipeline.execute(() => new Promise((resolve) => setImmediate(resolve, 'probe'))));
      work.fail(new Error('late'));
      await clock.advance(1);
      await clock.advance(1);
      expect([probe.value, breaker.state]).toEqual(['probe', 'half-open']);
    },
  },
  'concurrency × rate limiter': {
    together: 'who stands in line holds no token; who waits for a token holds its slot',
    check: async () => {
      const limiter = bulkhead({ limit: 2 });
      const rate = rateLimiter({ limit: 1, intervalMs: 1_000, maxWaitMs: 60_000 });
      const { clock, pipeline } = lab({ concurrency: limiter, rateLimiter: rate });
      const work = new Work();
      for (let i = 0; i < 50; i++) watch(pipeline.execute(work.run));
      expect([work.started, limiter.inFlight, limiter.waiting, rate.waitMs(0)]).toEqual([1, 2, 48, 2_000]);
      await clock.advance(60_000);
      expect([work.started, limiter.inFlight]).toEqual([2, 2]);
    },
  },
  'concurrency × attempt timeout': {
    together: 'a slot is free when the work has ended, not when it timed out, unless it never ends',
    check: async () => {
      const limiter = bulkhead({ limit: 2, reclaimAfterMs: 5_000 });
      const { clock, pipeline } = lab({ concurrency: limiter, attemptTimeoutMs: 100 });
      const work = new Work();
      watch(pipeline.execute(work.run));
      watch(pipeline.execute(hang));
      await clock.advance(100);
      expect(limiter.inFlight).toBe(2);
      work.end();
      await clock.advance(0);
      expect(limiter.inFlight).toBe(1);
      watch(pipeline.execute(work.run));
      const waiting = watch(pipeline.execute(() => 'reclaimed'));
      await clock.advance(5_000);
      expect([waiting.value, limiter.reclaimed]).toEqual(['reclaimed', 1]);
    },
  },
  'rate limiter × attempt timeout': {
    together: 'the time of an attempt starts with its call, not with the wait for its token',
    check: async () => {
      const { clock, pipeline } = lab({
        rateLimiter: { limit: 1, intervalMs: 1_000, maxWaitMs: 60_000 },
        attemptTimeoutMs: 100,
      });
      await pipeline.execute(() => 1);
      const call = watch(pipeline.execute(hang));
      await clock.advance(1_099);
      expect(call.state).toBe('pending');
      await clock.advance(1);
      expect(call.error).toMatchObject({ code: 'attempt-timeout' });
    },
  },
};

const held = new Set<string>();
const pairs = PARTS.flatMap((row, i) => PARTS.slice(i + 1).map((column) => `${row} × ${column}`));

it.each(pairs)('%s', async (pair) => {
  const cell = CELLS[pair];
  if (cell === undefined) throw new Error(`nobody says how ${pair} work together`);
  await cell.check();
  held.add(pair);
});

it('the matrix has a cell for every pair, and no other', () => {
  expect(Object.keys(CELLS).sort()).toEqual([...pairs].sort());
  expect(pairs).toHaveLength(21);
});

afterAll(() => {
  const width = Math.max(...PARTS.map(({ length }) => length));
  const cellOf = (i: number, j: number): string => {
    if (j <= i) return '·';
    return held.has(`${PARTS[i]} × ${PARTS[j]}`) ? '✓' : '✗';
  };
  const rows = PARTS.map((part, i) => `${part.padEnd(width)}  ${PARTS.map((_, j) => cellOf(i, j)).join('  ')}`);
  const legend = pairs.map((pair) => `${held.has(pair) ? '✓' : '✗'} ${pair}: ${CELLS[pair]?.together ?? 'missing'}`);
  console.log(['', ...rows, '', ...legend].join('\n'));
});
