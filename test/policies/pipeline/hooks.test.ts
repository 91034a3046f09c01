import { describe, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import type { CallObserver, CallOptions } from '../../../src/policies/pipeline/call.js';
import { PipelineListeners } from '../../../src/policies/pipeline/listeners.js';
import { Pipeline } from '../../../src/policies/pipeline/pipeline.js';
import { planPipeline } from '../../../src/policies/pipeline/plan.js';
import type { PipelineSettings } from '../../../src/policies/pipeline/settings.js';
import { TimeoutLine } from '../../../src/policies/pipeline/timeout-line.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { countedSignal, retryEvery, Work, watch } from './lab.js';

function owned(settings: PipelineSettings) {
  const clock = fakeClock();
  const plan = planPipeline({ clock, circuitBreaker: false, retry: false, budget: false, ...settings });
  const heard: unknown[][] = [];
  const pipeline = new Pipeline(plan, 'https://a.example', new TimeoutLine(clock, plan.timeoutMs as number), {
    circuitChanged: (...event) => heard.push(['circuit', ...event]),
    limitChanged: (...event) => heard.push(['limit', ...event]),
    released: (...event) => heard.push(['released', ...event]),
  });
  const seen: unknown[][] = [];
  const observer: CallObserver = {
    attemptEnded: ({ number }, { kind }, nowMs) => seen.push(['ended', number, kind, nowMs]),
    refused: (number, { code }) => seen.push(['refused', number, code]),
    decided: ({ why }, balance) => seen.push(['decided', why, balance]),
  };
  const options = (over: Partial<CallOptions> = {}): CallOptions => ({
    deadlineMs: 30_000,
    priority: 0,
    retries: true,
    observer,
    ...over,
  });
  return { clock, pipeline, heard, seen, options };
}

const down = (): Promise<never> => Promise.reject(new Error('down'));
const DESTINATION = 'https://a.example';

describe('hooks', () => {
  it('tell of what has changed since the pipeline was made, also where the breaker is shared and nothing is limited', () => {
    const told: unknown[] = [];
    const breaker = { epoch: 3, state: 'open', changeReason: 'so it is' };
    const hooks = { circuitChanged: (...event: unknown[]) => told.push(event), limitChanged: () => {}, released: () => {} };
    const admission = { breaker, limiter: undefined } as never;
    const listeners = new PipelineListeners('a', hooks, admission);
    listeners.recorded(admission);
    expect(told).toEqual([]);
    breaker.epoch = 4;
    listeners.recorded(admission);
    expect(told).toEqual([['a', 'open', 'so it is']]);
  });

  it('tell of the circuit, the limit, and of everything given back, so that the outbox wakes on release, not by polling', async () => {
    const { clock, pipeline, heard } = owned({
      circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }) },
      concurrency: { initialLimit: 10 },
      attemptTimeoutMs: 100,
    });
    const work = new Work();
    await clock.advance(1);
    for (let i = 0; i < 3; i++) watch(pipeline.call(work.run, undefined, undefined));
    await clock.advance(100);
    expect(heard).toEqual([
      ['circuit', DESTINATION, 'open', '1 calls in a row failed'],
      ['limit', DESTINATION, 1],
    ]);
    work.end();
    work.end();
    await clock.advance(0);
    heard.length = 0;
    work.end();
    await clock.advance(0);
    expect(heard).toEqual([['released', DESTINATION]]);
    await clock.advance(60_000);
    heard.length = 0;
    watch(pipeline.call(() => 'probe', undefined, undefined));
    watch(pipeline.call(() => 'probe', undefined, undefined));
    await clock.advance(0);
    const changes = heard.filter(([what]) => what === 'circuit');
    expect(changes).toEqual([
      ['circuit', DESTINATION, 'half-open', 'its open time is over'],
      ['circuit', DESTINATION, 'ramping', '2 of 3 probes succeeded'],
    ]);
  });

  it('an observer is told of the decision, also where there is no budget', async () => {
    const { pipeline, seen, options } = owned({});
    await pipeline.call(down, undefined, options()).catch(() => {});
    expect(seen.at(-1)).toEqual(['decided', 'attempts-exhausted', undefined]);
  });

  it('tell each change once', async () => {
    const rule = consecutiveFailures({ threshold: 1 });
    const { clock, pipeline, heard } = owned({ circuitBreaker: { rule, openMs: 1_000, probes: 1, rampUp: [] } });
    await pipeline.call(down, undefined, undefined).catch(() => {});
    await clock.advance(1_000);
    for (let i = 0; i < 5; i++) await pipeline.call(() => 1, undefined, undefined);
    expect(heard.filter(([what]) => what === 'circuit').map(([, , state]) => state)).toEqual(['open', 'closed']);
  });

  it('tell when who was let in from the line is turned away: its slot is free again', async () => {
    const { clock, pipeline, heard } = owned({
      concurrency: { limit: 1 },
      rateLimiter: { limit: 1, intervalMs: 60_000, maxWaitMs: 0 },
    });
    const work = new Work();
    watch(pipeline.call(work.run, undefined, undefined));
    const second = watch(pipeline.call(work.run, undefined, undefined));
    work.end();
    await clock.advance(0);
    expect(second.error).toMatchObject({ code: 'rate-limited' });
    expect(heard).toEqual([
      ['released', DESTINATION],
      ['released', DESTINATION],
    ]);
  });
});

