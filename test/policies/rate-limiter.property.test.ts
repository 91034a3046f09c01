import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Attempt } from '../../src/policies/policy.js';
import { rateLimiter } from '../../src/policies/rate-limiter.js';
import { attemptOf } from './attempt.js';

const SLACK_MS = 0.01;

type Step =
  | { readonly do: 'ask' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'giveUp'; readonly which: number }
  | { readonly do: 'pause'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('giveUp' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 500 }) }) },
);

const settings = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  burst: fc.integer({ min: 1, max: 5 }),
  maxWaitMs: fc.constantFrom(0, 50, 300, 2_000),
});

interface Booking {
  readonly attempt: Attempt;
  readonly askedAtMs: number;
  readonly startsAtMs: number;
}

it('whatever is asked for, given up and paused: no more calls start than burst and rate allow, and none in a pause', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 80 }), (options, steps) => {
      const limiter = rateLimiter(options);
      const spacingMs = 1_000 / options.limit;
      let bookings: Booking[] = [];
      let nowMs = 0;
      let pausedUntilMs = 0;
      for (const action of steps) {
        if (action.do === 'wait') nowMs += action.ms;
        if (action.do === 'pause') {
          pausedUntilMs = Math.max(pausedUntilMs, nowMs + action.ms);
          limiter.pauseUntil(nowMs + action.ms);
        }
        // Whoever was started by now ran; the others may still give up.
        for (const { attempt, startsAtMs } of bookings) if (startsAtMs < nowMs) attempt.startedAtMs = startsAtMs;
        if (action.do === 'giveUp') {
          const open = bookings.filter(({ attempt }) => attempt.startedAtMs < 0);
          const left = open[action.which % open.length];
          if (left !== undefined) limiter.release(left.attempt);
          bookings = bookings.filter((booking) => booking !== left);
        }
        if (action.do === 'ask') {
          const attempt = attemptOf();
          const refusal = limiter.peek?.(nowMs);
          const gate = limiter.acquire(attempt, nowMs);
          if (refusal !== undefined) expect(gate).toEqual(refusal);
          else {
            const waitMs = (gate ?? 0) as number;
            expect(waitMs).toBeLessThanOrEqual(options.maxWaitMs + SLACK_MS);
            expect(nowMs + waitMs).toBeGreaterThanOrEqual(pausedUntilMs - SLACK_MS);
            bookings.push({ attempt, askedAtMs: nowMs, startsAtMs: nowMs + waitMs });
          }
        }
      }
      const starts = bookings.map(({ startsAtMs }) => startsAtMs).sort((a, b) => a - b);
      for (let i = 0; i < starts.length; i++) {
        for (let j = i + options.burst; j < starts.length; j++) {
          const leastMs = (j - i + 1 - options.burst) * spacingMs;
          expect((starts[j] as number) - (starts[i] as number)).toBeGreaterThanOrEqual(leastMs - SLACK_MS);
        }
      }
    }),
    { numRuns: 500 },
  );
});

it('calls that are given up in the order of a stack leave no trace', () => {
  fc.assert(
    fc.property(settings, fc.integer({ min: 1, max: 30 }), fc.nat(1_000), (options, times, nowMs) => {
      const limiter = rateLimiter(options);
      limiter.acquire(attemptOf(), nowMs);
      const before = limiter.snapshot(nowMs, 0);
      const attempts = Array.from({ length: times }, () => attemptOf());
      const taken = attempts.filter((attempt) => {
        const gate = limiter.acquire(attempt, nowMs);
        return gate === undefined || typeof gate === 'number';
      });
      for (const attempt of taken.reverse()) limiter.release(attempt);
      expect(limiter.snapshot(nowMs, 0)).toEqual(before);
    }),
  );
});
