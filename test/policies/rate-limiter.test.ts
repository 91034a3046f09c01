import { describe, expect, it } from 'vitest';
import { type RateLimiter, rateLimiter } from '../../src/policies/rate-limiter.js';
import { attemptOf } from './attempt.js';

/** When calls asked for at `nowMs` start: the ms to wait, or `no` for a refusal. */
function ask(limiter: RateLimiter, nowMs: number, times: number): (number | 'no')[] {
  return Array.from({ length: times }, () => {
    const gate = limiter.acquire(attemptOf(), nowMs);
    if (gate === undefined) return 0;
    return typeof gate === 'number' ? gate : 'no';
  });
}

describe('a token bucket', () => {
  it('lets a burst start at once, then spaces calls evenly, then refuses', () => {
    const limiter = rateLimiter({ limit: 10, burst: 3, maxWaitMs: 250 });
    expect(ask(limiter, 0, 7)).toEqual([0, 0, 0, 100, 200, 'no', 'no']);
    expect(ask(limiter, 1_000, 4)).toEqual([0, 0, 0, 100]);
  });

  it('refills one token per interval / limit, up to the burst', () => {
    const limiter = rateLimiter({ limit: 10, burst: 2, maxWaitMs: 0 });
    expect(ask(limiter, 0, 3)).toEqual([0, 0, 'no']);
    expect(ask(limiter, 99, 1)).toEqual(['no']);
    expect(ask(limiter, 100, 2)).toEqual([0, 'no']);
    expect(ask(limiter, 1_000_000, 3)).toEqual([0, 0, 'no']);
  });

  it('has a burst of its limit where none is stated', () => {
    expect(ask(rateLimiter({ limit: 4, intervalMs: 60_000, maxWaitMs: 0 }), 5, 5)).toEqual([0, 0, 0, 0, 'no']);
  });

  it('a burst of thirds of a second is let in whole, rounding or not', () => {
    for (const nowMs of [0, 0.1, 123_456.789, 9_876_543_210.123]) {
      expect(ask(rateLimiter({ limit: 3, maxWaitMs: 0 }), nowMs, 4)).toEqual([0, 0, 0, 'no']);
    }
  });

  it('Whose fault: a refusal says when to come back where it knows: the next token', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1, maxWaitMs: 50 });
    ask(limiter, 0, 1);
    const refusal = {
      code: 'rate-limited',
      policy: 'rate-limiter',
      reason: 'the next token is 80 ms away, more than 50 ms',
      retryAfterMs: 80,
    };
    expect(limiter.peek?.(20)).toEqual(refusal);
    expect(limiter.acquire(attemptOf(), 20)).toEqual(refusal);
    expect(limiter.peek?.(50)).toBeUndefined();
    expect(limiter.waitMs(50)).toBe(50);
    expect(limiter.waitMs(100)).toBe(0);
  });

  it('is full when all that was taken has come back', () => {
    const limiter = rateLimiter({ limit: 10, burst: 3 });
    expect(limiter.isFull(0)).toBe(true);
    ask(limiter, 0, 2);
    expect([limiter.isFull(199), limiter.isFull(200)]).toEqual([false, true]);
    limiter.pauseUntil(1_000);
    expect(limiter.isFull(1_000)).toBe(false);
  });

  it('peek and waitMs take nothing', () => {
    const limiter = rateLimiter({ limit: 1, maxWaitMs: 0 });
    for (let i = 0; i < 5; i++) {
      expect(limiter.peek?.(0)).toBeUndefined();
      expect(limiter.waitMs(0)).toBe(0);
    }
    expect(ask(limiter, 0, 1)).toEqual([0]);
  });
});

describe('giving back', () => {
  it('a late refusal gives back what was taken', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1, maxWaitMs: 0 });
    for (let i = 0; i < 5; i++) {
      const refusedLater = attemptOf();
      expect(limiter.acquire(refusedLater, 0)).toBeUndefined();
      limiter.release(refusedLater);
    }
    expect(ask(limiter, 0, 2)).toEqual([0, 'no']);
  });

  it('a reservation given up is given back, and so is the one before it', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1 });
    ask(limiter, 0, 1);
    const [second, third] = [attemptOf(), attemptOf()];
    expect([limiter.acquire(second, 0), limiter.acquire(third, 0)]).toEqual([100, 200]);
    limiter.release(third);
    limiter.release(second);
    expect(ask(limiter, 0, 1)).toEqual([100]);
  });

  it('a call that ran gives nothing back', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1, maxWaitMs: 0 });
    const ran = attemptOf();
    limiter.acquire(ran, 0);
    ran.startedAtMs = 0;
    limiter.record(ran, { kind: 'delivered' }, 5);
    limiter.release(ran);
    expect(ask(limiter, 5, 1)).toEqual(['no']);
  });

  it('a token others have been booked behind is lost: no two calls get the same time', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1 });
    ask(limiter, 0, 1);
    const leaver = attemptOf();
    expect(limiter.acquire(leaver, 0)).toBe(100);
    expect(ask(limiter, 0, 1)).toEqual([200]);
    limiter.release(leaver);
    expect(ask(limiter, 0, 1)).toEqual([300]);
  });

  it('gives a token back once', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1 });
    const leaver = attemptOf();
    limiter.acquire(leaver, 0);
    limiter.release(leaver);
    expect(ask(limiter, 0, 1)).toEqual([0]);
    limiter.release(leaver);
    expect(ask(limiter, 0, 1)).toEqual([100]);
  });
});

