import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COCKATIEL, ENQUEUED, NAIVE, NO_RETRIES, RINGBACK, ROWS, type Row, UNLIMITED } from '../bench/storms/clients.ts';
import { MEASURES, type Measured, measure, risingWave, rowResult, spreadOf } from '../bench/storms/figures.ts';
import { intoPage, renderStorms, renderTargets, type StormsResult } from '../bench/storms/page.ts';
import { draw, picturePath } from '../bench/storms/pictures.ts';
import { runOnce } from '../bench/storms/storm.ts';
import { BROWN_OUT_PER_SECOND, STORMS, type Storm } from '../bench/storms/storms.ts';
import { checkTargets } from '../bench/storms/targets.ts';

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const rowOf = (name: string): Row => ROWS.find((row) => row.name === name) as Row;
const stormOf = (id: string): Storm => STORMS.find((storm) => storm.id === id) as Storm;

async function figuresOf(id: string, name: string, changes: Partial<Storm['simulation']> = {}): Promise<Measured> {
  const storm = stormOf(id);
  const changed = { ...storm, simulation: { ...storm.simulation, ...changes } };
  return measure(await runOnce(changed, rowOf(name), 1), changed);
}

describe('in a full outage', () => {
  it('naive retries load four times what arrives', async () => {
    expect((await figuresOf('outage', NAIVE)).loadAmplificationWhile).toBeCloseTo(4, 1);
  });

  it.each([COCKATIEL, RINGBACK, UNLIMITED, ENQUEUED])('%s loads less than what arrives', async (name) => {
    expect((await figuresOf('outage', name)).loadAmplificationWhile).toBeLessThan(1.15);
  });

  it('what was enqueued is delivered after it, and all else lost', async () => {
    expect((await figuresOf('outage', ENQUEUED)).undelivered).toBe(0);
    expect((await figuresOf('outage', NO_RETRIES)).undelivered).toBeGreaterThan(1_000);
  });
});

describe('after a short trigger', () => {
  it('naive clients stay in collapse, and have the receiver work for nobody', async () => {
    const { recoveryMs, goodputAfter, wastedShare } = await figuresOf('metastable', NAIVE);
    expect(recoveryMs).toBeNull();
    expect(goodputAfter).toBeLessThan(1);
    expect(wastedShare).toBeGreaterThan(50);
  });

  it.each([RINGBACK, ENQUEUED])('%s is back within 10 s', async (name) => {
    const { recoveryMs, wastedShare } = await figuresOf('metastable', name);
    expect(recoveryMs).toBeLessThanOrEqual(10_000);
    expect(wastedShare).toBeLessThan(10);
  });
});

describe('in a brown-out', () => {
  it.each([RINGBACK, ENQUEUED])('%s has the receiver do what it can, and nothing for nobody', async (name) => {
    const { goodputWhile, wastedShare } = await figuresOf('brown-out', name);
    expect(goodputWhile).toBeGreaterThanOrEqual(0.9 * BROWN_OUT_PER_SECOND);
    expect(wastedShare).toBeLessThan(5);
  });

  it('without a limit, most of what it can do is lost', async () => {
    expect((await figuresOf('brown-out', UNLIMITED)).goodputWhile).toBeLessThan(0.5 * BROWN_OUT_PER_SECOND);
  });
});

describe('a receiver whose capacity halves and doubles', () => {
  it.each([RINGBACK, ENQUEUED])('%s: a hundred clients find its measure within 30 s, and each its share', async (name) => {
    const { offCapacity, fairness } = await figuresOf('changing-capacity', name);
    expect(offCapacity).toBeLessThanOrEqual(15);
    expect(fairness).toBeGreaterThanOrEqual(0.95);
  });
});

describe('with transient errors and no overload', () => {
  it.each([RINGBACK, ENQUEUED])('%s delivers what naive retries deliver', async (name) => {
    const [ours, naive] = [await figuresOf('transient-errors', name), await figuresOf('transient-errors', NAIVE)];
    expect(ours.deliveredShare).toBeGreaterThanOrEqual((naive.deliveredShare as number) - 0.1);
  });
});

describe('a herd', () => {
  it('is served to the last by `enqueue`, and turned away in part where retries come at once', async () => {
    const small = {
      clients: 1_000,
      receiver: { workers: 10, service: { kind: 'exponential', meanMs: 100 }, maxQueue: 200 },
    } as const;
    const faults = [{ kind: 'herd', atMs: 0, callbacks: 1_000 }] as const;
    expect((await figuresOf('herd', ENQUEUED, { ...small, faults })).undelivered).toBe(0);
    expect((await figuresOf('herd', NAIVE, { ...small, faults })).undelivered).toBeGreaterThan(500);
  });
});

