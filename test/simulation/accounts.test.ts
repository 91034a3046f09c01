import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Fault, type MakeClient, type SimulationOptions, simulate } from '../../src/simulation/index.js';

const DURATION_MS = 8_000;
const MAX_QUEUE = 20;

const window = fc
  .tuple(fc.integer({ min: 0, max: DURATION_MS }), fc.integer({ min: 1, max: 4_000 }))
  .map(([fromMs, lastsMs]) => ({ fromMs, untilMs: fromMs + lastsMs }));

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.tuple(window, fc.constantFrom('refused', 'silent')).map(([when, answers]): Fault => ({ kind: 'outage', ...when, answers })),
  fc
    .tuple(window, fc.double({ min: 0.1, max: 3, noNaN: true }))
    .map(([when, capacity]): Fault => ({ kind: 'brown-out', ...when, capacity })),
  fc.tuple(window, fc.double({ min: 0, max: 1, noNaN: true })).map(([when, rate]): Fault => ({ kind: 'errors', ...when, rate })),
  fc.tuple(window, fc.integer({ min: 0, max: 900 })).map(([when, addMs]): Fault => ({ kind: 'latency', ...when, addMs })),
  fc.integer({ min: 0, max: DURATION_MS }).map((atMs): Fault => ({ kind: 'herd', atMs, callbacks: 30 })),
);

const once: MakeClient = () => ({ execute: (send) => send() });

const options: fc.Arbitrary<SimulationOptions> = fc.record({
  seed: fc.integer(),
  durationMs: fc.constant(DURATION_MS),
  clients: fc.integer({ min: 1, max: 5 }),
  arrivals: fc
    .tuple(fc.constantFrom('poisson', 'constant'), fc.integer({ min: 1, max: 60 }))
    .map(([kind, perSecond]) => ({ kind, perSecond })),
  receiver: fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    service: fc
      .tuple(fc.constantFrom('constant', 'exponential', 'lognormal'), fc.integer({ min: 1, max: 300 }))
      .map(([kind, meanMs]) => ({ kind, meanMs })),
    maxQueue: fc.constant(MAX_QUEUE),
    contention: fc.double({ min: 0, max: 2, noNaN: true }),
    errorRate: fc.constantFrom(0, 0.1),
    latencyMs: fc.constantFrom(0, 20),
    destinations: fc.integer({ min: 1, max: 3 }),
  }),
  faults: fc.array(fault, { maxLength: 4 }),
  pipeline: fc.constantFrom(once, {}, { attemptTimeoutMs: 300, concurrency: { maxLimit: 10, initialLimit: 2 } }),
});

it('keeps its accounts, whatever happens: no callback lost, no work or place out of nothing, the same again', async () => {
  await fc.assert(
    fc.asyncProperty(options, async (simulation) => {
      const result = await simulate(simulation);
      const { summary, series } = result;
      const phases = [summary.before, summary.during, summary.after];
      const sum = (name: 'offered' | 'attempts' | 'delivered'): number =>
        phases.reduce((all, phase) => all + (phase?.[name] ?? 0), 0);
      expect(summary.delivered + summary.failed + summary.unfinished).toBe(summary.offered);
      expect([sum('offered'), sum('attempts'), sum('delivered')]).toEqual([summary.offered, summary.attempts, summary.delivered]);
      expect(summary.destinations.reduce((all, { delivered }) => all + delivered, 0)).toBe(summary.delivered);
      expect(summary.attempts).toBeGreaterThanOrEqual(summary.delivered);
      expect(summary.receiver.started).toBeLessThanOrEqual(summary.attempts);
      expect(summary.receiver.utilization).toBeLessThanOrEqual(1 + 1e-9);
      expect(summary.wastedWorkShare).toBeLessThanOrEqual(1);
      expect(summary.fairness).toBeLessThanOrEqual(1 + 1e-9);
      expect(Math.max(...series.queue)).toBeLessThanOrEqual(MAX_QUEUE * (simulation.receiver.destinations ?? 1) + 1e-3);
      expect(Math.min(...series.queue, ...series.inFlight)).toBeGreaterThanOrEqual(0);
      expect(JSON.stringify(await simulate(simulation))).toBe(JSON.stringify(result));
    }),
    { numRuns: 60, seed: 20 },
  );
}, 60_000);