describe('a pause', () => {
  it('lets nothing start before it has passed, then calls at the steady rate', () => {
    const limiter = rateLimiter({ limit: 10, burst: 3, maxWaitMs: 150 });
    limiter.pauseUntil(500);
    expect(ask(limiter, 0, 1)).toEqual(['no']);
    expect(limiter.peek?.(0)).toMatchObject({ retryAfterMs: 500 });
    expect(ask(limiter, 400, 3)).toEqual([100, 'no', 'no']);
    expect(ask(limiter, 500, 2)).toEqual([100, 'no']);
  });

  it('is never shortened, and garbage is ignored', () => {
    const limiter = rateLimiter({ limit: 10 });
    limiter.pauseUntil(500);
    limiter.pauseUntil(300);
    limiter.pauseUntil(Number.NaN);
    limiter.pauseUntil(Number.POSITIVE_INFINITY);
    expect(limiter.waitMs(0)).toBe(500);
  });

  it('is not ended early by a token given back', () => {
    const limiter = rateLimiter({ limit: 10, burst: 1 });
    const leaver = attemptOf();
    limiter.acquire(leaver, 0);
    limiter.pauseUntil(100); // to the ms what the reservation had reached
    limiter.release(leaver);
    expect(limiter.waitMs(0)).toBe(100);
  });
});

describe('across a restart', () => {
  it('an empty bucket stays empty: the snapshot is in wall-clock times', () => {
    const limiter = rateLimiter({ limit: 10, burst: 5, maxWaitMs: 0 });
    ask(limiter, 70_000, 5);
    const snapshot = limiter.snapshot(70_000, 1_700_000_000_000);
    expect(snapshot).toEqual({ fullAtMs: 1_700_000_000_500 });
    const next = rateLimiter({ limit: 10, burst: 5, maxWaitMs: 0 });
    next.restore(snapshot, 3, 1_700_000_000_200);
    expect(ask(next, 3, 3)).toEqual([0, 0, 'no']);
  });

  it('believes a day beyond what the limit itself can book, and no more', () => {
    const waitAfter = (aheadMs: number): number => {
      const limiter = rateLimiter({ limit: 2, intervalMs: 1_000, maxWaitMs: 200 });
      limiter.restore({ fullAtMs: 1_000 + aheadMs }, 0, 1_000);
      return limiter.waitMs(0);
    };
    const mostMs = 500 + 500 + 200 + 86_400_000;
    expect([waitAfter(mostMs), waitAfter(mostMs + 1)]).toEqual([mostMs - 500, 0]);
  });

  it('what is past, garbage, or absurdly far ahead is ignored', () => {
    for (const fullAtMs of ['soon', '1500', null, Number.NaN, Number.POSITIVE_INFINITY, -5, 1e300, 1_000 + 90_000_000]) {
      const limiter = rateLimiter({ limit: 1, maxWaitMs: 0 });
      limiter.restore({ fullAtMs }, 0, 1_000);
      expect(ask(limiter, 0, 2)).toEqual([0, 'no']);
    }
    const limiter = rateLimiter({ limit: 1, maxWaitMs: 0 });
    limiter.restore({}, 0, 1_000);
    expect(ask(limiter, 0, 2)).toEqual([0, 'no']);
  });
});

it.each([
  [{}, 'rateLimiter.limit must be an integer from 1 to 1000000, got undefined (undefined)'],
  [{ limit: 0.5 }, 'rateLimiter.limit must be an integer from 1 to 1000000, got 0.5 (number)'],
  [{ limit: '5' }, 'rateLimiter.limit must be an integer from 1 to 1000000, got "5" (string)'],
  [{ limit: 5, intervalMs: 0 }, 'rateLimiter.intervalMs must be a finite number above 0, got 0 (number)'],
  [{ limit: 5, burst: 0 }, 'rateLimiter.burst must be an integer from 1 to 1000000, got 0 (number)'],
  [{ limit: 5, maxWaitMs: -1 }, 'rateLimiter.maxWaitMs must be a finite number of at least 0, got -1 (number)'],
  [{ limit: 5, maxWait: 1 }, 'rateLimiter has no option "maxWait"; it has limit, intervalMs, burst, maxWaitMs'],
])('refuses %j', (options, message) => {
  expect(() => rateLimiter(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option', message }));
});
