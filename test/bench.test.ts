import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE, BYTES_EACH, compared, ENQUEUE_P99, type Measure, type Measurements, NS_A_CALL } from '../bench/figures.ts';
import { HandWrittenPolicies } from '../bench/hand-written.ts';
import { drawTopic } from '../bench/pictures.ts';
import { type BenchResult, intoPage, measuredIn, pictureOf, renderTargets } from '../bench/report.ts';
import { figureOf, measureInRounds, Samples } from '../bench/rounds.ts';
import { checkTargets, TARGETS } from '../bench/targets.ts';
import { TOPIC_NAMES, TOPICS } from '../bench/topics.ts';

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const RATE: Measure = { name: 'rate', unit: 'made up', better: 'more' };

/** What each candidate came to in one measure. */
const figures = (all: Readonly<Record<string, number>>, measure = NS_A_CALL) => ({
  measures: [measure],
  candidates: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { [measure.name]: figureOf([value]) }])),
});

/** Every target exactly at its limit. */
const AT_THE_LIMITS: Measurements = {
  'no-op': figures({
    'bare await': 100,
    'hand-written, seven parts in one frame': 500,
    'ringback, all seven parts': 600,
    'cockatiel, wrap of four': 12_000,
  }),
  signal: figures({ 'ringback, all seven parts': 1_000, 'cockatiel, wrap of four': 8_000 }),
  refusal: figures({ 'ringback, all seven parts': 1_000, 'cockatiel, circuit breaker': 4_000 }),
  signing: figures({
    'createHmac on a cached key': 100,
    'ringback standardWebhooks, v1': 150,
    'standardwebhooks, the package': 450,
  }),
  http: figures(
    {
      'undici.request on a Pool': 100,
      'ringback deliver, signed': 75,
      'cockatiel + standardwebhooks + undici.request': 34,
    },
    RATE,
  ),
  destinations: {
    measures: [NS_A_CALL, BYTES_EACH],
    candidates: {
      'ringback, 10 destinations': { [NS_A_CALL.name]: figureOf([1_000]) },
      'ringback, 100,000 destinations': { [NS_A_CALL.name]: figureOf([1_500]), [BYTES_EACH.name]: figureOf([2_048]) },
      'ringback, 1,000,000 destinations': { [NS_A_CALL.name]: figureOf([9_000]), [BYTES_EACH.name]: figureOf([2_048]) },
    },
  },
  outbox: figures({ 'p-queue around a no-op': 100, 'p-queue around ringback deliver': 100, 'ringback enqueue': 80 }, RATE),
  'enqueue-latency': figures({ 'ringback enqueue': 5_000 }, ENQUEUE_P99),
  bundles: figures({ ringback: 15 }, BUNDLE),
};

/** The same with one figure changed, that of the topic's first measure where none is named. */
function changed(topic: keyof Measurements, name: string, value: number, measure?: string): Measurements {
  const before = AT_THE_LIMITS[topic] ?? figures({});
  const changedFigures = { ...before.candidates[name], [measure ?? before.measures[0]?.name ?? '']: figureOf([value]) };
  return { ...AT_THE_LIMITS, [topic]: { ...before, candidates: { ...before.candidates, [name]: changedFigures } } };
}

const missedIn = (measurements: Measurements): string[] =>
  checkTargets(measurements).flatMap(({ id, passed }) => (passed ? [] : [id]));

describe('the targets of the benchmark', () => {
  it('hold at their limits', () => expect(missedIn(AT_THE_LIMITS)).toEqual([]));

  it.each([
    ['no-op', 'bare await', 99, ['no-op-over-bare-await']],
    ['no-op', 'hand-written, seven parts in one frame', 490, ['no-op-over-hand-written']],
    ['no-op', 'cockatiel, wrap of four', 11_800, ['no-op-cheaper-than-cockatiel']],
    ['signal', 'cockatiel, wrap of four', 7_900, ['signal-cheaper-than-cockatiel']],
    ['refusal', 'ringback, all seven parts', 1_010, ['refusal-cheaper-than-cockatiel']],
    ['signing', 'createHmac on a cached key', 99, ['signing-over-bare-hmac']],
    ['signing', 'standardwebhooks, the package', 440, ['signing-cheaper-than-standardwebhooks']],
    ['http', 'undici.request on a Pool', 101, ['http-of-bare-request']],
    ['http', 'cockatiel + standardwebhooks + undici.request', 35, ['http-over-cockatiel']],
    ['destinations', 'ringback, 100,000 destinations', 1_510, ['deliver-at-100000-destinations']],
    ['destinations', 'ringback, 100,000 destinations', 2_049, ['idle-destination-bytes'], 'bytes'],
    ['destinations', 'ringback, 1,000,000 destinations', 2_049, ['destination-bytes-of-1000000'], 'bytes'],
    ['outbox', 'p-queue around a no-op', 101, ['outbox-of-p-queue']],
    ['outbox', 'p-queue around ringback deliver', 101, ['outbox-of-p-queue-around-deliver']],
    ['enqueue-latency', 'ringback enqueue', 5_001, ['enqueue-p99']],
    ['bundles', 'ringback', 15.1, ['core-bundle']],
  ] as const)('%s: fails where %s comes to %d', (topic, name, value, missed, measure?) => {
    expect(missedIn(changed(topic, name, value, measure))).toEqual(missed);
  });

  it('are not met by a topic that nothing was measured for', () => {
    expect(() => checkTargets({ ...AT_THE_LIMITS, http: figures({}) })).toThrow('no figure for ringback deliver, signed in http');
  });

  it('are named with their figure and their limit', () => {
    const printed = renderTargets(checkTargets(changed('destinations', 'ringback, 100,000 destinations', 3_000, 'bytes')));
    expect(printed).toMatch(/memory of one idle destination.*at most 2,048 bytes.*3,000 bytes.*missed/);
  });
});

