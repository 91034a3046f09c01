import {
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  circuitBreaker as cockatielCircuitBreaker,
  handleAll,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { asCockatielBreaker, cockatielRule } from '../../src/policies/breaker-rules/cockatiel-breaker.js';
import { consecutiveFailures } from '../../src/policies/breaker-rules/consecutive-failures.js';
import { failureCount } from '../../src/policies/breaker-rules/failure-count.js';
import { failureRate } from '../../src/policies/breaker-rules/failure-rate.js';
import { slowCallRate } from '../../src/policies/breaker-rules/slow-call-rate.js';
import type { BreakerRule, BreakerRuleSpec, ClocklessRuleSpec } from '../../src/policies/breaker-rules.js';
import type { PolicySnapshot } from '../../src/policies/policy.js';

const WALL_MS = Date.UTC(2026, 0, 1);

/** One call per character: `x` failed, `.` did not. */
function feed(rule: BreakerRule, calls: string, nowMs = 0, durationMs = 0): string | undefined {
  for (const call of calls) rule.record(call === 'x', durationMs, nowMs);
  return rule.trips(nowMs);
}

/** Another rule of the spec with what the first remembers, `laterMs` on. */
function carriedOver(spec: BreakerRuleSpec, rule: BreakerRule, nowMs = 0, laterMs = 0): BreakerRule {
  const kept = JSON.parse(JSON.stringify(rule.snapshot(nowMs, WALL_MS))) as PolicySnapshot;
  const next = spec.create();
  next.restore(kept, 0, WALL_MS + laterMs);
  return next;
}

describe('consecutiveFailures: the consecutive rule', () => {
  it('trips after so many failures in a row, and says so', () => {
    const rule = consecutiveFailures({ threshold: 3 }).create();
    expect(feed(rule, 'xx.xx')).toBeUndefined();
    expect(feed(rule, 'x')).toBe('3 calls in a row failed');
  });

  it('takes five unless told otherwise', () => {
    expect(feed(consecutiveFailures().create(), 'xxxx')).toBeUndefined();
    expect(feed(consecutiveFailures().create(), 'xxxxx')).toBeDefined();
  });

  it('forgets on reset, and remembers over a restart', () => {
    const spec = consecutiveFailures({ threshold: 3 });
    const rule = spec.create();
    feed(rule, 'xx');
    expect(feed(carriedOver(spec, rule), 'x')).toBeDefined();
    rule.reset();
    expect(feed(rule, 'xx')).toBeUndefined();
  });

  it('takes up nothing that is no count', () => {
    for (const failures of [-1, 0.5, '2', Number.NaN, Number.POSITIVE_INFINITY, null, undefined]) {
      const rule = consecutiveFailures({ threshold: 3 }).create();
      rule.restore({ failures } as PolicySnapshot, 0, 0);
      expect(feed(rule, 'xx'), String(failures)).toBeUndefined();
      expect(feed(rule, 'x')).toBe('3 calls in a row failed');
    }
  });
});

describe('failureCount: the count window', () => {
  it('trips on so many failures among the last windowSize calls', () => {
    const rule = failureCount({ threshold: 3, windowSize: 5 }).create();
    expect(feed(rule, 'xx...x..')).toBeUndefined();
    expect(feed(rule, 'xx')).toBe('3 of the last 5 calls failed');
  });

  it('trips before the window is full', () => {
    expect(feed(failureCount({ threshold: 3, windowSize: 100 }).create(), 'x.xx')).toBe('3 of the last 4 calls failed');
  });

  it('takes half of the last hundred calls unless told otherwise', () => {
    expect(feed(failureCount().create(), 'x'.repeat(49))).toBeUndefined();
    expect(feed(failureCount().create(), 'x'.repeat(50))).toBeDefined();
    expect(feed(failureCount({ windowSize: 5 }).create(), 'xxx')).toBeDefined();
  });

  it('may ask for a whole window of failures', () => {
    const rule = failureCount({ threshold: 3, windowSize: 3 }).create();
    expect(feed(rule, '.xx')).toBeUndefined();
    expect(feed(rule, 'x')).toBe('3 of the last 3 calls failed');
  });

  it('forgets on reset', () => {
    const rule = failureCount({ threshold: 2, windowSize: 3 }).create();
    feed(rule, '.x');
    rule.reset();
    expect(feed(rule, '.x')).toBeUndefined();
  });

  it('remembers over a restart which calls leave the window first', () => {
    const spec = failureCount({ threshold: 3, windowSize: 4 });
    for (const before of ['', 'x', 'xx', '.xx', 'x.x.', '..xx.x', 'x.x..x.']) {
      for (const after of ['x', '.x', 'xx', '.xxx', '...x']) {
        const rule = spec.create();
        feed(rule, before);
        const next = carriedOver(spec, rule);
        expect(feed(next, after), `${before} then ${after}`).toBe(feed(rule, after));
      }
    }
  });

  it('takes the latest calls of a longer row than its window', () => {
    const rule = failureCount({ threshold: 2, windowSize: 3 }).create();
    rule.restore({ calls: '1110001' }, 0, 0);
    expect(rule.trips(0)).toBeUndefined();
    expect(feed(rule, 'x')).toBe('2 of the last 3 calls failed');
  });

  it('has an empty row before its first call, and what it takes up replaces what it has seen', () => {
    const spec = failureCount({ threshold: 2, windowSize: 3 });
    expect(spec.create().snapshot(0, 0)).toEqual({ calls: '' });
    const rule = spec.create();
    feed(rule, 'xx');
    rule.restore({ calls: '0' }, 0, 0);
    expect(rule.trips(0)).toBeUndefined();
  });

  it('takes up nothing that is no row of 0 and 1', () => {
    for (const calls of ['11x', 'x11', '1 1', 11, ['1', '1'], null, undefined]) {
      const rule = failureCount({ threshold: 2, windowSize: 3 }).create();
      rule.restore({ calls } as PolicySnapshot, 0, 0);
      expect(feed(rule, '.x'), JSON.stringify(calls)).toBeUndefined();
      expect(feed(rule, 'x')).toBe('2 of the last 3 calls failed');
    }
  });
});

describe('failureRate: a time window with minimum throughput', () => {
  const spec = failureRate({ threshold: 0.5, minimumCalls: 4, windowMs: 10_000 });

  it('trips at the threshold, and says why', () => {
    expect(feed(spec.create(), 'x..x')).toBe('2 of 4 calls failed in 10 s');
    expect(feed(spec.create(), 'x...')).toBeUndefined();
  });

  it('fewer calls than minimumCalls say nothing', () => {
    const rule = spec.create();
    expect(feed(rule, 'xxx')).toBeUndefined();
    expect(feed(rule, '.')).toBe('3 of 4 calls failed in 10 s');
  });

  it('no failure never trips, however low the threshold', () => {
    expect(feed(failureRate({ threshold: Number.MIN_VALUE, minimumCalls: 1 }).create(), '....')).toBeUndefined();
  });

  it('a call leaves the window after nine to ten tenths of it', () => {
    for (let startMs = 0; startMs < 2_000; startMs += 100) {
      const rule = spec.create();
      feed(rule, '.', 0);
      feed(rule, 'xxxx', startMs);
      expect(rule.trips(startMs + 8_999), `made at ${startMs}`).toBeDefined();
      expect(rule.trips(startMs + 10_000), `made at ${startMs}`).toBeUndefined();
    }
  });

  it('old windows expire however long the silence', () => {
    for (const silenceMs of [10_000, 10_001, 19_999, 60_000, 86_400_000, 1e15]) {
      const rule = spec.create();
      feed(rule, 'xxx', 5);
      expect(feed(rule, 'xxx', 5 + silenceMs), `after ${silenceMs} ms`).toBeUndefined();
    }
  });

  it('old windows expire under steady traffic too, bucket after bucket', () => {
    const rule = spec.create();
    feed(rule, 'xxxxxxxxxx', 0);
    let nowMs = 0;
    while (rule.trips(nowMs) !== undefined && nowMs < 60_000) {
      nowMs += 500;
      rule.record(false, 0, nowMs);
    }
    expect(nowMs, 'ten of twenty-one is less than half').toBe(5_500);
    feed(rule, 'xxxx', 9_000);
    for (nowMs = 9_500; nowMs <= 30_000; nowMs += 500) rule.record(false, 0, nowMs);
    expect(rule.snapshot(30_000, WALL_MS).bad).toEqual(new Array(10).fill(0));
    expect(rule.snapshot(30_000, WALL_MS).calls).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 1]);
  });

  it('a call that leaves the window is counted no more, from the very moment on', () => {
    const rule = spec.create();
    feed(rule, 'xxxx', 0);
    feed(rule, '.', 9_500);
    expect(rule.trips(9_999)).toBe('4 of 5 calls failed in 10 s');
    expect(rule.trips(10_000)).toBeUndefined();
    expect(feed(rule, 'xxx', 10_000)).toBe('3 of 4 calls failed in 10 s');
  });

  it('forgets on reset, at any moment of the window', () => {
    const rule = spec.create();
    feed(rule, 'xxxx', 0);
    rule.reset();
    expect(rule.trips(0)).toBeUndefined();
    expect(feed(rule, 'xxx', 1_500)).toBeUndefined();
    expect(feed(rule, 'x', 1_500)).toBe('4 of 4 calls failed in 10 s');
  });

  it('shows a whole window before its first call, and before its first failure', () => {
    const rule = spec.create();
    const zeros = new Array(10).fill(0);
    expect(rule.snapshot(0, WALL_MS)).toMatchObject({ calls: zeros, bad: zeros });
    feed(rule, '..');
    expect(rule.snapshot(0, WALL_MS)).toMatchObject({ calls: zeros.with(9, 2), bad: zeros });
  });

  it('shows no expired call', () => {
    const rule = spec.create();
    feed(rule, 'xxx', 0);
    expect(rule.snapshot(9_999, WALL_MS).bad).toEqual([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(rule.snapshot(10_000, WALL_MS).bad).toEqual(new Array(10).fill(0));
  });

  it('remembers over a restart, and what expired meanwhile is gone', () => {
    const rule = spec.create();
    feed(rule, 'xxx', 500);
    expect(feed(carriedOver(spec, rule, 500, 8_000), '.')).toBe('3 of 4 calls failed in 10 s');
    expect(feed(carriedOver(spec, rule, 500, 10_000), '.')).toBeUndefined();
    expect(feed(carriedOver(spec, rule, 500, 1e12), 'xxx')).toBeUndefined();
  });

  it('a window from the future counts as fresh, and expires in its time', () => {
    const rule = spec.create();
    feed(rule, 'xxx', 500);
    const next = carriedOver(spec, rule, 500, -1e9);
    expect(feed(next, '.', 0)).toBe('3 of 4 calls failed in 10 s');
    expect(feed(next, '.', 10_000)).toBeUndefined();
  });

  it('garbage, and a window of other settings, is ignored', () => {
    const rule = spec.create();
    feed(rule, 'xxx');
    const good = rule.snapshot(0, WALL_MS);
    const zeros = new Array(10).fill(0);
    const garbage: unknown[] = [
      {},
      { ...good, windowMs: 20_000 },
      { ...good, currentEndsAtMs: Number.NaN },
      { ...good, currentEndsAtMs: null },
      { ...good, currentEndsAtMs: Number.NEGATIVE_INFINITY },
      { ...good, calls: 'xxx' },
      { ...good, calls: [3] },
      { ...good, calls: zeros.with(0, -1) },
      { ...good, calls: zeros.with(0, Number.NaN) },
      { ...good, calls: zeros },
      { ...good, bad: null },
      { ...good, bad: zeros.with(0, -1) },
      { ...good, bad: zeros.with(9, 0.5) },
    ];
    for (const snapshot of garbage) {
      const next = spec.create();
      next.restore(snapshot as PolicySnapshot, 0, WALL_MS);
      expect(feed(next, '.xx'), JSON.stringify(snapshot)).toBeUndefined();
      expect(feed(next, 'x')).toBe('3 of 4 calls failed in 10 s');
    }
  });

  it('names a window that is no whole number of seconds in ms', () => {
    expect(feed(failureRate({ minimumCalls: 1, windowMs: 250 }).create(), 'x')).toBe('1 of 1 calls failed in 250 ms');
    expect(feed(failureRate({ minimumCalls: 1, windowMs: 2_000 }).create(), 'x')).toBe('1 of 1 calls failed in 2 s');
  });
});

describe('slowCallRate: the slow-call share', () => {
  const spec = () => slowCallRate({ threshold: 0.5, slowMs: 2_000, minimumCalls: 4, windowMs: 30_000 });

  it('trips on the share of slow calls, succeeded or not, and says why', () => {
    const rule = spec().create();
    feed(rule, '..', 0, 1_999);
    expect(feed(rule, '.x', 0, 2_000)).toBe('2 of 4 calls took 2 s or longer in 30 s');
  });

  it('fast failures don’t trip it', () => {
    expect(feed(spec().create(), 'xxxxxxxx', 0, 10)).toBeUndefined();
  });

  it('tells the breaker which successes are slow; no other rule does', () => {
    expect(spec().create().slowMs).toBe(2_000);
    expect(failureRate().create().slowMs).toBeUndefined();
  });
});

describe('specs', () => {
  const specs = [consecutiveFailures(), failureCount(), failureRate(), slowCallRate({ slowMs: 1_000 })];

  it.each(specs)('$name is a frozen plain object that makes a fresh rule each time', (spec) => {
    expect(Object.isFrozen(spec)).toBe(true);
    expect(Object.getPrototypeOf(spec)).toBe(Object.prototype);
    expect(spec.create()).not.toBe(spec.create());
  });

  it('keep the names that stored snapshots are marked with, and two say that they need no clock', () => {
    const made = [consecutiveFailures(), failureCount(), failureRate(), slowCallRate({ slowMs: 1 })];
    expect(made.map(({ name }) => name)).toEqual(['consecutive-failures', 'failure-count', 'failure-rate', 'slow-call-rate']);
    expect(made.map((spec) => 'clockless' in spec && spec.clockless)).toEqual([true, true, false, false]);
    expect(cockatielRule(new ConsecutiveBreaker(1)).name).toBe('cockatiel');
  });

  const refused: [string, () => unknown, string][] = [
    [
      'unknown',
      () => consecutiveFailures({ treshold: 1 } as never),
      'consecutiveFailures has no option "treshold"; it has threshold',
    ],
    [
      'none',
      () => consecutiveFailures({ threshold: 0 }),
      'consecutiveFailures.threshold must be an integer from 1 to 1000000, got 0 (number)',
    ],
    [
      'text',
      () => consecutiveFailures('5' as never),
      'consecutiveFailures must be an object of options, got a string of 1 characters',
    ],
    [
      'window of none',
      () => failureCount({ windowSize: 0 }),
      'failureCount.windowSize must be an integer from 1 to 10000, got 0 (number)',
    ],
    ['unknown size', () => failureCount({ size: 5 } as never), 'failureCount has no option "size"; it has threshold, windowSize'],
    [
      'half a failure',
      () => failureCount({ threshold: 1.5 }),
      'failureCount.threshold must be an integer of at least 1, got 1.5',
    ],
    [
      'no failure',
      () => failureCount({ threshold: 0 }),
      'failureCount.threshold must be an integer of at least 1, got 0 (number)',
    ],
    [
      'unknown window',
      () => slowCallRate({ slowMs: 5, window: 5 } as never),
      'slowCallRate has no option "window"; it has threshold, slowMs, minimumCalls, windowMs',
    ],
    ['endless window', () => failureCount({ windowSize: 10_001 }), 'failureCount.windowSize must be an integer from 1 to 10000'],
    [
      'never trips',
      () => failureCount({ threshold: 11, windowSize: 10 }),
      'failureCount.threshold must be at most windowSize (10), or it never trips, got 11 (number)',
    ],
    [
      'share 0',
      () => failureRate({ threshold: 0 }),
      'failureRate.threshold must be a finite number above 0, at most 1, got 0 (number)',
    ],
    [
      'percent',
      () => failureRate({ threshold: 50 }),
      'failureRate.threshold must be a finite number above 0, at most 1, got 50 (number)',
    ],
    [
      'no calls',
      () => failureRate({ minimumCalls: 0 }),
      'failureRate.minimumCalls must be an integer from 1 to 1000000, got 0 (number)',
    ],
    ['no window', () => failureRate({ windowMs: 0 }), 'failureRate.windowMs must be a finite number above 0, got 0 (number)'],
    ['other rule', () => failureRate({ slowMs: 5 } as never), 'failureRate has no option "slowMs"'],
    [
      'missing',
      () => slowCallRate({} as never),
      'slowCallRate.slowMs must be a finite number above 0, got undefined (undefined)',
    ],
    ['all slow', () => slowCallRate({ slowMs: 0 }), 'slowCallRate.slowMs must be a finite number above 0, got 0 (number)'],
    [
      'NaN',
      () => slowCallRate({ slowMs: 1, threshold: Number.NaN }),
      'slowCallRate.threshold must be a finite number above 0, at most 1',
    ],
  ];

  it.each(refused)('%s: a bad option is refused with the rule, the value and its type', (_, build, message) => {
    expect(build).toThrow(message);
    try {
      build();
    } catch (error) {
      expect(isRingbackError(error, 'invalid-option')).toBe(true);
    }
  });
});

describe('any cockatiel IBreaker as a rule', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const breakers: [string, () => IBreaker, string][] = [
    ['ConsecutiveBreaker', () => new ConsecutiveBreaker(3), '..xxx'],
    ['CountBreaker', () => new CountBreaker({ threshold: 0.5, size: 4 }), '.xxx'],
    ['SamplingBreaker', () => new SamplingBreaker({ threshold: 0.5, duration: 1_000, minimumRps: 4 }), '.xxx'],
  ];

  it.each(breakers)('%s trips as it does by itself', (_, make, calls) => {
    const rule = cockatielRule(make()).create();
    expect(feed(rule, calls.slice(0, -1))).toBeUndefined();
    expect(feed(rule, calls.slice(-1))).toBe('its cockatiel breaker tripped');
  });

  it.each(breakers)('%s does not trip before the first call, nor after a success', (_, make, calls) => {
    const rule = cockatielRule(make()).create();
    expect(rule.trips(0)).toBeUndefined();
    feed(rule, calls);
    expect(feed(rule, '.')).toBeUndefined();
  });

  it.each(breakers)('%s starts anew on reset', (_, make, calls) => {
    const rule = cockatielRule(make()).create();
    feed(rule, calls);
    rule.reset();
    expect(rule.trips(0)).toBeUndefined();
    expect(feed(rule, 'x')).toBeUndefined();
  });

  it.each(breakers)('%s is carried over a restart', (_, make, calls) => {
    const rule = cockatielRule(make()).create();
    feed(rule, calls.slice(0, -1));
    const next = carriedOver(cockatielRule(make()), rule);
    expect(feed(next, calls.slice(-1))).toBe('its cockatiel breaker tripped');
  });

  it.each(breakers)('%s stays fresh when the snapshot is garbage or another breaker’s', (_, make, calls) => {
    const states = breakers
      .map(([, other]) => JSON.stringify(other().state))
      .filter((state) => state !== JSON.stringify(make().state));
    const hollow = JSON.stringify(make().state, (_, value) => (Array.isArray(value) ? value.map(() => null) : value));
    const deep = JSON.stringify(make().state, (_, value) => (Array.isArray(value) ? value.map(() => ({ x: 1 })) : value));
    const loose = JSON.stringify(make().state, (_, value) => (Array.isArray(value) ? { ...value } : value));
    const missing = JSON.stringify(make().state, (_, value) => (typeof value === 'number' ? null : value));
    const broken = [hollow, deep, loose, missing].filter((state) => state !== JSON.stringify(make().state));
    for (const state of [...states, ...broken, 7, '', '{', 'null', '"x"', '[]', '{"windows":1}']) {
      const rule = cockatielRule(make()).create();
      rule.restore({ state }, 0, WALL_MS);
      expect(feed(rule, calls.slice(0, -1)), String(state)).toBeUndefined();
      expect(feed(rule, calls.slice(-1))).toBe('its cockatiel breaker tripped');
    }
  });

  it('one without a state of its own has nothing to carry over', () => {
    const stateless: IBreaker = { state: undefined, success: () => {}, failure: () => true };
    const rule = cockatielRule(stateless).create();
    expect(rule.snapshot(0, WALL_MS)).toEqual({ state: '' });
    expect(feed(carriedOver(cockatielRule(stateless), rule), 'x')).toBe('its cockatiel breaker tripped');
  });

  it('is given only a state of the shape that its own has', () => {
    const given: unknown[] = [];
    const breaker: IBreaker = {
      get state(): unknown {
        return { failures: 0, samples: [true, false] };
      },
      set state(state) {
        given.push(state);
      },
      success: () => {},
      failure: () => false,
    };
    const restore = (state: unknown): void =>
      cockatielRule(breaker)
        .create()
        .restore({ state: JSON.stringify(state) }, 0, WALL_MS);
    for (const other of [
      null,
      7,
      [],
      {},
      { failures: 1 },
      { failures: 1, samples: [true] },
      { failures: 1, samples: true },
      { failures: '1', samples: [true, true] },
      { successes: 1, samples: [true, true] },
      { failures: 1, samples: [true, true], more: 1 },
    ]) {
      restore(other);
    }
    expect(given).toEqual([]);
    restore({ samples: [true, true], failures: 5 });
    expect(given).toEqual([{ samples: [true, true], failures: 5 }]);
  });
});

