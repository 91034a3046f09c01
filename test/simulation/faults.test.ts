import { describe, expect, it } from 'vitest';
import {
  type Fault,
  type MakeClient,
  type SimulatedFailure,
  type SimulationOptions,
  simulate,
} from '../../src/simulation/index.js';

/** What a client of one attempt saw of each callback: when it was sent, when it ended, and how. */
interface Seen {
  readonly sentMs: number;
  readonly endedMs: number;
  readonly end: string;
}

/** One callback every 100 ms, each with 50 ms of work for one of ten workers. */
async function watch(faults: readonly Fault[], receiver: Partial<SimulationOptions['receiver']> = {}, giveUpMs?: number) {
  const seen: Seen[] = [];
  const watcher: MakeClient = ({ clock }) => ({
    async execute(send) {
      const sentMs = clock.monotonic();
      const controller = new AbortController();
      const timer = giveUpMs === undefined ? undefined : clock.setTimer(() => controller.abort('gave up'), giveUpMs);
      const end = await send({ signal: controller.signal }).then(
        ({ status }) => String(status),
        (error: SimulatedFailure | string) => (typeof error === 'string' ? error : (error.code ?? describeFailure(error))),
      );
      if (timer !== undefined) clock.clearTimer(timer);
      seen.push({ sentMs, endedMs: clock.monotonic(), end });
    },
  });
  const { summary, series } = await simulate({
    durationMs: 4_000,
    arrivals: { kind: 'constant', perSecond: 10 },
    receiver: { workers: 10, service: { kind: 'constant', meanMs: 50 }, ...receiver },
    faults,
    pipeline: watcher,
  });
  return { seen, summary, series, ended: (sentMs: number) => seen.find((one) => one.sentMs === sentMs) };
}

const describeFailure = ({ status, headers }: SimulatedFailure): string =>
  headers['retry-after'] === undefined ? `${status}` : `${status} after ${headers['retry-after']} s`;

describe('a fault', () => {
  it('holds from its begin until just before its end', async () => {
    const { ended } = await watch([{ kind: 'outage', fromMs: 1_000, untilMs: 2_000 }]);
    expect(ended(900)).toEqual({ sentMs: 900, endedMs: 950, end: '200' });
    expect(ended(1_000)).toEqual({ sentMs: 1_000, endedMs: 1_000, end: 'ECONNREFUSED' });
    expect(ended(1_900)?.end).toBe('ECONNREFUSED');
    expect(ended(2_000)?.end).toBe('200');
  });

  it('of an outage takes with it what the receiver held, running or in queue', async () => {
    const { ended, summary } = await watch([{ kind: 'outage', fromMs: 1_120, untilMs: 2_000 }], {
      workers: 1,
      service: { kind: 'constant', meanMs: 80 },
    });
    expect(ended(1_100)).toEqual({ sentMs: 1_100, endedMs: 1_120, end: 'ECONNRESET' });
    expect(summary.wastedWorkMs).toBeCloseTo(20);
  });

  it('of a silent outage never answers: who waits gives up, or waits for ever', async () => {
    const silent: Fault = { kind: 'outage', fromMs: 1_020, untilMs: 2_000, answers: 'silent' };
    const patient = await watch([silent]);
    expect(patient.summary.unfinished).toBe(10);
    expect(patient.ended(1_000)).toBeUndefined();
    const hasty = await watch([silent], {}, 300);
    expect(hasty.ended(1_000)).toEqual({ sentMs: 1_000, endedMs: 1_300, end: 'gave up' });
    expect(hasty.summary.unfinished).toBe(0);
  });

  it('of a brown-out makes the work take longer by the capacity that is left', async () => {
    const { ended } = await watch([{ kind: 'brown-out', fromMs: 1_000, untilMs: 2_000, capacity: 0.25 }]);
    expect(ended(900)?.endedMs).toBe(950);
    expect(ended(1_000)?.endedMs).toBe(1_200);
    expect(ended(2_000)?.endedMs).toBe(2_050);
    const more = await watch([{ kind: 'brown-out', fromMs: 1_000, untilMs: 2_000, capacity: 2 }]);
    expect(more.ended(1_000)?.endedMs).toBe(1_025);
  });

  it('of errors answers the share with 500, after the work', async () => {
    const { seen, ended } = await watch([{ kind: 'errors', fromMs: 1_000, untilMs: 2_000, rate: 1 }]);
    expect(seen.filter(({ end }) => end === '500').map(({ sentMs }) => sentMs)).toEqual([
      1_000, 1_100, 1_200, 1_300, 1_400, 1_500, 1_600, 1_700, 1_800, 1_900,
    ]);
    expect(ended(1_000)?.endedMs).toBe(1_050);
  });

  it('of latency keeps answers on their way for longer', async () => {
    const { ended } = await watch([{ kind: 'latency', fromMs: 1_000, untilMs: 2_000, addMs: 30 }], { latencyMs: 5 });
    expect(ended(900)?.endedMs).toBe(955);
    expect(ended(1_000)?.endedMs).toBe(1_085);
  });

  it('adds to those that hold at the same time', async () => {
    const { ended } = await watch([
      { kind: 'latency', fromMs: 1_000, untilMs: 2_000, addMs: 30 },
      { kind: 'latency', fromMs: 1_500, untilMs: 2_500, addMs: 10 },
      { kind: 'brown-out', fromMs: 0, untilMs: 4_000, capacity: 0.5 },
    ]);
    expect([1_300, 1_500, 2_000, 2_500].map((sentMs) => (ended(sentMs)?.endedMs ?? 0) - sentMs)).toEqual([130, 140, 110, 100]);
  });

  it('strikes one destination, or all', async () => {
    const faults: Fault[] = [{ kind: 'outage', fromMs: 0, untilMs: 4_000, destination: 1 }];
    const { summary } = await watch(faults, { destinations: 3 });
    expect(summary.destinations.map(({ offered, delivered }) => delivered / offered)).toEqual([1, 0, 1]);
    expect(summary.destinations.reduce((sum, { offered }) => sum + offered, 0)).toBe(40);
  });

  it('cuts the run into before, during and after', async () => {
    const { summary } = await watch([
      { kind: 'outage', fromMs: 1_000, untilMs: 1_500 },
      { kind: 'errors', fromMs: 1_400, untilMs: 2_000, rate: 1 },
    ]);
    expect(summary.before).toMatchObject({ fromMs: 0, untilMs: 1_000, offered: 10, delivered: 10, goodputPerSecond: 10 });
    expect(summary.during).toMatchObject({ fromMs: 1_000, untilMs: 2_000, offered: 10, delivered: 0, loadAmplification: 1 });
    expect(summary.after).toMatchObject({ fromMs: 2_000, untilMs: 4_000, offered: 20, delivered: 20 });
  });
});

