import { describe, expect, it } from 'vitest';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { PipelineSettings } from '../../../src/policies/pipeline/settings.js';
import type { PipelineSnapshot } from '../../../src/policies/pipeline/snapshot.js';
import type { Policy, PolicySnapshot } from '../../../src/policies/policy.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { lab, retryEvery, Work, watch } from './lab.js';

const down = (): Promise<never> => Promise.reject(new Error('down'));

/** Over JSON, into a pipeline on another clock, as a restart is. */
function restart(snapshot: PipelineSnapshot, settings: PipelineSettings, startAtMs: number) {
  const clock = fakeClock({ startAtMs });
  const pipeline = resiliencePipeline({ clock, ...settings });
  pipeline.restore(JSON.parse(JSON.stringify(snapshot)));
  return { clock, pipeline };
}

describe('snapshot and restore', () => {
  it('an open circuit is open after a restart, for the rest of its time', async () => {
    const settings = { circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }), openMs: 10_000 }, retry: false } as const;
    const { clock, pipeline } = lab(settings);
    await pipeline.execute(down).catch(() => {});
    const snapshot = pipeline.snapshot();
    const after = restart(snapshot, settings, clock.now() + 4_000);
    await expect(after.pipeline.execute(() => 1)).rejects.toMatchObject({ code: 'circuit-open', retryAfterMs: 6_000 });
    await after.clock.advance(6_000);
    expect(await after.pipeline.execute(() => 1)).toBe(1);
  });

  it('a spent budget, a used rate and a learned limit go on too', async () => {
    const settings: PipelineSettings = {
      retry: retryEvery(1, 100),
      budget: { maxTokens: 4, reservePerSecond: 0 },
      rateLimiter: { limit: 100, intervalMs: 100_000, maxWaitMs: 0 },
      concurrency: { initialLimit: 10, maxLimit: 20 },
      circuitBreaker: false,
      attemptTimeoutMs: 50,
    };
    const { clock, pipeline } = lab(settings);
    await clock.advance(1);
    watch(pipeline.execute(() => new Promise(() => {})));
    await clock.advance(1_000);
    const snapshot = pipeline.snapshot();
    expect(snapshot).toMatchObject({ budget: { balance: 0, tokens: 0 }, takenAtMs: clock.now() });
    const after = restart(snapshot, settings, clock.now()).pipeline.snapshot();
    expect(after.budget).toEqual(snapshot.budget);
    expect(after.rateLimiter).toEqual(snapshot.rateLimiter);
    expect(after.concurrency?.limit).toBe(snapshot.concurrency?.limit);
    expect(after.concurrency?.limit).toBeLessThan(10);
  });

  it('shows what an operator asks, and work in flight is not taken along', async () => {
    const { pipeline } = lab({ concurrency: { limit: 1 } });
    const work = new Work();
    watch(pipeline.execute(work.run));
    watch(pipeline.execute(work.run));
    const snapshot = pipeline.snapshot();
    expect(snapshot.concurrency).toEqual({ limit: 1, inFlight: 1, waiting: 1, reclaimed: 0 });
    const after = restart(snapshot, { concurrency: { limit: 1 } }, 0).pipeline;
    expect(after.snapshot().concurrency).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it('a policy of the user’s is restored by its name', () => {
    const own = (name: string, state: PolicySnapshot) => {
      const restored: PolicySnapshot[] = [];
      const policy: Policy = {
        name,
        acquire: () => undefined,
        record: () => {},
        release: () => {},
        snapshot: () => state,
        restore: (snapshot) => restored.push(snapshot),
      };
      return { policy, restored };
    };
    const [before, same, other] = [own('hours', { open: true }), own('hours', {}), own('days', {})];
    const { pipeline } = lab({ extra: [before.policy] });
    restart(pipeline.snapshot(), { extra: [same.policy, other.policy] }, 0);
    restart(lab().pipeline.snapshot(), { extra: [same.policy] }, 0);
    expect([same.restored, other.restored]).toEqual([[{ open: true }], []]);
  });

  it('holds only the parts that there are, and none of another is asked for', () => {
    const { clock, pipeline } = lab();
    expect(pipeline.snapshot()).toEqual({ takenAtMs: clock.now() });
    const full = resiliencePipeline({ clock, concurrency: { limit: 1 }, rateLimiter: { limit: 1 } });
    pipeline.restore(full.snapshot());
    full.restore(pipeline.snapshot());
    expect(Object.keys(full.snapshot())).toEqual(['takenAtMs', 'circuitBreaker', 'concurrency', 'rateLimiter', 'budget']);
  });

  it('what it can’t read it ignores, and starts fresh', async () => {
    const { pipeline } = lab({ circuitBreaker: {}, budget: {}, retry: retryEvery(1), concurrency: { limit: 1 } });
    for (const garbage of [null, 7, 'open', [], { state: 'open' }, { limit: 'x' }]) {
      const parts = { circuitBreaker: garbage, concurrency: garbage, rateLimiter: garbage, budget: garbage, extra: garbage };
      pipeline.restore({ takenAtMs: 0, ...parts } as never);
    }
    expect(await pipeline.execute(() => 1)).toBe(1);
    expect(() => pipeline.restore(null as never)).toThrow('snapshot must be an object that snapshot() gave, got null');
  });
});