describe('a run', () => {
  it.each(ROWS.map(({ name }) => name))('%s: the same seed gives the same result', async (name) => {
    const run = async (seed: number) => JSON.stringify(await runOnce(stormOf('rate-limit'), rowOf(name), seed));
    const first = await run(1);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
  });

  it('of cockatiel puts the globals back', async () => {
    const before = [globalThis.setTimeout, globalThis.clearTimeout, Date.now, Math.random];
    await runOnce(stormOf('rate-limit'), rowOf(COCKATIEL), 1);
    expect([globalThis.setTimeout, globalThis.clearTimeout, Date.now, Math.random]).toEqual(before);
  });
});

describe('figures over seeds', () => {
  it('have never above every number, and the upper one of two medians', () => {
    expect(spreadOf([3, null, 1])).toEqual({ least: 1, median: 3, most: null });
    expect(spreadOf([3, null])).toEqual({ least: 3, median: null, most: null });
  });

  it('tell how far a wave rises above the one before', () => {
    expect(risingWave([100, 300, 5, 200, 5, 240, 5], 50)).toBe(1.2);
    expect(risingWave([100, 300, 200], 50)).toBe(0);
    expect(risingWave([5, 5], 50)).toBe(0);
  });
});

describe('the targets of the storms', () => {
  const storms = (changes: Partial<Measured>) => {
    const figures = { ...Object.fromEntries(MEASURES.map((measure) => [measure, 0])), ...changes } as Measured;
    return [{ id: 'metastable', seeds: 1, rows: [...[RINGBACK, ENQUEUED].map((name) => rowResult(name, [figures]))] }];
  };
  const held = (changes: Partial<Measured>): boolean[] => checkTargets(storms(changes)).map(({ holds }) => holds);

  it('hold at their limits, and are missed above them and where the figure is never', () => {
    expect(held({ recoveryMs: 10_000 })).toEqual([true, true]);
    expect(held({ recoveryMs: 10_001 })).toEqual([false, false]);
    expect(held({ recoveryMs: null })).toEqual([false, false]);
  });

  it('are named with their figure and their limit', () => {
    expect(renderTargets(checkTargets(storms({ recoveryMs: 12_000 })))).toMatch(
      /trigger's end.*at most 10,000 ms.*12,000 ms.*missed/,
    );
  });

  it('are not met by a row that was not run', () => {
    expect(() => checkTargets([{ id: 'metastable', seeds: 1, rows: [] }])).toThrow(
      'no figures for ringback, `deliver` in metastable',
    );
  });
});

describe('the program', () => {
  it('prints and writes what it ran, and ends with 0 where nobody asked to check', () => {
    const folder = mkdtempSync(`${tmpdir()}/ringback-storms-test-`);
    const flags = ['--only', 'rate-limit', '--seeds', '1', '--out', `${folder}/result.json`];
    const { status, stdout } = spawnSync(process.execPath, [root('bench/storms/main.ts'), ...flags], { encoding: 'utf8' });
    const result = JSON.parse(readFileSync(`${folder}/result.json`, 'utf8')) as StormsResult;
    rmSync(folder, { recursive: true });
    expect(status).toBe(0);
    expect(result.storms[0]?.rows.map(({ name }) => name)).toEqual(ROWS.map(({ name }) => name));
    expect(stdout).toContain(renderStorms(result));
  });
});

describe('the page about the storms', () => {
  const page = readFileSync(root('docs/storms.md'), 'utf8');
  const published = JSON.parse(readFileSync(root('bench/results/storms.json'), 'utf8')) as StormsResult;

  it('has the figures of the published result, and no others', () => expect(intoPage(page, published)).toBe(page));
  it('has every storm, with 20 seeds or more', () => {
    expect(published.storms.map(({ id }) => id)).toEqual(STORMS.map(({ id }) => id));
    for (const { seeds } of published.storms) expect(seeds).toBeGreaterThanOrEqual(20);
  });

  it('has pictures that come out the same again', async () => {
    const storm = stormOf('metastable');
    expect(page).toContain(picturePath(storm.id));
    expect(await draw(storm)).toBe(readFileSync(root(`docs/${picturePath(storm.id)}`), 'utf8'));
  });
});
