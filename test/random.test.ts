import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, randomId, seededRandom, systemRandom } from '../src/random.js';

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random());

function expectUniform(numbers: readonly number[]): void {
  const tenths = new Array<number>(10).fill(0);
  for (const number of numbers) {
    expect(number >= 0 && number < 1).toBe(true);
    tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] as number) + 1;
  }
  const expected = numbers.length / 10;
  // Five standard deviations: a fair source fails this once in a few hundred thousand runs of ten bins.
  for (const count of tenths) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected * 0.9));
}

describe('systemRandom', () => {
  it('draws from [0, 1), evenly, also past the end of its pool', () => expectUniform(draw(systemRandom, 20_000)));
  it('does not repeat itself', () => expect(new Set(draw(systemRandom, 5_000)).size).toBe(5_000));
});

describe('seededRandom', () => {
  it('repeats with the same seed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string()), (seed) => {
        expect(draw(seededRandom(seed), 20)).toEqual(draw(seededRandom(seed), 20));
      }),
    );
  });

  it('gives the same numbers on every platform and in every release', () => {
    expect(draw(seededRandom(42), 3)).toMatchInlineSnapshot(`
      [
        0.5698703826924216,
        0.3378040026232759,
        0.9011699230556062,
      ]
    `);
    expect(draw(seededRandom('storm'), 3)).toMatchInlineSnapshot(`
      [
        0.47160196141675115,
        0.32901806871777406,
        0.597854522029372,
      ]
    `);
  });

  it('tells neighbouring seeds apart', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => seededRandom(seed)());
    expect(new Set(firsts).size).toBe(1_000);
    expectUniform(firsts);
  });

  it('draws from [0, 1), evenly', () => expectUniform(draw(seededRandom(7), 20_000)));
});

describe('randomId', () => {
  it('is the prefix and 24 characters of base62', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(randomId('msg_', seededRandom(seed))).toMatch(/^msg_[0-9A-Za-z]{24}$/);
      }),
    );
  });

  it('keeps its length at both ends of what a random can draw', () => {
    expect(randomId('', () => 0)).toBe('0'.repeat(24));
    expect(randomId('', () => 1 - 2 ** -53)).toMatch(/^[0-9A-Za-z]{24}$/);
  });

  it('has no duplicate among 20,000', () => {
    expect(new Set(Array.from({ length: 20_000 }, () => randomId('', systemRandom))).size).toBe(20_000);
  });
});