describe('the receiver', () => {
  it('works on for callers who gave up, and counts that as wasted', async () => {
    const { summary, seen } = await watch([], {}, 20);
    expect(seen.every(({ end }) => end === 'gave up')).toBe(true);
    expect(summary).toMatchObject({ delivered: 0, failed: 40, wastedWorkMs: 2_000, wastedWorkShare: 1 });
  });

  it('answers 503 at once when its queue is full', async () => {
    const { seen, summary } = await watch([{ kind: 'herd', atMs: 1_050, callbacks: 20 }], { workers: 4, maxQueue: 6 });
    expect(seen.filter(({ end, endedMs }) => end === '503' && endedMs === 1_050)).toHaveLength(11);
    expect(summary.failed).toBe(11);
  });

  it('gets slower with load, by its contention', async () => {
    const { seen } = await watch([{ kind: 'herd', atMs: 1_070, callbacks: 10 }], { contention: 1 });
    const took = seen.filter(({ sentMs }) => sentMs === 1_070).map(({ sentMs, endedMs }) => Math.round(endedMs - sentMs));
    expect(took.sort((a, b) => a - b)).toEqual([55, 60, 65, 70, 75, 80, 85, 90, 95, 100]);
  });

  it('answers what is over its rate limit with 429 and whole seconds to wait, which the pipeline obeys', async () => {
    const rateLimit = { perSecond: 0.4, burst: 1 };
    const { seen } = await watch([], { rateLimit });
    expect(
      seen
        .slice(0, 3)
        .map(({ end }) => end)
        .sort(),
    ).toEqual(['200', '429 after 3 s', '429 after 3 s']);
    const { series } = await simulate({
      durationMs: 20_000,
      arrivals: { kind: 'recorded', atMs: [0, 100] },
      receiver: { workers: 1, service: { kind: 'constant', meanMs: 1 }, rateLimit },
    });
    const sentAt = series.attemptsPerSecond.flatMap((rate, second) => (rate > 0 ? [[second, rate]] : []));
    expect(sentAt).toEqual([
      [0, 2],
      [3, 1],
    ]);
  });
});
