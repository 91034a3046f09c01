import { createHash } from 'node:crypto';
import {
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  ExponentialBackoff,
  handleAll,
  noJitterGenerator,
  retry,
  wrap,
} from 'cockatiel';
import { describe, expect, it, vi } from 'vitest';
import { consecutiveFailures, resiliencePipeline } from '../../src/index.js';
import { type MakeClient, type SimulationOptions, type Summary, simulate, simulatedOutcome } from '../../src/simulation/index.js';

const RECEIVER: SimulationOptions['receiver'] = { workers: 10, service: { kind: 'exponential', meanMs: 70 } };
const STORM: SimulationOptions = {
  seed: 7,
  durationMs: 60_000,
  clients: 10,
  arrivals: { kind: 'poisson', perSecond: 100 },
  receiver: { ...RECEIVER, errorRate: 0.02 },
  faults: [{ kind: 'outage', fromMs: 20_000, untilMs: 30_000 }],
};

/** Three more tries, at once or after a wait that is always the same; each attempt is given up after `timeoutMs`. */
const stubborn =
  (waitMs: number, timeoutMs = 1_000): MakeClient =>
  ({ clock }) => ({
    async execute(send) {
      for (let attempt = 1; ; attempt++) {
        const controller = new AbortController();
        const timer = clock.setTimer(() => controller.abort(new Error('timed out')), timeoutMs);
        try {
          return await send({ signal: controller.signal });
        } catch (error) {
          if (attempt === 4) throw error;
        } finally {
          clock.clearTimer(timer);
        }
        if (waitMs > 0) await clock.sleep(waitMs);
      }
    },
  });

const once: MakeClient = () => ({ execute: (send) => send() });

const summaryOf = async (options: SimulationOptions): Promise<Summary> => (await simulate(options)).summary;