describe('an observer', () => {
  it('sees each attempt, each decision and each refusal, in order', async () => {
    const { clock, pipeline, seen, options } = owned({
      retry: retryEvery(10),
      budget: { maxTokens: 10, reservePerSecond: 0 },
      circuitBreaker: { rule: consecutiveFailures({ threshold: 2 }) },
    });
    watch(pipeline.call(down, undefined, options()));
    await clock.advance(1_000);
    expect(seen).toEqual([
      ['ended', 1, 'failed', 0],
      ['decided', 'backoff', 9],
      ['ended', 2, 'failed', 10],
      ['decided', 'backoff', 8],
      ['refused', 3, 'circuit-open'],
    ]);
  });

  it('sees that the budget was what stopped the retrying', async () => {
    const { clock, pipeline, seen, options } = owned({
      retry: retryEvery(10),
      budget: { maxTokens: 1, timeoutCost: 1, reservePerSecond: 0 },
    });
    watch(pipeline.call(down, undefined, options()));
    await clock.advance(1_000);
    expect(seen.filter(([what]) => what === 'decided')).toEqual([
      ['decided', 'backoff', 0],
      ['decided', 'budget-empty', 0],
    ]);
  });

  it('sees no decision where classify calls the result delivered', async () => {
    const { clock, pipeline, seen, options } = owned({ retry: retryEvery(10), classify: () => ({ kind: 'delivered' }) });
    const answer = watch(pipeline.call(() => 7, undefined, options()));
    await clock.advance(0);
    expect(answer.value).toBe(7);
    expect(seen).toEqual([['ended', 1, 'delivered', 0]]);
  });

  it('may be left out: a call is made, decided and refused without', async () => {
    const { clock, pipeline, options } = owned({
      retry: retryEvery(10, 2),
      circuitBreaker: { rule: consecutiveFailures({ threshold: 2 }) },
      rateLimiter: { limit: 2, intervalMs: 60_000, maxWaitMs: 0 },
    });
    const unseen = options({ observer: undefined });
    const failed = watch(pipeline.call(down, undefined, unseen));
    await clock.advance(10);
    expect(failed.error?.message).toBe('down');
    const open = watch(pipeline.call(down, undefined, unseen));
    await clock.advance(0);
    expect(open.error).toMatchObject({ code: 'circuit-open' });
    const limited = owned({ rateLimiter: { limit: 1, intervalMs: 60_000, maxWaitMs: 0 } });
    await limited.pipeline.call(() => 1, undefined, unseen);
    await expect(limited.pipeline.call(() => 2, undefined, unseen)).rejects.toMatchObject({ code: 'rate-limited' });
  });

  it('a call may leave retrying to whoever asked', async () => {
    const { clock, pipeline, seen, options } = owned({ retry: retryEvery(10) });
    const answer = watch(pipeline.call(down, undefined, options({ retries: false })));
    await clock.advance(100);
    expect(answer.error?.message).toBe('down');
    expect(seen).toEqual([['ended', 1, 'failed', 0]]);
  });

  it('a call may have a deadline and a priority of its own', async () => {
    const { clock, pipeline, options } = owned({ concurrency: { limit: 1 } });
    const order: string[] = [];
    const work = new Work();
    watch(pipeline.call(work.run, undefined, options()));
    watch(pipeline.call(() => order.push('plain'), undefined, options()));
    watch(pipeline.call(() => order.push('urgent'), undefined, options({ priority: 5 })));
    const hasty = watch(pipeline.call(() => order.push('hasty'), undefined, options({ deadlineMs: 50 })));
    await clock.advance(50);
    expect(hasty.error).toMatchObject({ code: 'deadline-exceeded' });
    work.end();
    await clock.advance(0);
    expect(order).toEqual(['urgent', 'plain']);
  });
});

