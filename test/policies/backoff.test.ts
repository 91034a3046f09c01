import {
  ConstantBackoff,
  DelegateBackoff,
  ExponentialBackoff,
  handleAll,
  type IBackoffFactory,
  type IRetryBackoffContext,
  IterableBackoff,
  noJitterGenerator,
  retry,
} from 'cockatiel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import {
  type Backoff,
  constant,
  decorrelatedJitter,
  exponential,
  STANDARD_WEBHOOKS_SCHEDULE_MS,
  schedule,
} from '../../src/policies/backoff.js';
import { toBackoff } from '../../src/policies/cockatiel-backoff.js';
import { type Random, seededRandom } from '../../src/random.js';

/** The delays of one client's attempts, one after another. */
function chain(backoff: Backoff, attempts: number, random: Random): number[] {
  const delays: number[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    delays.push(backoff.delayMs(attempt, delays.at(-1) ?? 0, random) ?? Number.NaN);
  }
  return delays;
}

const lowest: Random = () => 0;
const highest: Random = () => 1 - 2 ** -53;

describe('decorrelatedJitter', () => {
  const backoff = decorrelatedJitter({ baseMs: 100, capMs: 10_000 });

  it('draws U(base, min(cap, 3·previous)), the first previous being the base', () => {
    expect(backoff.delayMs(1, 0, lowest)).toBe(100);
    expect(backoff.delayMs(1, 0, highest)).toBeCloseTo(300);
    expect(backoff.delayMs(2, 200, lowest)).toBe(100);
    expect(backoff.delayMs(2, 200, highest)).toBeCloseTo(600);
    expect(backoff.delayMs(9, 9_000, highest)).toBeCloseTo(10_000);
  });

  it('is drawn below the cap, so jitter survives it: at attempt 12 and after the delays are spread', () => {
    const random = seededRandom(7);
    for (const attempt of [12, 16, 20]) {
      const delays = Array.from({ length: 2_000 }, () => chain(backoff, attempt, random).at(-1) as number);
      const atTheCap = delays.filter((delayMs) => delayMs >= 9_990).length / delays.length;
      expect(atTheCap).toBeLessThan(0.02);
      const tenths = new Set(delays.map((delayMs) => Math.floor(delayMs / 1_000)));
      expect(tenths.size).toBe(10);
    }
  });

  it('stays within base and cap whatever the previous delay was', () => {
    for (const previous of [0, 1, 1e12]) {
      for (const random of [lowest, highest]) {
        const delayMs = backoff.delayMs(3, previous, random) as number;
        expect(delayMs >= 100 && delayMs <= 10_000).toBe(true);
      }
    }
  });
});

describe('exponential', () => {
  it('multiplies up to the cap', () => {
    const backoff = exponential({ baseMs: 100, factor: 3, capMs: 1_000, jitter: 'none' });
    expect(chain(backoff, 5, lowest)).toEqual([100, 300, 900, 1_000, 1_000]);
    expect(backoff.delayMs(100, 0, lowest)).toBe(1_000);
  });

  it('draws from 0 to the delay by default (full jitter)', () => {
    const backoff = exponential({ baseMs: 100, capMs: 1_000 });
    expect(chain(backoff, 3, lowest)).toEqual([0, 0, 0]);
    expect(chain(backoff, 3, () => 0.5)).toEqual([50, 100, 200]);
  });

  it('keeps at least half of the delay with equal jitter', () => {
    const backoff = exponential({ baseMs: 100, capMs: 1_000, jitter: 'equal' });
    expect(chain(backoff, 3, lowest)).toEqual([50, 100, 200]);
    expect(chain(backoff, 3, () => 0.5)).toEqual([75, 150, 300]);
  });
});

describe('constant', () => {
  it('gives the same delay, give or take a fifth', () => {
    expect(chain(constant({ delayMs: 1_000, jitter: 0 }), 3, highest)).toEqual([1_000, 1_000, 1_000]);
    expect(constant({ delayMs: 1_000 }).delayMs(1, 0, lowest)).toBe(800);
    expect(constant({ delayMs: 1_000 }).delayMs(1, 0, highest)).toBeCloseTo(1_200);
  });
});

