import { describe, expect, it } from 'vitest';
import type { Outcome, OutcomeKind } from '../../src/outcome.js';
import { aimdLimiter, bulkhead, type ConcurrencyLimiter, concurrencyLimiter } from '../../src/policies/concurrency-limiter.js';
import type { Attempt } from '../../src/policies/policy.js';
import { attemptOf } from './attempt.js';

const outcome = (kind: OutcomeKind): Outcome => ({ kind });

/** Lets an attempt in and starts it; the test fails when it had to wait. */
function begin(limiter: ConcurrencyLimiter, nowMs = 0): Attempt {
  const attempt = attemptOf({ enqueuedAtMs: nowMs });
  expect(limiter.acquire(attempt, nowMs)).toBeUndefined();
  attempt.startedAtMs = nowMs;
  return attempt;
}

/** Puts attempts in line; `admitted` lists the numbers of those let in, once microtasks have run. */
function queue(limiter: ConcurrencyLimiter, attempts: readonly Attempt[], nowMs = 0): { readonly admitted: number[] } {
  const admitted: number[] = [];
  for (const attempt of attempts) {
    const gate = limiter.acquire(attempt, nowMs);
    expect(gate).toBeInstanceOf(Promise);
    void (gate as Promise<void>).then(() => admitted.push(attempt.number));
  }
  return { admitted };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const numbered = (...numbers: number[]): Attempt[] => numbers.map((number) => attemptOf({ number }));

describe('slots and line', () => {
  it('Concurrency: bounded slots', () => {
    const limiter = bulkhead({ limit: 2, maxWaiting: 0 });
    begin(limiter);
    expect(limiter.free).toBe(true);
    begin(limiter);
    expect(limiter.free).toBe(false);
    const refusal = { code: 'concurrency-full', policy: 'concurrency-limiter', reason: '2 in flight of 2' };
    expect(limiter.peek?.(0)).toEqual(refusal);
    expect(limiter.acquire(attemptOf(), 0)).toEqual(refusal);
    expect(limiter.inFlight).toBe(2);
  });

  it('Concurrency: bounded line', () => {
    const limiter = bulkhead({ limit: 1, maxWaiting: 2 });
    begin(limiter);
    queue(limiter, numbered(1));
    expect(limiter.peek?.(0)).toBeUndefined();
    queue(limiter, numbered(2));
    const refusal = {
      code: 'concurrency-full',
      policy: 'concurrency-limiter',
      reason: '1 in flight of 1, 2 in line (maxWaiting)',
    };
    expect(limiter.peek?.(0)).toEqual(refusal);
    expect(limiter.acquire(attemptOf({ priority: 100 }), 0)).toEqual(refusal);
    expect(limiter.waiting).toBe(2);
  });

  it('a delivered call gives its slot on when it is released, and not before', () => {
    const limiter = aimdLimiter({ initialLimit: 1, maxLimit: 1 });
    const first = begin(limiter);
    queue(limiter, numbered(1));
    limiter.record(first, outcome('delivered'), 1);
    expect([limiter.inFlight, limiter.waiting]).toEqual([1, 1]);
    limiter.release(first);
    expect([limiter.inFlight, limiter.waiting]).toEqual([1, 0]);
  });

  it('a slot past its time is left alone while another is free', () => {
    const limiter = bulkhead({ limit: 2, reclaimAfterMs: 100 });
    limiter.record(begin(limiter), outcome('timed-out'), 1);
    begin(limiter, 1_000);
    expect([limiter.inFlight, limiter.reclaimed]).toEqual([2, 0]);
  });

  it('a refused attempt holds nothing: releasing it changes nothing', () => {
    const limiter = bulkhead({ limit: 1, maxWaiting: 0 });
    begin(limiter);
    const refused = attemptOf();
    limiter.acquire(refused, 0);
    limiter.release(refused);
    expect(limiter.inFlight).toBe(1);
  });

  it('release hands the slot to the line, by priority with ageing', async () => {
    const limiter = bulkhead({ limit: 1, priorityAgeMs: 100 });
    const running = begin(limiter);
    const line = queue(limiter, [
      attemptOf({ number: 1, enqueuedAtMs: 10 }),
      attemptOf({ number: 2, enqueuedAtMs: 20 }),
      attemptOf({ number: 3, enqueuedAtMs: 30, priority: 1 }),
    ]);
    limiter.release(running);
    expect([limiter.inFlight, limiter.waiting]).toEqual([1, 2]);
    await settled();
    expect(line.admitted).toEqual([3]);
  });

  it('a grant counts as in flight from that moment: nobody slips in before its promise is seen', async () => {
    const limiter = bulkhead({ limit: 1, maxWaiting: 1 });
    const running = begin(limiter);
    const line = queue(limiter, numbered(1));
    limiter.release(running);
    expect(limiter.free).toBe(false);
    const late = queue(limiter, numbered(2));
    await settled();
    expect(line.admitted).toEqual([1]);
    expect(late.admitted).toEqual([]);
  });

  it('Concurrency: leaving the line takes the attempt out at once, and its promise stays pending', async () => {
    const limiter = bulkhead({ limit: 1 });
    const running = begin(limiter);
    const waiters = numbered(1, 2, 3);
    const line = queue(limiter, waiters);
    limiter.release(waiters[0] as Attempt);
    limiter.release(waiters[0] as Attempt);
    expect(limiter.waiting).toBe(2);
    limiter.release(running);
    await settled();
    expect(line.admitted).toEqual([2]);
  });

  it('Concurrency: leaving the line costs no AbortController per waiter', () => {
    const { AbortController: Original } = globalThis;
    let made = 0;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        made++;
      }
    };
    try {
      const limiter = bulkhead({ limit: 1 });
      begin(limiter);
      const waiters = numbered(1, 2, 3);
      queue(limiter, waiters);
      for (const waiter of waiters) limiter.release(waiter);
      expect([limiter.waiting, made]).toEqual([0, 0]);
    } finally {
      globalThis.AbortController = Original;
    }
  });

  it('who is let in and leaves in the same turn gives its slot to the next', async () => {
    const limiter = bulkhead({ limit: 1 });
    const running = begin(limiter);
    const waiters = numbered(1, 2);
    const line = queue(limiter, waiters);
    limiter.release(running);
    limiter.release(waiters[0] as Attempt);
    expect([limiter.inFlight, limiter.waiting]).toEqual([1, 0]);
    await settled();
    expect(line.admitted).toEqual([1, 2]);
  });

  it('a slot released twice is given back once', () => {
    const limiter = bulkhead({ limit: 2 });
    const first = begin(limiter);
    begin(limiter);
    limiter.release(first);
    limiter.release(first);
    expect(limiter.inFlight).toBe(1);
  });

  it('lets in from within what a release wakes, without losing count', async () => {
    const limiter = bulkhead({ limit: 1 });
    const running = begin(limiter);
    const order: number[] = [];
    for (const attempt of numbered(1, 2, 3, 4)) {
      void (limiter.acquire(attempt, 0) as Promise<void>).then(() => {
        order.push(attempt.number);
        limiter.release(attempt);
      });
    }
    limiter.release(running);
    await settled();
    expect(order).toEqual([1, 2, 3, 4]);
    expect([limiter.inFlight, limiter.waiting]).toEqual([0, 0]);
  });
});

