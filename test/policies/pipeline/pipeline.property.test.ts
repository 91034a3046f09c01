import fc from 'fast-check';
import { expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { Policy, Refusal } from '../../../src/policies/policy.js';
import { rateLimiter } from '../../../src/policies/rate-limiter.js';
import { type RetryBudget, retryBudget } from '../../../src/policies/retry-budget.js';
import { seededRandom } from '../../../src/random.js';
import type { FakeClock } from '../../../src/testing/fake-clock.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { countedSignal, retryEvery, type Watched, watch } from './lab.js';

const ms = (max: number) => fc.integer({ min: 0, max });
const settingsOf = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  maxWaiting: ms(6),
  reclaimAfterMs: fc.constantFrom(0, 30, 1_000),
  rate: fc.option(fc.record({ limit: fc.integer({ min: 1, max: 5 }), maxWaitMs: ms(300) })),
  threshold: fc.option(fc.integer({ min: 1, max: 4 })),
  attemptTimeoutMs: fc.constantFrom(20, 80),
  deadlineMs: fc.constantFrom(90, 400, 3_000),
  attempts: fc.integer({ min: 1, max: 4 }),
  delayMs: fc.integer({ min: 0, max: 60 }),
  tokens: fc.integer({ min: 2, max: 8 }),
});
const callOf = fc.record({
  afterMs: ms(40),
  /** How each attempt goes, the last one again and again. */
  attempts: fc.array(
    fc.record({ end: fc.constantFrom('value', 'throw', 'hang', 'throw at once', 'value at once'), durationMs: ms(120) }),
    { minLength: 1, maxLength: 3 },
  ),
  abortAfterMs: fc.option(ms(150), { freq: 2 }),
  ownPolicy: fc.constantFrom('in', 'in', 'in', 'in', 'wait', 'promise', 'refuse', 'throw'),
});
type Settings = typeof settingsOf extends fc.Arbitrary<infer T> ? T : never;
type Call = typeof callOf extends fc.Arbitrary<infer T> ? T : never;

/** What really happens at the other end: what runs, what hangs until the test ends it. */
class OtherEnd {
  running = 0;
  started = 0;
  retries = 0;
  readonly hanging: (() => void)[] = [];
  private readonly clock: FakeClock;
  private readonly check: () => void;

  constructor(clock: FakeClock, check: () => void) {
    this.clock = clock;
    this.check = check;
  }

  attempt({ attempts }: Call, number: number): unknown {
    const { end, durationMs } = attempts[Math.min(number, attempts.length) - 1] as Call['attempts'][number];
    this.started++;
    if (number > 1) this.retries++;
    this.running++;
    this.check();
    this.running--;
    if (end === 'throw at once') throw new Error('at once');
    if (end === 'value at once') return 'at once';
    this.running++;
    return this.work(end, durationMs);
  }

  private async work(end: string, durationMs: number): Promise<unknown> {
    if (end === 'hang') await new Promise<void>((resolve) => this.hanging.push(resolve));
    else await this.clock.sleep(durationMs);
    this.running--;
    if (end === 'throw') throw new Error('later');
    return end;
  }
}

/** A policy of the user's that does all that the contract allows, and counts. */
class OwnPolicy implements Policy {
  readonly name = 'own';
  next: Call['ownPolicy'] = 'in';
  held = 0;
  recorded = 0;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  acquire(): undefined | number | Promise<void> | Refusal {
    if (this.next === 'throw') throw new Error('own policy');
    if (this.next === 'refuse') return { code: 'policy-refused', policy: 'own', reason: 'no' };
    this.held++;
    if (this.next === 'wait') return 15;
    return this.next === 'promise' ? this.clock.sleep(25) : undefined;
  }
  record(): void {
    this.recorded++;
  }
  release(): void {
    this.held--;
  }
  snapshot() {
    return {};
  }
  restore(): void {}
}