describe('schedule', () => {
  it('gives the wait before the second attempt first, and ends after the last', () => {
    const backoff = schedule([10, 20], { jitter: 0 });
    expect([1, 2, 3].map((attempt) => backoff.delayMs(attempt, 0, lowest))).toEqual([10, 20, undefined]);
    expect(schedule([]).delayMs(1, 0, lowest)).toBeUndefined();
  });

  it('jitters by a fifth of each delay', () => {
    expect(schedule([1_000]).delayMs(1, 0, lowest)).toBe(800);
    expect(schedule([1_000]).delayMs(1, 0, highest)).toBeCloseTo(1_200);
    expect(schedule([1_000], { jitter: 0.5 }).delayMs(1, 0, lowest)).toBe(500);
  });

  it('knows the schedule of Standard Webhooks: ten attempts over 75 hours', () => {
    expect(STANDARD_WEBHOOKS_SCHEDULE_MS.length + 1).toBe(10);
    const totalMs = STANDARD_WEBHOOKS_SCHEDULE_MS.reduce((sum, delayMs) => sum + delayMs);
    expect(totalMs).toBe(((75 * 60 + 35) * 60 + 5) * 1_000);
  });

  it('may be as long as there are waits between a hundred attempts', () => {
    const backoff = schedule(
      Array.from({ length: 99 }, (_, index) => index),
      { jitter: 0 },
    );
    expect(backoff.delayMs(99, 0, lowest)).toBe(98);
  });

  it('is not changed by a list that changes later', () => {
    const delaysMs = [10];
    const backoff = schedule(delaysMs, { jitter: 0 });
    delaysMs[0] = 99;
    expect(backoff.delayMs(1, 0, lowest)).toBe(10);
  });
});