describe('simulate', () => {
  it('gives the same result for the same seed, byte for byte', async () => {
    const [first, again, other] = await Promise.all([simulate(STORM), simulate(STORM), simulate({ ...STORM, seed: 8 })]);
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
  });

  it('gives what it gave on other days and machines', async () => {
    const result = await simulate({ ...STORM, pipeline: stubborn(500) });
    expect(createHash('sha256').update(JSON.stringify(result)).digest('hex')).toMatchInlineSnapshot(
      `"9d2475b2573f7b7a6204d6860a2b7a6a07c1b6ddc34686278c8d5e66a62d1540"`,
    );
  });

  it('offers the same callbacks at the same times, whatever the clients do', async () => {
    const [patient, hasty] = await Promise.all([simulate(STORM), simulate({ ...STORM, pipeline: stubborn(0) })]);
    expect(hasty.series.offeredPerSecond).toEqual(patient.series.offeredPerSecond);
  });

  it('accounts for every callback: offered = delivered + failed + unfinished', async () => {
    const { offered, delivered, failed, unfinished, before, during, after } = await summaryOf(STORM);
    expect(delivered + failed + unfinished).toBe(offered);
    expect(before.offered + (during?.offered ?? 0) + (after?.offered ?? 0)).toBe(offered);
    expect(before.delivered + (during?.delivered ?? 0) + (after?.delivered ?? 0)).toBe(delivered);
  });

  it('counts in its series what its summary says', async () => {
    const { series, summary } = await simulate({ ...STORM, durationMs: 60_500 });
    const lengths = series.atMs.map((atMs) => (atMs === 60_000 ? 0.5 : 1));
    const sum = (rates: readonly number[]): number =>
      Math.round(rates.reduce((all, rate, i) => all + rate * (lengths[i] as number), 0));
    expect(series.atMs).toHaveLength(61);
    expect(sum(series.offeredPerSecond)).toBe(summary.offered);
    expect(sum(series.attemptsPerSecond)).toBe(summary.attempts);
    expect(sum(series.goodputPerSecond)).toBe(summary.delivered);
    expect(sum(series.failedPerSecond)).toBe(summary.failed);
    for (const column of Object.values(series)) if (Array.isArray(column)) expect(column).toHaveLength(61);
  });

  it('shows limit, budget and circuits of the real policies, and null for a client that has none', async () => {
    const pipeline = {
      concurrency: { maxLimit: 50, initialLimit: 10 },
      circuitBreaker: { rule: consecutiveFailures({ threshold: 5 }), openMs: 2_000 },
    };
    const { series } = await simulate({ ...STORM, pipeline });
    expect(series.limit[5]).toBeGreaterThanOrEqual(10);
    expect(series.circuitsOpen[15]).toBe(0);
    expect(series.circuitsOpen[25]).toBeGreaterThan(0.5);
    expect(series.circuitsRecovering.some((share) => (share ?? 0) > 0)).toBe(true);
    const retrying = await simulate(STORM);
    expect(retrying.series.budget[29]).toBeLessThan(retrying.series.budget[15] as number);
    const own = await simulate({ ...STORM, pipeline: once });
    expect([own.series.limit[5], own.series.budget[5], own.series.circuitsOpen[5]]).toEqual([null, null, null]);
  });

  it('runs a pipeline that the user makes, on the clock and randomness that it is handed', async () => {
    const made = new Set<string>();
    const { delivered, offered } = await summaryOf({
      ...STORM,
      clients: 3,
      faults: [],
      pipeline: ({ clock, random, client, destination }) => {
        made.add(`${client}/${destination}`);
        return resiliencePipeline({ clock, random, classify: simulatedOutcome });
      },
    });
    expect([...made].sort()).toEqual(['0/0', '1/0', '2/0']);
    expect(delivered / offered).toBeGreaterThan(0.99);
  });

  it('drives a cockatiel policy, where the globals that it reads are put on the virtual clock', async () => {
    const pipeline: MakeClient = ({ clock }) => {
      vi.stubGlobal('setTimeout', (callback: () => void, delayMs: number) =>
        Object.assign(clock.setTimer(callback, delayMs), { unref() {} }),
      );
      vi.stubGlobal('clearTimeout', (timer: object) => clock.clearTimer(timer));
      vi.spyOn(Date, 'now').mockImplementation(() => clock.now());
      const policy = wrap(
        retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff({ generator: noJitterGenerator }) }),
        cockatielBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
      );
      return { execute: (send) => policy.execute(({ signal }) => send({ signal })) };
    };
    const run = async () => summaryOf({ ...STORM, clients: 1, pipeline });
    try {
      const summary = await run();
      expect(summary.during?.loadAmplification).toBeLessThan(0.1);
      expect(summary.delivered / summary.offered).toBeGreaterThan(0.6);
      expect(await run()).toEqual(summary);
    } finally {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
    }
  });

  it('counts what a fallback answers as failed, not as delivered', async () => {
    const { delivered, failed, offered } = await summaryOf({
      ...STORM,
      faults: [{ kind: 'outage', fromMs: 0, untilMs: 60_000 }],
      pipeline: () => ({ execute: (send) => send().catch(() => 'a fallback') }),
    });
    expect([delivered, failed]).toEqual([0, offered]);
  });

  it('counts a client that throws instead of rejecting as failed', async () => {
    const pipeline: MakeClient = () => ({
      execute: () => {
        throw new Error('of its own');
      },
    });
    const { failed, offered, attempts } = await summaryOf({ ...STORM, pipeline });
    expect([failed, attempts]).toEqual([offered, 0]);
  });

  it('holds at most 200,000 unfinished callbacks: more than that fail', async () => {
    const { failed, unfinished } = await summaryOf({
      ...STORM,
      durationMs: 1_000,
      arrivals: { kind: 'recorded', atMs: [900] },
      faults: [{ kind: 'herd', atMs: 0, callbacks: 200_010 }],
      pipeline: () => ({ execute: () => new Promise(() => {}) }),
    });
    expect([unfinished, failed]).toEqual([200_000, 11]);
  });

  it('has the load of naive retry multiply in an outage, and that of the defaults stay in its bounds', async () => {
    const naive = await summaryOf({ ...STORM, pipeline: stubborn(0) });
    const defaults = await summaryOf(STORM);
    expect(naive.during?.loadAmplification).toBeCloseTo(4, 0);
    // The budget holds ten tokens and refills three a second: so many retries for the ten callbacks a second of each client.
    expect(defaults.during?.loadAmplification).toBeLessThan(1 + (10 + 3 * 10) / 100 + 0.05);
    expect(defaults.during?.goodputPerSecond).toBe(0);
  });

  it('leaves naive clients in collapse after a short trigger at high load: the work is done for callers who gave up', async () => {
    const options: SimulationOptions = {
      durationMs: 120_000,
      clients: 10,
      arrivals: { kind: 'poisson', perSecond: 121 },
      receiver: { ...RECEIVER, maxQueue: 5_000 },
      faults: [{ kind: 'brown-out', fromMs: 20_000, untilMs: 30_000, capacity: 0.2 }],
    };
    const naive = await summaryOf({ ...options, pipeline: stubborn(0, 1_000) });
    const single = await summaryOf({ ...options, pipeline: once });
    expect(naive.after?.goodputPerSecond).toBeLessThan(30);
    expect(naive.wastedWorkShare).toBeGreaterThan(0.5);
    expect(naive.timeToRecoverMs).toBeNull();
    expect(single.timeToRecoverMs).not.toBeNull();
    expect(single.wastedWorkShare).toBe(0);
  });
});