describe('who looks on from outside', () => {
  it('a peek takes nothing, and says who would refuse or keep a call waiting', async () => {
    const { clock, pipeline } = owned({
      concurrency: { limit: 1 },
      rateLimiter: { limit: 2, intervalMs: 1_000, maxWaitMs: 9_000 },
    });
    expect(pipeline.peek(clock.monotonic())).toBe(undefined);
    const work = new Work();
    watch(pipeline.call(work.run, undefined, undefined));
    expect(pipeline.peek(clock.monotonic())).toMatchObject({ code: 'concurrency-full' });
    work.end();
    await clock.advance(0);
    await pipeline.call(() => 1, undefined, undefined);
    expect(pipeline.peek(clock.monotonic())).toMatchObject({ code: 'rate-limited', retryAfterMs: 500 });
  });

  it('a peek asks the user’s policies too', () => {
    const refusal = { code: 'policy-refused', policy: 'own', reason: 'no' } as const;
    const own = { name: 'own', acquire: () => undefined, record() {}, release() {}, snapshot: () => ({}), restore() {} };
    const { pipeline } = owned({ extra: [own, { ...own, peek: () => refusal }] });
    expect(pipeline.peek(0)).toBe(refusal);
  });

  it('No interval timer and no listener per key: a thousand idle destinations hold nothing that runs', async () => {
    const clock = fakeClock();
    const plan = planPipeline({ clock, concurrency: {}, rateLimiter: { limit: 5 } });
    const line = new TimeoutLine(clock, plan.timeoutMs as number);
    const { signal, listening } = countedSignal();
    const pipelines = Array.from({ length: 1_000 }, (_, i) => new Pipeline(plan, `https://${i}.example`, line));
    await Promise.all(pipelines.map((pipeline) => pipeline.call(async () => 1, signal, undefined)));
    expect([clock.timers, listening()]).toEqual([0, 0]);
    await clock.advance(1_000);
    expect(pipelines.every((pipeline) => pipeline.isIdle())).toBe(true);
  });

  it('it is idle when nothing would be lost: no work, a closed circuit, a full bucket', async () => {
    const { clock, pipeline } = owned({
      concurrency: { limit: 1 },
      rateLimiter: { limit: 1, intervalMs: 1_000 },
      circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }), openMs: 5_000 },
    });
    expect(pipeline.isIdle()).toBe(true);
    const work = new Work();
    watch(pipeline.call(work.run, undefined, undefined));
    await clock.advance(1_000);
    expect(pipeline.isIdle()).toBe(false);
    work.end();
    await clock.advance(0);
    expect(pipeline.isIdle()).toBe(true);
    await pipeline.call(() => 1, undefined, undefined);
    expect(pipeline.isIdle()).toBe(false);
    await clock.advance(1_000);
    expect(pipeline.isIdle()).toBe(true);
    await pipeline.call(down, undefined, undefined).catch(() => {});
    await clock.advance(1_000);
    expect(pipeline.isIdle()).toBe(false);
  });
});
