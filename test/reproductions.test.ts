import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsBackoffs } from '../bench/reproductions/aws-backoffs.ts';
import type { BufferingRow } from '../bench/reproductions/buffering.ts';
import { contend } from '../bench/reproductions/contention.ts';
import { lognormal } from '../bench/reproductions/distributions.ts';
import { isLeftToChance, type JitterCell, missedCells, offBy, simulateJitter } from '../bench/reproductions/jitter-simulation.ts';
import { intoPage, type Reproductions, renderBuffering, renderJitter } from '../bench/reproductions/page.ts';
import { planEvents, WARM_UP_MS } from '../bench/reproductions/workload.ts';
import { seededRandom } from '../src/random.js';

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const published = JSON.parse(readFileSync(root('bench/results/reproductions.json'), 'utf8')) as Reproductions;

const RINGBACK = 'ringback’s `decorrelatedJitter`';

function cellOf(cells: readonly JitterCell[], clients: number, backoff: string): JitterCell {
  const cell = cells.find((one) => one.clients === clients && one.backoff === backoff);
  if (cell === undefined) throw new Error(`no cell for ${clients} clients, ${backoff}`);
  return cell;
}

/** With this randomness every message takes exactly 10 ms. */
const always0 = () => 0;

describe('the model of contention', () => {
  it('takes four messages and one write for a client that is alone', () => {
    expect(contend(1, () => 0, always0)).toEqual({ tookMs: 40, writes: 1 });
  });

  it('lets one of two win, and the other back off and read again', () => {
    expect(contend(2, () => 0, always0)).toEqual({ tookMs: 80, writes: 3 });
    expect(contend(2, () => 500, always0)).toEqual({ tookMs: 580, writes: 3 });
  });

  it('tells a backoff the attempt, from 1, and the delay before it, 0 at first', () => {
    const asked: [number, number][] = [];
    const delayMs = (attempt: number, previousMs: number): number => {
      asked.push([attempt, previousMs]);
      return 7 * attempt;
    };
    expect(contend(3, delayMs, always0)).toEqual({ tookMs: 3 * 40 + 7 + 14, writes: 6 });
    expect(asked).toEqual([
      [1, 0],
      [1, 0],
      [2, 7],
    ]);
  });

  it('lets every client win once, whatever the messages take', () => {
    const { writes, tookMs } = contend(40, () => 0, seededRandom(1));
    expect(writes).toBeGreaterThan(40);
    expect(tookMs).toBeGreaterThan(40);
  });
});

describe('the backoffs of the article', () => {
  const half = () => 0.5;
  const backoffs = awsBackoffs(5, 2_000);

  it('grow from twice the base, and end at the cap', () => {
    expect([1, 2, 8, 9, 50].map((attempt) => backoffs.exponential(attempt, 0, half))).toEqual([10, 20, 1_280, 2_000, 2_000]);
    expect(backoffs['equal jitter'](1, 0, half)).toBe(7.5);
    expect(backoffs['full jitter'](1, 0, half)).toBe(5);
  });

  it('are drawn up to three times the last delay, cut at the cap or below it', () => {
    expect(backoffs.decorrelated(1, 0, half)).toBe(10);
    expect(backoffs['decorrelated, drawn below the cap'](1, 0, half)).toBe(10);
    expect(backoffs.decorrelated(9, 1_900, half)).toBe(2_000);
    expect(backoffs['decorrelated, drawn below the cap'](9, 1_900, half)).toBe(1_002.5);
  });
});

describe('the check against the published figures', () => {
  const { jitter } = published;
  const withMean = (mean: number) => ({
    ...jitter,
    cells: jitter.cells.map((cell, index) => (index === 0 ? { ...cell, tookMs: { ...cell.tookMs, mean } } : cell)),
  });

  it('finds the published run within 10 %', () => {
    expect(jitter.runs).toBe(100);
    expect(jitter.cells).toHaveLength(28);
    expect(missedCells(jitter)).toEqual([]);
  });

  it('names a cell that is further off, to either side', () => {
    const theirs = (jitter.cells[0] as JitterCell).tookMs.published;
    expect(missedCells(withMean(1.11 * theirs))).toEqual([expect.stringMatching(/^10 clients, exponential: .* published 3557$/)]);
    expect(missedCells(withMean(0.89 * theirs))).toHaveLength(1);
    expect(missedCells(withMean(Number.NaN))).toHaveLength(1);
    expect(missedCells(withMean(1.09 * theirs))).toEqual([]);
  });

  it('says which figures chance alone may put out of it', () => {
    expect(jitter.cells.filter(({ tookMs }) => isLeftToChance(tookMs)).map(({ clients, backoff }) => [clients, backoff])).toEqual(
      [[10, 'exponential']],
    );
    expect(jitter.cells.filter(({ writes }) => isLeftToChance(writes))).toEqual([]);
    expect(renderJitter(jitter)).toMatch(/\| 10 +\| exponential +\|.* † \|/);
  });

  it('gives the published row again, to the last digit', () => {
    expect(simulateJitter(jitter.seed, jitter.runs, [10]).cells).toEqual(jitter.cells.filter(({ clients }) => clients === 10));
  });
});