describe('a slot and the work that holds it', () => {
  it('Concurrency: a slot is free again when the work has really ended, not when it timed out', () => {
    const limiter = bulkhead({ limit: 1, maxWaiting: 0 });
    const slow = begin(limiter);
    limiter.record(slow, outcome('timed-out'), 10_000);
    expect(limiter.free).toBe(false);
    expect(limiter.peek?.(10_000)).toMatchObject({ code: 'concurrency-full' });
    limiter.release(slow);
    expect(limiter.free).toBe(true);
    expect(limiter.reclaimDueAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(['timed-out', 'cancelled'] as const)(
    'Concurrency: work that never ends must not close the destination for good (reclaimAfterMs, %s)',
    (kind) => {
      const limiter = bulkhead({ limit: 1, maxWaiting: 0, reclaimAfterMs: 5_000 });
      const stuck = begin(limiter);
      expect(limiter.reclaimDueAtMs).toBe(Number.POSITIVE_INFINITY);
      limiter.record(stuck, outcome(kind), 10_000);
      expect(limiter.reclaimDueAtMs).toBe(15_000);
      expect(limiter.peek?.(14_999)).toMatchObject({ code: 'concurrency-full' });
      expect(limiter.acquire(attemptOf(), 14_999)).toMatchObject({ code: 'concurrency-full' });
      expect(limiter.peek?.(15_000)).toBeUndefined();
      expect(limiter.reclaimed).toBe(0);
      begin(limiter, 15_000);
      expect([limiter.inFlight, limiter.reclaimed]).toEqual([1, 1]);
    },
  );

  it('a slot that was taken back is not given back again when its work ends after all', () => {
    const limiter = bulkhead({ limit: 2, reclaimAfterMs: 1_000 });
    const stuck = begin(limiter);
    begin(limiter);
    limiter.record(stuck, outcome('timed-out'), 0);
    limiter.reclaim(1_000);
    expect(limiter.inFlight).toBe(1);
    limiter.record(stuck, outcome('timed-out'), 1_001);
    limiter.release(stuck);
    expect([limiter.inFlight, limiter.reclaimed]).toEqual([1, 1]);
    expect(limiter.reclaimDueAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('reclaim lets waiters in, oldest slot first', async () => {
    const limiter = bulkhead({ limit: 2, reclaimAfterMs: 1_000 });
    const first = begin(limiter);
    const second = begin(limiter);
    const line = queue(limiter, numbered(1, 2, 3));
    limiter.record(second, outcome('timed-out'), 100);
    limiter.record(first, outcome('timed-out'), 200);
    limiter.reclaim(1_099);
    await settled();
    expect(line.admitted).toEqual([]);
    limiter.reclaim(1_100);
    expect(limiter.reclaimDueAtMs).toBe(1_200);
    await settled();
    expect(line.admitted).toEqual([1]);
    limiter.reclaim(1_200);
    await settled();
    expect(line.admitted).toEqual([1, 2]);
    expect([limiter.inFlight, limiter.waiting, limiter.reclaimed]).toEqual([2, 1, 2]);
  });

  it('work that ended in time is never taken back', () => {
    const limiter = bulkhead({ limit: 2, reclaimAfterMs: 1_000 });
    for (const kind of ['delivered', 'failed', 'timed-out', 'cancelled'] as const) {
      const attempt = begin(limiter);
      limiter.record(attempt, outcome(kind), 0);
      limiter.release(attempt);
    }
    limiter.reclaim(1_000_000);
    expect([limiter.inFlight, limiter.reclaimed]).toEqual([0, 0]);
  });
});

describe('work that was given up and goes on, on every slot', () => {
  const givenUp = (limiter: ConcurrencyLimiter, attempts: readonly Attempt[]): void => {
    for (const attempt of attempts) limiter.record(attempt, outcome('timed-out'), 10_000);
  };

  it('beside it no more than twice maxLimit run, however quickly callers give up', async () => {
    const limiter = aimdLimiter({ initialLimit: 2, maxLimit: 5, reclaimAfterMs: 1_000 });
    for (let i = 0; i < 10; i++) limiter.record(begin(limiter, i), outcome('cancelled'), i);
    expect([limiter.inFlight, limiter.free]).toEqual([10, false]);
    const line = queue(limiter, numbered(1), 20);
    expect(limiter.waiting).toBe(1);
    limiter.reclaim(1_000);
    await settled();
    expect([line.admitted, limiter.inFlight]).toEqual([[1], 10]);
  });

  it('one more goes beside it where the limit is an estimate: else nothing could tell that the other end is back', () => {
    const limiter = aimdLimiter({ initialLimit: 2, minLimit: 2 });
    givenUp(limiter, [begin(limiter), begin(limiter)]);
    expect([limiter.free, limiter.peek?.(10_000)]).toEqual([true, undefined]);
    const probe = begin(limiter, 10_001);
    expect([limiter.inFlight, limiter.free]).toEqual([3, false]);
    queue(limiter, numbered(1), 10_002);
    expect(limiter.waiting).toBe(1);
    limiter.record(probe, outcome('delivered'), 10_003);
    limiter.release(probe);
    // The one in line came in as soon as nothing ran that had not been given up.
    expect([limiter.inFlight, limiter.waiting]).toEqual([3, 0]);
  });

  it('who stands in line comes in when the last of them is given up', async () => {
    const limiter = aimdLimiter({ initialLimit: 2, minLimit: 2 });
    const running = [begin(limiter), begin(limiter)];
    const line = queue(limiter, numbered(1, 2));
    givenUp(limiter, running.slice(0, 1));
    await settled();
    expect(line.admitted).toEqual([]);
    givenUp(limiter, running.slice(1));
    await settled();
    expect(line.admitted).toEqual([1]);
  });

  it('a bulkhead keeps its limit: it was given, and not found out', () => {
    const limiter = bulkhead({ limit: 2, maxWaiting: 0 });
    givenUp(limiter, [begin(limiter), begin(limiter)]);
    expect([limiter.free, limiter.inFlight]).toEqual([false, 2]);
    expect(limiter.acquire(attemptOf(), 10_001)).toMatchObject({ code: 'concurrency-full' });
  });
});

describe('a limit that moves', () => {
  it('Concurrency is one line with a limit that may move: when it grows, waiters come in', async () => {
    const limiter = aimdLimiter({ initialLimit: 1, maxLimit: 10 });
    const running = begin(limiter);
    const line = queue(limiter, numbered(1, 2, 3, 4));
    limiter.record(running, outcome('delivered'), 1);
    expect([limiter.limit, limiter.inFlight, limiter.free]).toEqual([2, 2, false]);
    limiter.release(running);
    await settled();
    expect(line.admitted).toEqual([1, 2]);
    limiter.restore({ limit: 4 }, 0, 0);
    await settled();
    expect(line.admitted).toEqual([1, 2, 3, 4]);
  });

  it('when it shrinks, nobody comes in until fewer run', async () => {
    const limiter = aimdLimiter({ initialLimit: 4, decrease: 0.5 });
    const running = [begin(limiter), begin(limiter), begin(limiter), begin(limiter)];
    const line = queue(limiter, numbered(1, 2));
    limiter.record(running[0] as Attempt, outcome('overloaded'), 1);
    expect(limiter.limit).toBe(2);
    limiter.release(running[0] as Attempt);
    limiter.release(running[1] as Attempt);
    await settled();
    expect(line.admitted).toEqual([]);
    limiter.release(running[2] as Attempt);
    await settled();
    expect(line.admitted).toEqual([1]);
    expect(limiter.inFlight).toBe(2);
  });

  it('AIMD: additive increase only while the limit is in use, which is when the call began', () => {
    const limiter = aimdLimiter({ initialLimit: 4, maxLimit: 10 });
    const one = begin(limiter);
    const two = begin(limiter);
    limiter.record(two, outcome('delivered'), 1);
    expect(limiter.snapshot(0, 0)).toEqual({ limit: 5, searching: true });
    limiter.record(one, outcome('delivered'), 1);
    expect(limiter.snapshot(0, 0)).toEqual({ limit: 5, searching: true });
  });

  it('what stood in line is a sample of what ran when it was let in', () => {
    const limiter = aimdLimiter({ initialLimit: 4, maxLimit: 10 });
    const running = [begin(limiter), begin(limiter), begin(limiter), begin(limiter)];
    const waiter = attemptOf();
    queue(limiter, [waiter]);
    for (const attempt of running) limiter.release(attempt);
    waiter.startedAtMs = 5;
    limiter.record(waiter, outcome('delivered'), 6);
    expect(limiter.snapshot(0, 0)).toEqual({ limit: 5, searching: true });
  });

  it('a snapshot is taken up by a fresh limiter; garbage is ignored', () => {
    const limiter = aimdLimiter();
    limiter.restore({ limit: 57.5 }, 0, 0);
    const next = aimdLimiter();
    next.restore(limiter.snapshot(0, 0), 0, 0);
    expect(next.limit).toBe(57);
    for (const garbage of [{}, { limit: 'many' }, { limit: Number.NaN }, { limit: null }]) next.restore(garbage, 0, 0);
    expect(next.limit).toBe(57);
  });
});

describe('options', () => {
  it('a limit makes a bulkhead, none an adaptive limiter', () => {
    expect(concurrencyLimiter({ limit: 3 }).snapshot(0, 0)).toEqual({ limit: 3 });
    expect(concurrencyLimiter({ maxLimit: 10 }).limit).toBe(10);
    expect(concurrencyLimiter({}).limit).toBe(20);
    expect(concurrencyLimiter({ limit: undefined }).limit).toBe(20);
  });

  it.each([
    [() => bulkhead({} as never), 'bulkhead.limit must be an integer from 1 to 1000000, got undefined'],
    [() => bulkhead({ limit: 0 }), 'bulkhead.limit must be an integer from 1 to 1000000, got 0 (number)'],
    [() => bulkhead({ limit: 1, maxWaiting: -1 }), 'bulkhead.maxWaiting must be an integer from 0 to 1000000, got -1 (number)'],
    [() => bulkhead({ limit: 1, maxWaiting: 1e7 }), 'bulkhead.maxWaiting must be an integer from 0 to 1000000'],
    [() => bulkhead({ limit: 1, priorityAgeMs: Number.NaN }), 'bulkhead.priorityAgeMs must be a finite number of at least 0'],
    [() => bulkhead({ limit: 1, reclaimAfterMs: -5 }), 'bulkhead.reclaimAfterMs must be a finite number of at least 0'],
    [() => bulkhead({ limit: 1, maxLimit: 3 } as never), 'bulkhead has no option "maxLimit"'],
    [() => aimdLimiter({ maxWaiting: -1 }), 'aimdLimiter.maxWaiting must be an integer from 0 to 1000000, got -1 (number)'],
    [() => aimdLimiter({ maximum: 3 } as never), 'aimdLimiter has no option "maximum"'],
    [() => aimdLimiter({ limit: 3 } as never), 'aimdLimiter.limit must be left out, as its limit moves'],
    [() => aimdLimiter({ minLimit: 9, maxLimit: 3 }), 'aimdLimiter.minLimit must be at most maxLimit, which is 3, got 9'],
    [() => concurrencyLimiter(null as never), 'aimdLimiter must be an object of options, got null'],
  ])('are checked: %s', (build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }));
  });
});