describe('asCockatielBreaker: our rules in cockatiel’s own circuit breaker', () => {
  const specs: [string, ClocklessRuleSpec][] = [
    ['consecutiveFailures', consecutiveFailures({ threshold: 2 })],
    ['failureCount', failureCount({ threshold: 2, windowSize: 4 })],
  ];

  it.each(specs)('%s opens it, and starts anew when it has closed', async (_, spec) => {
    vi.useFakeTimers();
    try {
      const policy = cockatielCircuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: asCockatielBreaker(spec) });
      const fail = (): Promise<unknown> => policy.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
      await fail();
      expect(policy.state).toBe(CircuitState.Closed);
      await fail();
      expect(policy.state).toBe(CircuitState.Open);
      vi.advanceTimersByTime(1_000);
      await policy.execute(() => 'up');
      expect(policy.state).toBe(CircuitState.Closed);
      await fail();
      expect(policy.state).toBe(CircuitState.Closed);
      await fail();
      expect(policy.state).toBe(CircuitState.Open);
      vi.advanceTimersByTime(1_000);
      await fail();
      expect(policy.state, 'a failed probe opens it again').toBe(CircuitState.Open);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(specs)('%s goes through cockatiel’s toJSON and initialState', async (_, spec) => {
    const first = cockatielCircuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: asCockatielBreaker(spec) });
    await first.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
    const initialState = JSON.parse(JSON.stringify(first.toJSON()));
    const second = cockatielCircuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: asCockatielBreaker(spec), initialState });
    await second.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
    expect(second.state).toBe(CircuitState.Open);
  });

  it('a success in between does not make failureCount forget', async () => {
    const breaker = asCockatielBreaker(failureCount({ threshold: 2, windowSize: 4 }));
    expect(breaker.failure(CircuitState.Closed)).toBe(false);
    breaker.success(CircuitState.Closed);
    expect(breaker.failure(CircuitState.Closed)).toBe(true);
  });

  it('ignores a state that is no object', () => {
    const breaker = asCockatielBreaker(consecutiveFailures({ threshold: 2 }));
    for (const state of [undefined, null, 7, 'x']) breaker.state = state;
    expect(breaker.failure(CircuitState.Closed)).toBe(false);
  });

  it('refuses rules that need a clock or a duration, and what is no rule', () => {
    const refused: [unknown, string][] = [
      [failureRate(), 'got "failure-rate" (string)'],
      [slowCallRate({ slowMs: 5 }), 'got "slow-call-rate" (string)'],
      [undefined, 'got undefined (undefined)'],
      [null, 'got null'],
      [{ clockless: true }, 'got [object Object] (object)'],
    ];
    for (const [spec, got] of refused) {
      expect(() => asCockatielBreaker(spec as ClocklessRuleSpec)).toThrow(
        `asCockatielBreaker must be a rule that needs no clock and no duration: consecutiveFailures({...}) or failureCount({...}), ${got}`,
      );
    }
  });
});
