import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Measurements, TOPICS } from '../bench/figures.ts';
import { HandWrittenPolicies } from '../bench/hand-written.ts';
import { type BenchResult, intoPage, renderTargets } from '../bench/report.ts';
import { figureOf, measureInRounds } from '../bench/rounds.ts';
import { checkTargets, TARGETS } from '../bench/targets.ts';

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const costs = (all: Readonly<Record<string, number>>) => ({
  unit: 'made up',
  candidates: Object.fromEntries(Object.entries(all).map(([name, cost]) => [name, figureOf([cost])])),
});

/** Every target exactly at its limit. */
const AT_THE_LIMITS: Measurements = {
  'no-op': costs({ 'bare await': 100, 'ringback, all seven parts': 600, 'cockatiel, wrap of four': 12_000 }),
  signal: costs({ 'ringback, all seven parts': 1_000, 'cockatiel, wrap of four': 8_000 }),
  refusal: costs({ 'ringback, all seven parts': 1_000, 'cockatiel, circuit breaker': 3_000 }),
  signing: costs({
    'createHmac on a cached key': 100,
    'ringback standardWebhooks, v1': 150,
    'standardwebhooks, the package': 450,
  }),
  http: costs({
    'undici.request on a Pool': 70,
    'ringback deliver, signed': 100,
    'cockatiel wrap of four + standardwebhooks + undici.request': 180,
  }),
  memory: costs({ 'one idle destination of 100,000': 2_048 }),
  destinations: costs({ 'deliver, signed, 10 destinations': 1_000, 'deliver, signed, 100,000 destinations': 1_500 }),
};

/** The same with one cost changed. */
function changed(topic: keyof Measurements, name: string, cost: number): Measurements {
  const before = AT_THE_LIMITS[topic];
  return { ...AT_THE_LIMITS, [topic]: { ...before, candidates: { ...before?.candidates, [name]: figureOf([cost]) } } };
}

const missedIn = (measurements: Measurements): string[] =>
  checkTargets(measurements).flatMap(({ id, passed }) => (passed ? [] : [id]));

describe('the targets of the benchmark', () => {
  it('hold at their limits', () => expect(missedIn(AT_THE_LIMITS)).toEqual([]));

  it.each([
    ['no-op', 'bare await', 99, ['no-op-over-bare-await']],
    ['no-op', 'cockatiel, wrap of four', 11_800, ['no-op-cheaper-than-cockatiel']],
    ['signal', 'cockatiel, wrap of four', 7_900, ['signal-cheaper-than-cockatiel']],
    ['refusal', 'ringback, all seven parts', 1_100, ['refusal-cheaper-than-cockatiel']],
    ['signing', 'createHmac on a cached key', 99, ['signing-over-bare-hmac']],
    ['signing', 'standardwebhooks, the package', 440, ['signing-cheaper-than-standardwebhooks']],
    ['http', 'undici.request on a Pool', 69, ['http-of-bare-request']],
    ['http', 'cockatiel wrap of four + standardwebhooks + undici.request', 170, ['http-over-cockatiel']],
    ['memory', 'one idle destination of 100,000', 2_049, ['idle-destination-bytes']],
    ['destinations', 'deliver, signed, 100,000 destinations', 1_510, ['deliver-at-100000-destinations']],
  ] as const)('%s: fails where %s costs %d', (topic, name, cost, missed) => {
    expect(missedIn(changed(topic, name, cost))).toEqual(missed);
  });

  it('are not met by a topic that nothing was measured for', () => {
    expect(() => checkTargets({ ...AT_THE_LIMITS, http: costs({}) })).toThrow('no figure for undici.request on a Pool in http');
  });

  it('are named with their figure and their limit', () => {
    const printed = renderTargets(checkTargets(changed('memory', 'one idle destination of 100,000', 3_000)));
    expect(printed).toMatch(/memory of one idle destination.*at most 2,048 bytes.*3,000 bytes.*missed/);
  });
});

describe('measuring in rounds', () => {
  it('measures each candidate once a round, begins with another one each time, and throws the first round away', async () => {
    const order: string[] = [];
    const candidate = (name: string, costsOf: number[]) => ({
      name,
      round: async () => {
        order.push(name);
        return costsOf.shift() ?? Number.NaN;
      },
    });
    const figures = await measureInRounds('ns', [candidate('a', [999, 1, 2]), candidate('b', [999, 3, 4])], 2, () => {});
    expect(order.join('')).toBe('ababba');
    expect(figures.candidates).toEqual({
      a: { lowerQuartile: 1, median: 1, min: 1, rounds: 2 },
      b: { lowerQuartile: 3, median: 3, min: 3, rounds: 2 },
    });
  });

  it('compares lower quartiles, which a disturbed round does not move', () => {
    const calm = [10, 11, 12, 13, 14, 15, 16, 17, 18];
    expect(figureOf(calm)).toEqual({ lowerQuartile: 12, median: 14, min: 10, rounds: 9 });
    expect(figureOf([...calm.slice(0, 8), 900]).lowerQuartile).toBe(12);
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
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs every topic, and ends with 0 where nobody asked to check', () => {
    expect(Object.keys(result.measurements).sort()).toEqual([...TOPICS].sort());
    expect(code).toBe(0);
  });

  it('writes a figure for every candidate, and a verdict for every target', () => {
    for (const { candidates } of Object.values(result.measurements)) {
      for (const figure of Object.values(candidates)) {
        expect(figure.min).toBeGreaterThan(0);
        expect(figure.lowerQuartile).toBeLessThanOrEqual(figure.median);
        expect(figure.rounds).toBeGreaterThan(0);
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
});