describe('options', () => {
  it.each<[() => unknown, RegExp]>([
    [() => decorrelatedJitter({ baseMs: 0, capMs: 10 }), /decorrelatedJitter\.baseMs .* got 0 \(number\)/],
    [() => decorrelatedJitter({ baseMs: 10, capMs: 9 }), /decorrelatedJitter\.capMs must be a finite number from 10 to .* got 9/],
    [() => decorrelatedJitter({ baseMs: 10 } as never), /decorrelatedJitter\.capMs .* got undefined/],
    [() => decorrelatedJitter({ base: 10, capMs: 9 } as never), /decorrelatedJitter has no option "base"/],
    [() => exponential({ baseMs: 10, capMs: 100, factor: 0.5 }), /exponential\.factor .* got 0\.5/],
    [
      () => exponential({ baseMs: 10, capMs: 100, jitter: 'half' as never }),
      /exponential\.jitter must be 'none', 'full' or 'equal', got "half"/,
    ],
    [() => exponential({ capMs: 100 } as never), /exponential\.baseMs .* got undefined/],
    [() => exponential({ base: 10 } as never), /exponential has no option "base"/],
    [() => constant({ delay: 1 } as never), /constant has no option "delay"/],
    [() => constant({ delayMs: -1 }), /constant\.delayMs .* got -1/],
    [() => constant({ delayMs: 1, jitter: 2 }), /constant\.jitter .* got 2/],
    [() => schedule('5s' as never), /schedule must be an array of at most 99 delays, got "5s"/],
    [() => schedule([1], { spread: 0 } as never), /schedule has no option "spread"/],
    [() => schedule([1], { jitter: 2 }), /schedule\.jitter must be a finite number from 0 to 1, got 2/],
    [() => schedule([1, Number.NaN]), /schedule\[1\] .* got NaN/],
    [() => schedule(Array.from({ length: 100 }, () => 1)), /schedule must be an array of at most 99 delays, got an array of 100/],
  ])('refuses %s', (build, message) => {
    let thrown: unknown;
    try {
      build();
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect((thrown as Error).message).toMatch(message);
  });
});

describe("in cockatiel's own retry", () => {
  afterEach(() => void vi.useRealTimers());

  /** The waits that cockatiel's retry takes before it gives up. */
  async function waits(backoff: Backoff, maxAttempts: number): Promise<number[]> {
    vi.useFakeTimers();
    const policy = retry(handleAll, { maxAttempts, backoff });
    const delays: number[] = [];
    policy.onRetry(({ delay }) => delays.push(delay));
    const ended = policy.execute(() => Promise.reject(new Error('down'))).catch((error: Error) => error.message);
    await vi.runAllTimersAsync();
    expect(await ended).toBe('down');
    return delays;
  }

  it('grows as it does in ours', async () => {
    expect(await waits(exponential({ baseMs: 10, capMs: 50, jitter: 'none' }), 4)).toEqual([10, 20, 40, 50]);
  });

  it('decorrelates from the delay before', async () => {
    const delays = await waits(decorrelatedJitter({ baseMs: 10, capMs: 1_000 }), 8);
    expect(delays).toHaveLength(8);
    for (const [index, delayMs] of delays.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(10);
      expect(delayMs).toBeLessThanOrEqual(Math.min(1_000, 3 * (delays[index - 1] ?? 10)));
    }
  });

  it("repeats a schedule's last delay, as cockatiel's contract has no end", async () => {
    expect(await waits(schedule([10, 20], { jitter: 0 }), 4)).toEqual([10, 20, 20, 20]);
  });

  it('starts afresh for each call, as it keeps no state', async () => {
    const backoff = exponential({ baseMs: 10, capMs: 50, jitter: 'none' });
    expect(await waits(backoff, 2)).toEqual(await waits(backoff, 2));
  });
});

describe("cockatiel's backoffs in ours", () => {
  const delays = (factory: IBackoffFactory<IRetryBackoffContext<unknown>>, attempts: number[]): (number | undefined)[] => {
    const backoff = toBackoff('retry.backoff', factory);
    return attempts.map((attempt) => backoff.delayMs(attempt, 0, lowest));
  };

  it('ConstantBackoff', () => {
    expect(delays(new ConstantBackoff(70), [1, 2, 50])).toEqual([70, 70, 70]);
  });

  it('ExponentialBackoff', () => {
    const factory = new ExponentialBackoff({ generator: noJitterGenerator, initialDelay: 10, maxDelay: 100 });
    expect(delays(factory, [1, 2, 3, 4, 5])).toEqual([10, 20, 40, 80, 100]);
  });

  it('IterableBackoff', () => {
    expect(delays(new IterableBackoff([5, 6, 7]), [1, 2, 3, 4])).toEqual([5, 6, 7, 7]);
  });

  it('DelegateBackoff, with its attempt and its state', () => {
    const factory = new DelegateBackoff<IRetryBackoffContext<unknown>, number>((context, state = 1) => ({
      delay: context.attempt * state,
      state: state * 10,
    }));
    expect(delays(factory, [1, 2, 3])).toEqual([1, 20, 300]);
  });

  it('DelegateBackoff, which may look at the signal and the result', () => {
    const seen: unknown[] = [];
    const factory = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ signal, result }) => {
      seen.push(signal.aborted, result);
      return 1;
    });
    expect(delays(factory, [1])).toEqual([1]);
    expect(seen).toStrictEqual([false, { value: undefined }]);
  });

  it('in any order, as nothing is kept between calls', () => {
    expect(delays(new IterableBackoff([5, 6, 7]), [3, 1, 2, 1])).toEqual([7, 5, 6, 5]);
  });

  it('walks at most 100 steps', () => {
    let steps = 0;
    const factory = new DelegateBackoff(() => ++steps);
    delays(factory, [1_000_000]);
    expect(steps).toBe(100);
  });

  it('leaves one of ours as it is', () => {
    const ours = constant({ delayMs: 1 });
    expect(toBackoff('retry.backoff', ours)).toBe(ours);
  });

  it('refuses one whose delayMs is no function', () => {
    const broken = { next: () => ({ duration: 1 }), delayMs: 5 };
    expect(() => toBackoff('retry.backoff', broken as never)).toThrow('retry.backoff must be an object with delayMs()');
  });

  it('still fits cockatiel after it was adapted', () => {
    const context = { attempt: 1, signal: new AbortController().signal, result: { value: undefined } };
    expect(toBackoff('retry.backoff', new ConstantBackoff(3)).next(context).duration).toBe(3);
  });
});