describe('the workload of the case study', () => {
  it('has as many events after the warm-up as asked for, at the load asked for', () => {
    const events = planEvents(1, 0.5, 5_000);
    expect(events.filter(({ atMs }) => atMs >= WARM_UP_MS)).toHaveLength(5_000);
    const callbacks = events.flatMap((event) => event.callbacks);
    const workMs = callbacks.reduce((sum, { answersMs, failsOnce }) => sum + answersMs[0] + (failsOnce ? answersMs[1] : 0), 0);
    const busy = workMs / (events.at(-1)?.atMs ?? 0) / 16;
    expect(busy).toBeGreaterThan(0.46);
    expect(busy).toBeLessThan(0.54);
    const failing = callbacks.filter(({ failsOnce }) => failsOnce).length / callbacks.length;
    expect(failing).toBeGreaterThan(0.016);
    expect(failing).toBeLessThan(0.024);
  });

  it('draws answers with the mean and the deviation that it says', () => {
    const random = seededRandom(1);
    const drawn = Array.from({ length: 100_000 }, () => lognormal(400, 1, random)).sort((a, b) => a - b);
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(mean / 400 - 1)).toBeLessThan(0.03);
    expect(Math.abs((drawn[50_000] as number) / (400 / Math.SQRT2) - 1)).toBeLessThan(0.03);
  });
});

describe('npm run reproduce', () => {
  let folder: string;
  const runs: { readonly code: number | null; readonly printed: string; readonly json: string }[] = [];
  let result: Reproductions;
  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/ringback-reproductions-test-`);
    for (const name of ['first', 'second']) {
      const out = `${folder}/${name}.json`;
      const child = spawn(process.execPath, [root('bench/reproductions/main.ts'), '--quick', '--out', out]);
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
        });
      }
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`it ended with ${code}: ${printed}`);
      runs.push({ code, printed, json: readFileSync(out, 'utf8') });
    }
    result = JSON.parse(runs[0]?.json ?? '');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('prints what it writes, the same each time', () => {
    expect(runs[0]?.printed).toContain(renderJitter(result.jitter));
    expect(runs[0]?.printed).toContain(renderBuffering(result.buffering));
    expect(runs[1]).toEqual(runs[0]);
  });

  it('shows what jitter is for, also with few runs', () => {
    const { cells } = result.jitter;
    const mean = (backoff: string) => cellOf(cells, 50, backoff).tookMs.mean;
    const writes = (backoff: string) => cellOf(cells, 50, backoff).writes.mean;
    expect(mean('exponential')).toBeGreaterThan(5 * mean('full jitter'));
    expect(mean('equal jitter')).toBeGreaterThan(mean('full jitter'));
    for (const jittered of ['equal jitter', 'full jitter', 'decorrelated', RINGBACK]) {
      expect(writes(jittered)).toBeLessThan(writes('exponential'));
      expect(writes(jittered)).toBeLessThan(writes('no backoff'));
    }
    for (const { tookMs, writes: calls } of cells) {
      expect(Math.abs(offBy(tookMs))).toBeLessThan(0.4);
      expect(Math.abs(offBy(calls))).toBeLessThan(0.15);
    }
  });

  it('shows what a handler gains that enqueues, and what its callbacks gain', () => {
    const { rows } = result.buffering;
    const of = (load: number, approach: string) =>
      rows.find((row) => row.load === load && row.approach === approach) as BufferingRow;
    for (const load of [0.3, 0.9]) {
      const [inLine, buffered, retriedSooner] = [
        of(load, 'in line'),
        of(load, '`enqueue`'),
        of(load, '`enqueue`, retried as soon as `deliver` does'),
      ];
      expect(inLine.handlerMs).toEqual(inLine.lastCallbackMs);
      expect(inLine.handlerMs.mean.median).toBeGreaterThan(1_000);
      expect(buffered.handlerMs.p95.most).toBe(0);
      expect(buffered.callbackMs.p50.median).toBeLessThan(inLine.callbackMs.p50.median);
      expect(retriedSooner.lastCallbackMs.mean.median).toBeLessThan(0.85 * inLine.lastCallbackMs.mean.median);
      expect(retriedSooner.callbackMs.mean.median).toBeLessThan(buffered.callbackMs.mean.median);
    }
    const [calm, busy] = [of(0.3, 'in line'), of(0.9, 'in line')];
    expect(busy.handlerMs.mean.median).toBeGreaterThan(calm.handlerMs.mean.median);
  });
});

describe('the page about published results', () => {
  it('has the figures of the published run, and no others', () => {
    const page = readFileSync(root('docs/published-results.md'), 'utf8');
    expect(intoPage(page, published)).toBe(page);
  });
});