describe('measuring in rounds', () => {
  it('measures each candidate once a round, begins with another one each time, and throws the first round away', async () => {
    const order: string[] = [];
    const candidate = (name: string, values: number[]) => ({
      name,
      round: async () => {
        order.push(name);
        return { time: values.shift() ?? Number.NaN };
      },
    });
    const samples = new Samples();
    await measureInRounds([candidate('a', [999, 1, 2, 3]), candidate('b', [999, 4, 4, 4])], 3, samples, () => {});
    expect(order.join('')).toBe('ababbaab');
    expect(samples.figures()).toEqual({
      a: { time: { lowerQuartile: 2, median: 2, upperQuartile: 3, rounds: 3 } },
      b: { time: { lowerQuartile: 4, median: 4, upperQuartile: 4, rounds: 3 } },
    });
  });

  it('compares the better quartile, which a disturbed round does not move', () => {
    const calm = [10, 11, 12, 13, 14, 15, 16, 17, 18];
    expect(figureOf(calm)).toEqual({ lowerQuartile: 12, median: 14, upperQuartile: 16, rounds: 9 });
    expect(compared(NS_A_CALL, figureOf([...calm.slice(0, 8), 900]))).toBe(12);
    expect(compared(RATE, figureOf([1, ...calm.slice(1)]))).toBe(16);
  });
});

/** A floor that leaves out what it is compared in would be none. */
describe('the hand-written floor', () => {
  const fail = () => Promise.reject(new Error('down'));

  it('retries, and opens its circuit', async () => {
    const floor = new HandWrittenPolicies(() => 0);
    let calls = 0;
    expect(await floor.execute(async () => (++calls < 3 ? fail() : calls))).toBe(3);
    for (let call = 0; call < 20; call++) await floor.execute(fail).catch(() => {});
    await expect(floor.execute(async () => 1)).rejects.toThrow('the circuit is open');
  });
});

describe('the benchmark', () => {
  let folder: string;
  let printed = '';
  let code: number | null;
  let result: BenchResult;
  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/ringback-bench-test-`);
    const child = spawn(process.execPath, [root('bench/main.ts'), '--quick', '--out', `${folder}/result.json`]);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    [code] = (await once(child, 'close')) as [number | null];
    result = JSON.parse(readFileSync(`${folder}/result.json`, 'utf8'));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs every topic, and ends with 0 where nobody asked to check', () => {
    expect(Object.keys(result.measurements).sort()).toEqual([...TOPIC_NAMES].sort());
    expect(code).toBe(0);
  });

  it('writes the figures of every candidate, and a verdict for every target', () => {
    for (const [topic, { measures, candidates }] of measuredIn(result.measurements)) {
      for (const [name, figuresOf] of Object.entries(candidates)) {
        expect(figuresOf[measures[0]?.name ?? '']?.lowerQuartile, `${name} in ${topic}`).toBeGreaterThan(0);
        for (const { lowerQuartile, median, upperQuartile, rounds } of Object.values(figuresOf)) {
          // A timer may fire a hair early, and a collection may free more than was allocated.
          expect(Number.isFinite(lowerQuartile)).toBe(true);
          expect(median).toBeGreaterThanOrEqual(lowerQuartile);
          expect(upperQuartile).toBeGreaterThanOrEqual(median);
          expect(rounds).toBeGreaterThan(0);
        }
      }
    }
    expect(result.targets.map(({ id }) => id)).toEqual(TARGETS.map(({ id }) => id));
    for (const { figure } of result.targets) expect(Number.isFinite(figure)).toBe(true);
  });

  it('prints what it writes', () => expect(printed).toContain(renderTargets(result.targets)));
});

describe('the page about the benchmark', () => {
  it('has the figures of the published result, and no others', () => {
    const page = readFileSync(root('docs/benchmarks.md'), 'utf8');
    const published = JSON.parse(readFileSync(root('bench/results/published.json'), 'utf8')) as BenchResult;
    expect(intoPage(page, published)).toBe(page);
    expect(checkTargets(published.measurements)).toEqual(published.targets);
  });

  it('shows pictures of them', () => {
    const published = JSON.parse(readFileSync(root('bench/results/published.json'), 'utf8')) as BenchResult;
    for (const [topic, figuresOf] of measuredIn(published.measurements)) {
      const drawn = drawTopic(TOPICS[topic].title, figuresOf);
      expect(readFileSync(root(`docs/${pictureOf(topic)}`), 'utf8'), topic).toBe(drawn);
    }
  });
});
