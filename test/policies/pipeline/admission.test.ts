import { describe, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { Admission, isRefusal } from '../../../src/policies/pipeline/admission.js';
import { PipelineAttempt } from '../../../src/policies/pipeline/attempt.js';
import { planPipeline } from '../../../src/policies/pipeline/plan.js';
import type { PipelineSettings } from '../../../src/policies/pipeline/settings.js';
import type { Policy, Refusal } from '../../../src/policies/policy.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';

const owner = { callee: 'partner', deadlineMs: 30_000, interrupted: () => {} };
const attempt = (): PipelineAttempt =>
  new PipelineAttempt(
    owner,
    1,
    0,
    () => 1,
    undefined,
    undefined,
    () => {},
    () => {},
  );

function admission(settings: PipelineSettings): Admission {
  const plan = planPipeline({ circuitBreaker: false, ...settings });
  return new Admission(plan.breaker(), plan.limiter(), plan.rate(), plan.extra);
}

const asked: string[] = [];
const spy = (name: string): Policy => ({
  name,
  acquire: () => void asked.push(`${name} asked`),
  record: () => void asked.push(`${name} told`),
  release: () => void asked.push(`${name} released`),
  snapshot: () => ({}),
  restore: () => {},
});

describe('the order of admission', () => {
  it('concurrency line, rate reservation, the user’s own, the breaker last; the slot is given back last', () => {
    asked.length = 0;
    const [breaker, limiter, rate, own] = ['breaker', 'line', 'rate', 'own'].map(spy) as [Policy, Policy, Policy, Policy];
    const all = new Admission(breaker as never, limiter as never, rate as never, [own]);
    const one = attempt();
    expect(all.admit(one, 0)).toBe(undefined);
    all.record(one, { kind: 'delivered' }, 0);
    all.release(one);
    all.release(one);
    expect(asked).toEqual([
      'line asked',
      'rate asked',
      'own asked',
      'breaker asked',
      'breaker told',
      'line told',
      'rate told',
      'own told',
      'breaker released',
      'own released',
      'rate released',
      'line released',
    ]);
  });

  it('goes on where it stood when it is asked again', () => {
    const all = admission({ concurrency: { limit: 1 }, rateLimiter: { limit: 1, intervalMs: 100 } });
    all.admit(attempt(), 0);
    const second = attempt();
    expect(all.admit(second, 0)).toBeInstanceOf(Promise);
    all.release(second);
    const waiting = admission({ rateLimiter: { limit: 1, intervalMs: 100 } });
    waiting.admit(attempt(), 0);
    const late = attempt();
    expect([waiting.admit(late, 0), waiting.admit(late, 100)]).toEqual([100, undefined]);
    expect(waiting.rate?.waitMs(100)).toBe(100);
  });

  it('what was taken before a refusal is held until it is released', () => {
    const all = admission({ concurrency: { limit: 1 }, rateLimiter: { limit: 1, intervalMs: 60_000, maxWaitMs: 0 } });
    const first = attempt();
    all.admit(first, 0);
    first.startedAtMs = 0;
    all.release(first);
    const second = attempt();
    const gate = all.admit(second, 0);
    expect(gate !== undefined && isRefusal(gate) && gate.code).toBe('rate-limited');
    expect(all.limiter?.inFlight).toBe(1);
    all.release(second);
    expect(all.limiter?.inFlight).toBe(0);
    expect(all.rate?.waitMs(0)).toBe(60_000);
  });

  it('a policy that refused an attempt is given nothing back', () => {
    asked.length = 0;
    const refusal: Refusal = { code: 'policy-refused', policy: 'closed', reason: 'closed' };
    const closed = { ...spy('closed'), acquire: () => refusal } as never;
    for (const all of [
      new Admission(closed, undefined, undefined, []),
      new Admission(undefined, closed, undefined, []),
      new Admission(undefined, undefined, closed, []),
      new Admission(undefined, undefined, undefined, [closed]),
    ]) {
      const one = attempt();
      expect(all.admit(one, 0)).toBe(refusal);
      all.release(one);
    }
    expect(asked).toEqual([]);
  });

  it('a breaker of the user’s need not tell beforehand what it would do', () => {
    const all = new Admission(spy('breaker') as never, undefined, undefined, []);
    expect([all.peekBreaker(0), all.peek(0)]).toEqual([undefined, undefined]);
  });

  it('what a policy of the user’s throws when it is told goes on to whoever told it', () => {
    const broken: Policy = {
      ...spy('broken'),
      record: () => {
        throw new Error('broken');
      },
    };
    const all = admission({ extra: [broken] });
    const one = attempt();
    all.admit(one, 0);
    expect(() => all.record(one, { kind: 'delivered' }, 0)).toThrow('broken');
  });

  it('a Retry-After where no rate is limited pauses nothing', () => {
    expect(() => admission({}).pause(1_000, 0)).not.toThrow();
  });

  it('a policy of the user’s gets the attempt with fields of its own, as if nobody had asked before', () => {
    const one = attempt();
    expect(one.twin()).toEqual({
      number: 1,
      destination: 'partner',
      priority: 0,
      enqueuedAtMs: 0,
      deadlineAtMs: 30_000,
      startedAtMs: -1,
      breakerMark: 0,
      limiterMark: 0,
      rateMark: 0,
    });
  });

  it('an attempt has one signal, however often it is asked for', () => {
    const one = attempt();
    expect(new Set([one.signal, one.signal]).size).toBe(1);
  });
});

it('A peek takes back slots that are due, so that the outbox does not wait for ever', () => {
  const all = admission({ concurrency: { limit: 1, reclaimAfterMs: 100 } });
  const stuck = attempt();
  all.admit(stuck, 0);
  all.record(stuck, { kind: 'timed-out' }, 50);
  expect(all.peek(149)).toMatchObject({ code: 'concurrency-full', reason: '1 are in flight' });
  expect(all.peek(150)).toBe(undefined);
});

it('A peek tells how long the next token is away', () => {
  const all = admission({ rateLimiter: { limit: 1 } });
  all.admit(attempt(), 0);
  expect(all.peek(0)).toEqual({ code: 'rate-limited', policy: 'rate-limiter', reason: 'no token yet', retryAfterMs: 1_000 });
});

describe('what may be forgotten', () => {
  it('a pipeline without any policy', () => {
    expect(admission({ concurrency: false }).isIdle(fakeClock())).toBe(true);
  });

  it('a rate limit that was drawn on stays until its bucket is full: a new one would let a whole burst through again', async () => {
    const clock = fakeClock();
    const parts = admission({ rateLimiter: { limit: 10, intervalMs: 60_000 }, concurrency: false, clock });
    const nowMs = clock.monotonic();
    const one = attempt();
    parts.admit(one, nowMs);
    one.startedAtMs = nowMs;
    parts.release(one);
    expect(parts.peek(nowMs)).toBeUndefined();
    expect(parts.isIdle(clock)).toBe(false);
    await clock.advance(6_000);
    expect(parts.isIdle(clock)).toBe(true);
  });

  it('an open breaker stays while it is open, and an hour longer; endpoints that are gone for good don’t pile up', async () => {
    const clock = fakeClock();
    const openMs = 5_000;
    const parts = admission({ circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }), openMs }, clock });
    const failing = attempt();
    parts.admit(failing, clock.monotonic());
    parts.record(failing, { kind: 'failed' }, clock.monotonic());
    parts.release(failing);
    expect(parts.breaker?.state).toBe('open');
    expect(parts.peek(clock.monotonic())).toMatchObject({ code: 'circuit-open' });
    await clock.advance(openMs + 3_600_000 - 1);
    expect(parts.isIdle(clock)).toBe(false);
    await clock.advance(1);
    expect(parts.isIdle(clock)).toBe(true);

    const probe = attempt();
    parts.admit(probe, clock.monotonic());
    parts.release(probe);
    expect(parts.breaker?.state).toBe('half-open');
    await clock.advance(1e9);
    expect(parts.isIdle(clock)).toBe(false);

    parts.breaker?.isolate();
    await clock.advance(1e9);
    expect(parts.isIdle(clock)).toBe(false);
  });
});
