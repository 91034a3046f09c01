import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../../packed/process.mjs';
import { Books, MARK, RULE } from './books.js';
import { type HeapSample, trendOf } from './heap-series.js';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const SMALL = ['--attempts', '10000', '--days', '6', '--destinations', '100'];
const SMALLEST = ['--attempts', '3000', '--days', '3', '--destinations', '30'];

const soak = (...args: readonly string[]) =>
  run(process.execPath, ['--expose-gc', main, ...args], { cwd: undefined, timeoutMs: 110_000 });

/** Small runs of the whole program, on the built package. */
describe('the soak in virtual time', { timeout: 120_000 }, () => {
  it('accounts for every callback', async () => {
    const { code, stdout } = await soak(...SMALL);
    expect(stdout).not.toContain('BROKEN');
    expect(stdout).toMatch(
      /accepted = delivered \+ dead \+ cancelled \+ waiting +\| [\d,]+ = [\d,]+ \+ [1-9]\d* \+ [1-9]\d* \+ [1-9]/,
    );
    expect(stdout).toMatch(/^\| 6 +\| 10,\d{3} /m);
    expect(code).toBe(0);
  });

  it.each([
    ['loss', 'told as delivered, and no receiver has it'],
    ['leak', 'heap: '],
    ['listener', 'listeners left on signals that callers handed over'],
  ])('ends with 1 where there is a %s', async (sabotage, line) => {
    const { code, stdout } = await soak(...SMALLEST, '--sabotage', sabotage);
    const broken = stdout.split('\n').filter((text) => text.includes('BROKEN'));
    expect(broken.join('\n')).toContain(`| ${line}`);
    expect(code).toBe(1);
  });

  it.each([
    ['attempts that are no number', ['--attempts', 'many']],
    ['a sabotage that there is not', ['--sabotage', 'fire']],
  ])('refuses %s', async (_, args) => expect((await soak(...args)).code).toBe(2));

  it('says what it needs where no heap can be measured', async () => {
    const { code, output } = await run(process.execPath, [main, ...SMALLEST], { cwd: undefined, timeoutMs: 110_000 });
    expect(output).toContain('--expose-gc');
    expect(code).toBe(1);
  });
});

describe('the books', () => {
  it('count every callback once, by its end', () => {
    const books = new Books(10);
    for (const end of [MARK.delivered | MARK.taken, MARK.dead, MARK.cancelled, 0]) books.open(MARK.accepted | end);
    books.open(MARK.direct | MARK.delivered | MARK.taken);
    books.open(MARK.direct | MARK.failed);
    const { accepted, delivered, dead, cancelled, waiting, direct, receipts, failed, contradictory } = books.account();
    expect({ accepted, delivered, dead, cancelled, waiting }).toEqual({
      accepted: 4,
      delivered: 1,
      dead: 1,
      cancelled: 1,
      waiting: 1,
    });
    expect({ direct, receipts, failed, contradictory }).toEqual({ direct: 2, receipts: 1, failed: 1, contradictory: 0 });
  });

  it.each([
    ['two ends', MARK.accepted | MARK.delivered | MARK.taken | MARK.dead, { contradictory: 1 }],
    ['an end without acceptance', MARK.dead, { contradictory: 1 }],
    ['a receipt and an error', MARK.direct | MARK.delivered | MARK.taken | MARK.failed, { contradictory: 1 }],
    ['a delivery that nobody got', MARK.accepted | MARK.delivered, { toldUntaken: 1 }],
    ['a delivery that nobody was told of', MARK.accepted | MARK.taken, { takenUntold: 1 }],
  ])('see %s', (_, marks, seen) => {
    const books = new Books(1);
    books.open(marks);
    expect(books.account()).toMatchObject(seen);
  });

  it('count a broken rule, and keep the first few that broke it', () => {
    const books = new Books(1);
    for (let callback = 0; callback < 9; callback++) books.breach(RULE.ordered, callback);
    const [broken] = books.breaches.filter(({ count }) => count > 0);
    expect(broken).toEqual({ rule: RULE.ordered, count: 9, examples: [0, 1, 2, 3, 4] });
  });
});

describe('the trend of the heap', () => {
  const samples = (...megabytes: readonly number[]): HeapSample[] =>
    megabytes.map((liveBytes, day) => ({ day, attempts: 0, waiting: 0, deadLetters: 0, liveBytes }));

  it('compares the medians of the last two thirds, and leaves the first out', () => {
    expect(trendOf(samples(1, 1, 1, 10, 90, 10, 11, 11, 90))).toEqual({ middleBytes: 10, lastBytes: 11, growth: 11 / 10 - 1 });
  });
});

it('the page has the figures of a run in full size', () => {
  const page = readFileSync(new URL('../../../docs/endurance.md', import.meta.url), 'utf8');
  const [, asked] = /attempts made, of those asked for +\| [\d,]+ of ([\d,]+)/.exec(page) ?? [];
  expect(asked).toBe('10,000,000');
  expect(page).not.toContain('BROKEN');
});