describe('its arrivals', () => {
  const at = (arrivals: SimulationOptions['arrivals'], durationMs = 10_000) =>
    simulate({ durationMs, clients: 4, arrivals, receiver: { workers: 100, service: { kind: 'constant', meanMs: 1 } } });

  it('come at a constant rate, in their window', async () => {
    const { series } = await at({ kind: 'constant', perSecond: 20, fromMs: 2_000, untilMs: 4_000 });
    expect(series.offeredPerSecond).toEqual([0, 0, 20, 20, 0, 0, 0, 0, 0, 0]);
  });

  it('come at random, independent of one another: the variance of counts is their mean', async () => {
    const { series, summary } = await at({ kind: 'poisson', perSecond: 50 }, 1_000_000);
    const mean = summary.offered / 1_000;
    const variance = series.offeredPerSecond.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 1_000;
    expect(mean).toBeGreaterThan(49);
    expect(mean).toBeLessThan(51);
    expect(variance / mean).toBeGreaterThan(0.85);
    expect(variance / mean).toBeLessThan(1.15);
  });

  it('come in bursts, and from a record', async () => {
    const bursts = await at({ kind: 'burst', size: 100, everyMs: 4_000 });
    expect(bursts.series.offeredPerSecond).toEqual([100, 0, 0, 0, 100, 0, 0, 0, 100, 0]);
    const recorded = await at({ kind: 'recorded', atMs: [0, 10, 10, 9_999, 20_000] });
    expect(recorded.series.offeredPerSecond).toEqual([3, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('come as a herd that starts at once, spread evenly over the clients', async () => {
    const { summary, series } = await simulate({
      durationMs: 5_000,
      clients: 100,
      arrivals: { kind: 'recorded', atMs: [] },
      receiver: { workers: 100, service: { kind: 'constant', meanMs: 1 } },
      faults: [{ kind: 'herd', atMs: 1_500, callbacks: 1_000 }],
    });
    expect(series.offeredPerSecond).toEqual([0, 1_000, 0, 0, 0]);
    expect(summary.fairness).toBe(1);
    expect(summary.during).toMatchObject({ fromMs: 1_500, untilMs: 1_500, goodputPerSecond: 0 });
  });
});
