import { ConstantBackoff } from 'cockatiel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import type { OutcomeKind } from '../../src/outcome.js';
import { constant, decorrelatedJitter, schedule } from '../../src/policies/backoff.js';
import type { RetrySettings } from '../../src/policies/pipeline/settings.js';
import { createRetry, type RetryQuestion } from '../../src/policies/retry.js';
import { seededRandom } from '../../src/random.js';

const question = (changes: Partial<RetryQuestion> = {}): RetryQuestion => ({
  attempt: 1,
  previousDelayMs: 0,
  outcome: { kind: 'failed' },
  nowMs: 0,
  deadlineAtMs: Number.POSITIVE_INFINITY,
  ...changes,
});

const second = constant({ delayMs: 1_000, jitter: 0 });

describe('the retry decision', () => {
  it('maxAttempts includes the first', () => {
    const retry = createRetry({ maxAttempts: 3, backoff: second }, seededRandom(1));
    expect(retry.maxAttempts).toBe(3);
    expect(retry.next(question({ attempt: 1 }))).toEqual({ retry: true, delayMs: 1_000, why: 'backoff' });
    expect(retry.next(question({ attempt: 2 })).retry).toBe(true);
    expect(retry.next(question({ attempt: 3 }))).toEqual({ retry: false, why: 'attempts-exhausted' });
    expect(createRetry({ maxAttempts: 1 }, seededRandom(1)).next(question()).retry).toBe(false);
  });

  it('makes 4 attempts by default, 200 ms to 10 s apart', () => {
    const retry = createRetry({}, seededRandom(1));
    expect(retry.maxAttempts).toBe(4);
    const decision = retry.next(question());
    expect(decision.retry && decision.delayMs >= 200 && decision.delayMs <= 600).toBe(true);
    const late = retry.next(question({ attempt: 3, previousDelayMs: 9_000 }));
    expect(late.retry && late.delayMs <= 10_000).toBe(true);
  });

  it('ends with the schedule', () => {
    const retry = createRetry({ maxAttempts: 100, backoff: schedule([5, 6], { jitter: 0 }) }, seededRandom(1));
    expect([1, 2, 3].map((attempt) => retry.next(question({ attempt })).retry)).toEqual([true, true, false]);
    expect(retry.next(question({ attempt: 3 }))).toEqual({ retry: false, why: 'attempts-exhausted' });
  });

  it.each<[OutcomeKind, boolean]>([
    ['delivered', false],
    ['rejected', false],
    ['gone', false],
    ['overloaded', true],
    ['failed', true],
    ['timed-out', true],
    ['cancelled', false],
    ['shed', false],
    ['forbidden', false],
  ])('without settings: %s is retried: %s', (kind, retried) => {
    const decision = createRetry({ backoff: second }, seededRandom(1)).next(question({ outcome: { kind } }));
    expect(decision).toEqual(retried ? { retry: true, delayMs: 1_000, why: 'backoff' } : { retry: false, why: 'not-retryable' });
  });

  it('retries the outcomes it is told to, and no others', () => {
    const retry = createRetry({ on: ['rejected'] }, seededRandom(1));
    expect(retry.next(question({ outcome: { kind: 'rejected' } })).retry).toBe(true);
    expect(retry.next(question()).retry).toBe(false);
  });

  it('Retry-After is a floor; jitter only adds to it', () => {
    const retry = createRetry({ maxAttempts: 100 }, seededRandom(1));
    const floorMs = fc.integer({ min: 1, max: 60_000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 0, max: 100_000 }),
        floorMs,
        (attempt, previousDelayMs, ms) => {
          const decision = retry.next(question({ attempt, previousDelayMs, outcome: { kind: 'overloaded', retryAfterMs: ms } }));
          return decision.retry && decision.delayMs >= ms;
        },
      ),
    );
  });

  it('Retry-After is a floor: who was told the same second comes back spread over a fifth of it', () => {
    const retry = createRetry({ backoff: second }, seededRandom(2));
    const delays = Array.from({ length: 200 }, () => {
      const decision = retry.next(question({ outcome: { kind: 'overloaded', retryAfterMs: 30_000 } }));
      expect(decision.why).toBe('Retry-After 30000 ms');
      return decision.retry ? decision.delayMs : 0;
    });
    expect(new Set(delays).size).toBe(200);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30_000);
    expect(Math.min(...delays)).toBeLessThan(30_600);
    expect(Math.max(...delays)).toBeGreaterThan(35_400);
    expect(Math.max(...delays)).toBeLessThanOrEqual(36_000);
  });

  it('keeps to the longer backoff where Retry-After is shorter', () => {
    const retry = createRetry({ backoff: second }, seededRandom(1));
    const decision = retry.next(question({ outcome: { kind: 'overloaded', retryAfterMs: 100 } }));
    expect(decision).toEqual({ retry: true, delayMs: 1_000, why: 'backoff' });
  });

  it('Retry-After: above a stated maximum the delivery gives up, it is never retried early', () => {
    const retry = createRetry({ maxRetryAfterMs: 5_000 }, seededRandom(1));
    const asked = (retryAfterMs: number) => retry.next(question({ outcome: { kind: 'overloaded', retryAfterMs } }));
    expect(asked(5_000).retry).toBe(true);
    const tooLong = { retry: false, why: 'retry-after-too-long', maxRetryAfterMs: 5_000 };
    expect(asked(5_001)).toEqual(tooLong);
    expect(asked(Number.POSITIVE_INFINITY)).toEqual(tooLong);
  });

  it('ignores a Retry-After that a classifier got wrong', () => {
    const retry = createRetry({ backoff: second }, seededRandom(1));
    for (const retryAfterMs of [Number.NaN, -5, 0]) {
      const decision = retry.next(question({ outcome: { kind: 'overloaded', retryAfterMs } }));
      expect(decision).toEqual({ retry: true, delayMs: 1_000, why: 'backoff' });
    }
  });

  it("A sleep that can't end before the deadline is refused at once", () => {
    const retry = createRetry({ backoff: second }, seededRandom(1));
    expect(retry.next(question({ nowMs: 500, deadlineAtMs: 1_501 })).retry).toBe(true);
    expect(retry.next(question({ nowMs: 500, deadlineAtMs: 1_500 }))).toEqual({ retry: false, why: 'deadline' });
    const asked = { kind: 'overloaded', retryAfterMs: 2_000 } as const;
    expect(retry.next(question({ outcome: asked, deadlineAtMs: 1_900 }))).toEqual({ retry: false, why: 'deadline' });
  });

  it('takes a cockatiel backoff', () => {
    const retry = createRetry({ backoff: new ConstantBackoff(70) }, seededRandom(1));
    expect(retry.next(question())).toEqual({ retry: true, delayMs: 70, why: 'backoff' });
  });

  it('ends where a backoff gives no delay that a clock can sleep', () => {
    for (const ms of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      const retry = createRetry({ backoff: { ...second, delayMs: () => ms } }, seededRandom(1));
      expect(retry.next(question())).toEqual({ retry: false, why: 'attempts-exhausted' });
    }
    const negative = createRetry({ backoff: { ...second, delayMs: () => -5 } }, seededRandom(1));
    expect(negative.next(question())).toEqual({ retry: true, delayMs: 0, why: 'backoff' });
  });

  it('gives the same answers from the same seed', () => {
    const settings = { backoff: decorrelatedJitter({ baseMs: 100, capMs: 5_000 }) };
    expect(createRetry(settings, seededRandom('x')).next(question())).toEqual(
      createRetry(settings, seededRandom('x')).next(question()),
    );
  });

  it.each<[unknown, RegExp]>([
    [{ maxAttempts: 0 }, /retry\.maxAttempts must be an integer from 1 to 100, got 0 \(number\)/],
    [{ maxAttempts: 2.5 }, /retry\.maxAttempts .* got 2\.5/],
    [{ maxAttempts: 101 }, /retry\.maxAttempts .* got 101/],
    [{ on: [] }, /retry\.on must be an array of at least one outcome/],
    [{ on: ['delivered'] }, /retry\.on must be made of failed, .* got "delivered" \(string\)/],
    [{ on: ['forbidden'] }, /retry\.on .* got "forbidden"/],
    [{ on: 'failed' }, /retry\.on must be an array/],
    [{ maxRetryAfterMs: -1 }, /retry\.maxRetryAfterMs .* got -1/],
    [{ backoff: 200 }, /retry\.backoff must be an object with next\(\), got 200/],
    [{ attempts: 3 }, /retry has no option "attempts"; it has maxAttempts/],
  ])('refuses %j', (settings, message) => {
    let thrown: unknown;
    try {
      createRetry(settings as RetrySettings, seededRandom(1));
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect((thrown as Error).message).toMatch(message);
  });
});
