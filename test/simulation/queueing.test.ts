import { describe, expect, it } from 'vitest';
import { type MakeClient, type ServiceTime, type SimulationOptions, simulate } from '../../src/simulation/index.js';

const once: MakeClient = () => ({ execute: (send) => send() });

const CALLBACKS = 100_000;

const run = async (workers: number, perSecond: number, service: ServiceTime, options: Partial<SimulationOptions> = {}) =>
  simulate({
    seed: 3,
    durationMs: (CALLBACKS / perSecond) * 1_000,
    bucketMs: CALLBACKS,
    arrivals: { kind: 'poisson', perSecond },
    receiver: { workers, service, maxQueue: 100_000 },
    pipeline: once,
    ...options,
  });

/** Erlang's C formula: the chance that one who arrives has to wait. */
function erlangC(workers: number, load: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < workers; k++) {
    term *= load / k;
    sum += term;
  }
  const last = ((term * load) / workers) * (workers / (workers - load));
  return last / (sum + last);
}

const isWithin = (share: number, value: number, expected: number): void => {
  expect(value).toBeGreaterThan(expected * (1 - share));
  expect(value).toBeLessThan(expected * (1 + share));
};

describe('the receiver, held to queueing theory', () => {
  it.each([
    [1, 0.5],
    [1, 0.8],
    [4, 0.8],
    [16, 0.9],
  ])('M/M/%i at a load of %d: the mean wait is what Erlang says', async (workers, utilization) => {
    const meanMs = 100;
    const { summary } = await run(workers, (utilization * workers * 1_000) / meanMs, { kind: 'exponential', meanMs });
    const waitMs = (erlangC(workers, utilization * workers) * meanMs) / (workers * (1 - utilization));
    isWithin(0.05, summary.receiver.meanWaitMs, waitMs);
    isWithin(0.02, summary.receiver.utilization, utilization);
    isWithin(0.04, summary.latencyMs.mean, waitMs + meanMs);
  });

  it('M/D/1 waits half as long as M/M/1', async () => {
    const { summary } = await run(1, 7, { kind: 'constant', meanMs: 100 });
    isWithin(0.06, summary.receiver.meanWaitMs, (0.7 / (2 * 0.3)) * 100);
  });

  it('M/G/1 with a lognormal service waits as Pollaczek and Khinchine say', async () => {
    const sigma = 0.8;
    const { summary } = await run(1, 6, { kind: 'lognormal', meanMs: 100, sigma });
    const squaredVariation = Math.exp(sigma * sigma) - 1;
    isWithin(0.08, summary.receiver.meanWaitMs, (0.6 / 0.4) * 100 * ((1 + squaredVariation) / 2));
  });

  it("keeps Little's law: in flight = rate · latency, in queue = rate · wait", async () => {
    const { summary, series, durationMs } = await run(4, 32, { kind: 'exponential', meanMs: 100 });
    const lengths = series.atMs.map((atMs, i) => (series.atMs[i + 1] ?? durationMs) - atMs);
    const inFlight = series.inFlight.reduce((sum, value, i) => sum + value * (lengths[i] as number), 0) / durationMs;
    const perMs = summary.offered / durationMs;
    isWithin(0.002, inFlight, perMs * summary.latencyMs.mean);
    isWithin(0.002, summary.receiver.meanQueue, perMs * summary.receiver.meanWaitMs);
  });

  it('gives the quantiles of the exponential distribution, within the 2 % of its histogram and chance', async () => {
    const { summary } = await run(1_000, 50, { kind: 'exponential', meanMs: 100 });
    isWithin(0.03, summary.latencyMs.p50, 100 * Math.LN2);
    isWithin(0.03, summary.latencyMs.p99, 100 * Math.log(100));
  });

  it('loses as much at a full queue as Erlang B says', async () => {
    const options = { receiver: { workers: 2, service: { kind: 'exponential', meanMs: 100 }, maxQueue: 0 } } as const;
    const { summary } = await run(2, 20, { kind: 'exponential', meanMs: 100 }, options);
    isWithin(0.03, summary.failed / summary.offered, 2 / (1 + 2 + 2));
  });
});
