import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutcomeKind } from '../../src/outcome.js';
import { consecutiveFailures } from '../../src/policies/breaker-rules/consecutive-failures.js';
import { failureRate } from '../../src/policies/breaker-rules/failure-rate.js';
import { type CircuitBreaker, circuitBreaker } from '../../src/policies/circuit-breaker.js';
import type { Attempt, PolicySnapshot, Refusal } from '../../src/policies/policy.js';
import { attemptOf } from './attempt.js';
import { CircuitModel, type ModelCall, type ModelSettings } from './circuit-model.js';

const KINDS: readonly OutcomeKind[] = [
  'delivered',
  'rejected',
  'gone',
  'overloaded',
  'failed',
  'timed-out',
  'cancelled',
  'shed',
  'forbidden',
];

const modelSettings: fc.Arbitrary<ModelSettings> = fc
  .record({
    threshold: fc.integer({ min: 1, max: 4 }),
    openMs: fc.integer({ min: 1, max: 50 }),
    longerMs: fc.integer({ min: 0, max: 400 }),
    probes: fc.integer({ min: 1, max: 5 }),
    spare: fc.integer({ min: 0, max: 4 }),
    probeTimeoutMs: fc.integer({ min: 1, max: 100 }),
    rampPercent: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 }),
    rampStepMs: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ longerMs, spare, ...rest }) => ({
    ...rest,
    maxOpenMs: rest.openMs + longerMs,
    probesToClose: Math.max(1, rest.probes - spare),
    rampPercent: rest.rampPercent.sort((a, b) => a - b),
  }));

function breakerOf({ threshold, rampPercent, ...same }: ModelSettings): CircuitBreaker {
  return circuitBreaker({
    ...same,
    rule: consecutiveFailures({ threshold }),
    rampUp: rampPercent.map((percent) => percent / 100),
  });
}

/** The breaker under test, and the calls that are under way in it and in the model. */
interface Real {
  breaker: CircuitBreaker;
  /** What the monotonic clock of this process is ahead of the model's. */
  aheadMs: number;
  underWay: { attempt: Attempt; call: ModelCall }[];
}

type Step = fc.Command<CircuitModel, Real>;

/** A step that may always be taken; after each, breaker and model must agree. */
class Do implements Step {
  readonly label: string;
  readonly act: (model: CircuitModel, real: Real, nowMs: number) => void;

  constructor(label: string, act: (model: CircuitModel, real: Real, nowMs: number) => void) {
    this.label = label;
    this.act = act;
  }

  check(): boolean {
    return true;
  }

  run(model: CircuitModel, real: Real): void {
    this.act(model, real, model.nowMs + real.aheadMs);
    expect(real.breaker.state).toBe(model.state);
    expect(real.breaker.epoch).toBe(model.epoch);
    const untilMs = model.openUntilMs === 0 ? 0 : model.openUntilMs + real.aheadMs;
    expect(real.breaker.opensUntilMs).toBe(untilMs);
    expect(real.breaker.changeReason).not.toBe('');
  }

  toString(): string {
    return this.label;
  }
}

function enter(model: CircuitModel, { breaker, underWay }: Real, nowMs: number): void {
  const before = JSON.stringify(breaker.snapshot(nowMs, 0));
  const peeked = breaker.peek?.(nowMs);
  expect(JSON.stringify(breaker.snapshot(nowMs, 0)), 'peek has no side effect').toBe(before);
  const attempt = attemptOf();
  const refusal = breaker.acquire(attempt, nowMs) as Refusal | undefined;
  attempt.startedAtMs = nowMs;
  const call = model.enter();
  expect(refusal === undefined).toBe(call !== undefined);
  if (call !== undefined) underWay.push({ attempt, call });
  if (refusal !== undefined && refusal.code === 'circuit-open') {
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    expect(refusal.retryAfterMs).toBeLessThanOrEqual(Math.max(model.settings.maxOpenMs, model.settings.rampStepMs));
  }
  if (peeked !== undefined) expect(refusal, 'who peeks is told what acquire would say').toEqual(peeked);
}

function takeOut({ underWay }: Real, pick: number): { attempt: Attempt; call: ModelCall } | undefined {
  return underWay.splice(pick % Math.max(1, underWay.length), 1)[0];
}

function end(model: CircuitModel, real: Real, nowMs: number, pick: number, kind: OutcomeKind): void {
  const taken = takeOut(real, pick);
  if (taken === undefined) return;
  real.breaker.record(taken.attempt, { kind }, nowMs);
  model.record(taken.call, kind);
  real.breaker.release(taken.attempt);
  model.release(taken.call);
}

function leave(model: CircuitModel, real: Real, pick: number): void {
  const taken = takeOut(real, pick);
  if (taken === undefined) return;
  real.breaker.release(taken.attempt);
  model.release(taken.call);
}

function restart(model: CircuitModel, real: Real, nowMs: number): void {
  const wallMs = 1_700_000_000_000;
  const kept = JSON.parse(JSON.stringify(real.breaker.snapshot(nowMs, wallMs))) as PolicySnapshot;
  real.breaker = breakerOf(model.settings);
  real.aheadMs += 12_345;
  real.breaker.restore(kept, model.nowMs + real.aheadMs, wallMs);
  real.underWay = [];
  model.restart();
}

