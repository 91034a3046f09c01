import { describe, expect, it } from 'vitest';
import { type NamedRun, type SimulationOptions, simulate, toSvg } from '../../../src/simulation/index.js';

const OPTIONS: SimulationOptions = {
  durationMs: 20_000,
  arrivals: { kind: 'constant', perSecond: 20 },
  receiver: { workers: 4, service: { kind: 'constant', meanMs: 50 } },
  faults: [
    { kind: 'outage', fromMs: 5_000, untilMs: 10_000 },
    { kind: 'herd', atMs: 12_000, callbacks: 10 },
  ],
};

const result = await simulate({ ...OPTIONS, pipeline: { concurrency: { maxLimit: 10 } } });
const bare = await simulate({ ...OPTIONS, pipeline: () => ({ execute: (send) => send() }) });

/** Every path's and text's coordinates. */
function coordinates(svg: string): readonly [x: number, y: number][] {
  const points = [...svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)|x="(-?[\d.]+)" y="(-?[\d.]+)"/g)];
  return points.map(([, x, y, textX, textY]) => [Number(x ?? textX), Number(y ?? textY)]);
}

/** Opening and closing tags balance: what a parser of XML asks first. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return false;
    } else if (selfClosing === '') open.push(name as string);
  }
  return open.length === 0;
}

describe('toSvg', () => {
  it('draws one run: labelled axes with units, its faults, its policies', () => {
    const svg = toSvg([{ name: 'the defaults', result }]);
    const titles = [
      'rate (1/s)',
      'latency of what is delivered (ms, log scale)',
      'virtual time (s)',
      'concurrency limit (mean, attempts)',
      'retry budget (mean, tokens)',
      'circuits (% of all)',
    ];
    for (const title of [...titles, 'the defaults', '>outage<', '>herd<']) expect(svg).toContain(title);
    expect(svg.match(/class="fault"/g)).toHaveLength(6);
    expect(isBalanced(svg)).toBe(true);
  });

  it('leaves out what a client of your own has not', () => {
    const svg = toSvg([{ name: 'bare', result: bare }]);
    expect(svg).not.toContain('retry budget');
    expect(svg.match(/class="fault"/g)).toHaveLength(3);
  });

  it('draws several over one another, each in a colour of its own, with one legend', () => {
    const runs: NamedRun[] = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].map((name) => ({ name, result }));
    const svg = toSvg(runs);
    for (const [i, { name }] of runs.entries()) {
      expect(svg.match(new RegExp(`>${name}</text>`, 'g'))).toHaveLength(1);
      expect(svg.match(new RegExp(`class="line c${i}[" ]`, 'g'))).toHaveLength(5);
    }
    expect(isBalanced(svg)).toBe(true);
  });

  it('is 830 px wide, and nothing lies outside of it', () => {
    const names = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(60));
    for (const runs of [[{ name: 'one', result }], names.map((name) => ({ name, result }))]) {
      const svg = toSvg(runs);
      const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
      expect(width).toBe('830');
      for (const [x, y] of coordinates(svg)) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(830);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(Number(height));
      }
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('follows the page: light, and dark where the reader prefers it', () => {
    expect(toSvg([{ name: 'one', result }])).toContain('@media (prefers-color-scheme:dark)');
  });

  it('stays small however long the run is', async () => {
    const long = await simulate({ ...OPTIONS, durationMs: 200_000, bucketMs: 10 });
    expect(toSvg([{ name: 'long', result: long }]).length).toBeLessThan(100_000);
  });

  it('draws a run in which nothing happens', async () => {
    const nothing = await simulate({ ...OPTIONS, faults: [], arrivals: { kind: 'recorded', atMs: [] } });
    expect(toSvg([{ name: 'nothing', result: nothing }])).not.toMatch(/NaN|Infinity/);
  });

  it('writes names as text, whatever is in them', () => {
    const svg = toSvg([{ name: '<script>"&\u0007\ud800', result }]);
    expect(svg).toContain('&lt;script&gt;&quot;&amp;\ufffd');
    expect(svg).not.toContain('<script');
    expect(isBalanced(svg)).toBe(true);
  });

  it.each<[unknown, string]>([
    [[], 'toSvg(runs) must be an array of 1 to 8 runs'],
    [undefined, 'toSvg(runs) must be'],
    [Array.from({ length: 9 }, () => ({ name: 'x', result })), 'toSvg(runs) must be'],
    [[result], 'runs[0] has no option'],
    [[{ name: '', result }], 'runs[0].name must be a string of 1 to 60 characters'],
    [[{ name: 'x', result: {} }], 'runs[0].result must be what simulate gave'],
  ])('refuses what is no run: %#', (runs, message) => {
    expect(() => toSvg(runs as NamedRun[])).toThrow(message);
  });
});