/** A budget whose withdrawals that were not given back are counted. */
function countingBudget(tokens: number): RetryBudget & { spent: number } {
  const budget = retryBudget({ maxTokens: tokens, reservePerSecond: 10 });
  return Object.assign(Object.create(budget) as RetryBudget, {
    spent: 0,
    withdraw(this: { spent: number }, timedOut: boolean, nowMs: number) {
      const isPaid = budget.withdraw(timedOut, nowMs);
      if (isPaid) this.spent++;
      return isPaid;
    },
    giveBack(this: { spent: number }, timedOut: boolean, nowMs: number) {
      this.spent--;
      budget.giveBack(timedOut, nowMs);
    },
    deposit: (nowMs: number) => budget.deposit(nowMs),
    balance: (nowMs: number) => budget.balance(nowMs),
    waitMs: (timedOut: boolean, nowMs: number) => budget.waitMs(timedOut, nowMs),
    snapshot: (nowMs: number, wallMs: number) => budget.snapshot(nowMs, wallMs),
    restore: () => {},
  });
}

async function live(settings: Settings, calls: readonly Call[]): Promise<void> {
  const clock = fakeClock();
  const { limit, maxWaiting, reclaimAfterMs } = settings;
  const limiter = bulkhead({ limit, maxWaiting, reclaimAfterMs });
  const rate = settings.rate === null ? undefined : rateLimiter({ ...settings.rate, intervalMs: 100 });
  const breaker =
    settings.threshold === null
      ? undefined
      : circuitBreaker({ rule: consecutiveFailures({ threshold: settings.threshold }), openMs: 50, rampStepMs: 20 });
  const budget = countingBudget(settings.tokens);
  const own = new OwnPolicy(clock);
  const otherEnd = new OtherEnd(clock, () => {
    expect(otherEnd.running).toBeLessThanOrEqual(limiter.limit + limiter.reclaimed);
    expect(limiter.inFlight).toBeLessThanOrEqual(limiter.limit);
  });
  const pipeline = resiliencePipeline({
    clock,
    random: seededRandom(1),
    deadlineMs: settings.deadlineMs,
    attemptTimeoutMs: settings.attemptTimeoutMs,
    retry: retryEvery(settings.delayMs, settings.attempts),
    budget,
    circuitBreaker: breaker ?? false,
    concurrency: limiter,
    rateLimiter: rate ?? false,
    extra: [own],
  });
  const answers: Watched[] = [];
  const signals: ReturnType<typeof countedSignal>[] = [];
  for (const call of calls) {
    await clock.advance(call.afterMs);
    own.next = call.ownPolicy;
    const signal = countedSignal();
    signals.push(signal);
    answers.push(watch(pipeline.execute(({ attempt }) => otherEnd.attempt(call, attempt), signal.signal)));
    if (call.abortAfterMs !== null) clock.setTimer(() => signal.controller.abort(), call.abortAfterMs);
  }
  await clock.advance(20_000);
  expect(answers.map(({ state }) => state)).not.toContain('pending');
  for (const end of otherEnd.hanging.splice(0)) end();
  await clock.advance(20_000);
  expect({
    running: otherEnd.running,
    inFlight: limiter.inFlight,
    waiting: limiter.waiting,
    timers: clock.timers,
    listening: signals.filter(({ listening }) => listening() > 0).length,
    rateWaitMs: rate?.waitMs(clock.monotonic()) ?? 0,
    ownHeld: own.held,
    unrecorded: otherEnd.started - own.recorded,
    tokensLost: budget.spent - otherEnd.retries,
  }).toEqual({
    running: 0,
    inFlight: 0,
    waiting: 0,
    timers: 0,
    listening: 0,
    rateWaitMs: 0,
    ownHeld: 0,
    unrecorded: 0,
    tokensLost: 0,
  });
  own.next = 'in';
  await comesBack(clock, () => pipeline.execute(() => 'back'));
}

/** Whatever it went through: once the other end takes again, so does the pipeline. */
async function comesBack(clock: FakeClock, execute: () => Promise<string>): Promise<void> {
  let last: Watched | undefined;
  for (let i = 0; i < 100 && last?.value !== 'back'; i++) {
    await clock.advance(100);
    last = watch(execute());
    await clock.advance(1_000);
  }
  expect(last?.value).toBe('back');
}

it('whatever calls do under whatever settings: every promise settles, and no slot, token, waiter, timer or listener is left', {
  timeout: 120_000,
}, async () => {
  await fc.assert(fc.asyncProperty(settingsOf, fc.array(callOf, { minLength: 1, maxLength: 25 }), live), { numRuns: 1_000 });
});