const steps: fc.Arbitrary<Step>[] = [
  fc.constant(new Do('enter', enter)),
  fc.constant(new Do('enter', enter)),
  fc
    .tuple(fc.nat(20), fc.constantFrom(...KINDS, 'failed' as const, 'failed' as const, 'delivered' as const))
    .map(([pick, kind]) => new Do(`end ${pick} as ${kind}`, (model, real, nowMs) => end(model, real, nowMs, pick, kind))),
  fc.nat(20).map((pick) => new Do(`leave ${pick}`, (model, real) => leave(model, real, pick))),
  fc.nat(120).map(
    (waitMs) =>
      new Do(`wait ${waitMs}`, (model) => {
        model.nowMs += waitMs;
      }),
  ),
  fc.constant(new Do('restart', restart)),
  fc.nat(9).map((dice) =>
    dice === 0
      ? new Do('isolate', (model, { breaker }) => {
          breaker.isolate();
          model.isolate();
        })
      : new Do('close', (model, { breaker }) => {
          if (dice < 8 && model.state !== 'isolated') return;
          breaker.close();
          model.close();
        }),
  ),
];

describe('the circuit breaker', () => {
  it('does what its model does, call after call', () => {
    fc.assert(
      fc.property(modelSettings, fc.commands(steps, { maxCommands: 150, size: 'max' }), (settings, commands) => {
        fc.modelRun(
          () => ({ model: new CircuitModel(settings), real: { breaker: breakerOf(settings), aheadMs: 0, underWay: [] } }),
          commands,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('lets in of n calls on the ramp the share of them, to the call', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 500 }), (percent, calls) => {
        const breaker = breakerOf({
          threshold: 1,
          openMs: 10,
          maxOpenMs: 10,
          probes: 1,
          probesToClose: 1,
          probeTimeoutMs: 10,
          rampPercent: [percent],
          rampStepMs: 10,
        });
        for (const [kind, nowMs] of [
          ['failed', 0],
          ['delivered', 10],
        ] as const) {
          const attempt = attemptOf();
          breaker.acquire(attempt, nowMs);
          breaker.record(attempt, { kind }, nowMs);
        }
        let letIn = 0;
        for (let i = 0; i < calls; i++) if (breaker.acquire(attemptOf(), 10) === undefined) letIn++;
        expect(letIn).toBe(Math.floor((calls * percent) / 100));
      }),
    );
  });

  it('survives any snapshot: it refuses no longer than maxOpenMs, unless isolated, and goes on', () => {
    const value = fc.oneof(
      fc.double(),
      fc.string(),
      fc.constant(null),
      fc.integer(),
      fc.constantFrom('open', 'closed', 'half-open'),
    );
    const ruleSnapshot = fc.dictionary(fc.constantFrom('name', 'failures', 'windowMs', 'calls', 'bad', 'currentEndsAtMs'), value);
    const snapshot = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          state: fc.constantFrom('closed', 'open', 'half-open', 'ramping', 'isolated', 'ajar'),
          reason: fc.oneof(fc.string(), value),
          opens: fc.oneof(fc.nat(), value),
          openUntilMs: value,
          sinceMs: value,
          rule: fc.oneof(ruleSnapshot, value),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(snapshot, fc.constantFrom(consecutiveFailures(), failureRate()), (given, rule) => {
        const breaker = circuitBreaker({ rule, maxOpenMs: 60_000 });
        breaker.restore(given as PolicySnapshot, 500, 1_700_000_000_000);
        const refusal = breaker.acquire(attemptOf(), 500) as Refusal | undefined;
        if (breaker.state === 'isolated') breaker.close();
        else if (refusal !== undefined) expect(refusal.retryAfterMs).toBeLessThanOrEqual(60_000);
        const attempt = attemptOf();
        let nowMs = 60_500;
        while (breaker.acquire(attempt, nowMs) !== undefined) nowMs += 1_000;
        expect(nowMs).toBeLessThanOrEqual(64_500);
        breaker.record(attempt, { kind: 'failed' }, nowMs);
        expect(() => JSON.stringify(breaker.snapshot(nowMs, 0))).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the window of failureRate', () => {
  it('holds every call of its last nine tenths, and none older than itself', () => {
    const windowMs = 1_000;
    const call = fc.record({ afterMs: fc.oneof(fc.nat(120), fc.nat(3_000)), failed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 100 }), (calls) => {
        const rule = failureRate({ windowMs }).create();
        const made: { atMs: number; failed: boolean }[] = [];
        let nowMs = 0;
        for (const { afterMs, failed } of calls) {
          nowMs += afterMs;
          rule.record(failed, 0, nowMs);
          made.push({ atMs: nowMs, failed });
          const { calls: inWindow, bad } = rule.snapshot(nowMs, 0) as { calls: number[]; bad: number[] };
          const within = (ageMs: number) => made.filter(({ atMs }) => nowMs - atMs < ageMs);
          for (const [counted, of] of [
            [inWindow, () => true],
            [bad, (one: { failed: boolean }) => one.failed],
          ] as const) {
            const count = counted.reduce((sum, bucket) => sum + bucket, 0);
            expect(count).toBeGreaterThanOrEqual(within(windowMs * 0.9).filter(of).length);
            expect(count).toBeLessThanOrEqual(within(windowMs).filter(of).length);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
