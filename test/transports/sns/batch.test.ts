import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextBatch } from '../../../src/transports/sns/batch.js';
import type { Publication } from '../../../src/transports/sns/publication.js';

const MAX_BYTES = 100;

interface Waiting {
  readonly publication: Publication;
}

/** One in line: its size, and its group, where it has one. */
function waiting(bytes: number, group?: string): Waiting {
  const fields = { Message: '', MessageAttributes: {}, ...(group !== undefined && { MessageGroupId: group }) };
  return { publication: { topic: { arn: 'arn', isFifo: group !== undefined }, fields, bytes } };
}

const groupOf = ({ publication }: Waiting): string | undefined => publication.fields.MessageGroupId;
const next = (line: readonly Waiting[], inFlight: readonly string[] = [], gathers = true): ReturnType<typeof nextBatch> =>
  nextBatch(line, new Set(inFlight), { gathers, maxBytes: MAX_BYTES });

describe('the next batch', () => {
  it('is nobody where nobody waits', () => expect(next([])).toEqual({ places: [], isFull: false }));

  it('has ten at most', () => {
    const line = Array.from({ length: 12 }, () => waiting(1));
    expect(next(line).places).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(next(line).isFull).toBe(true);
    expect(next(line.slice(0, 10)).isFull).toBe(true);
    expect(next(line.slice(0, 9)).isFull).toBe(false);
  });

  it('has one where nobody gathers', () =>
    expect(next([waiting(1), waiting(1)], [], false)).toEqual({ places: [0], isFull: true }));

  it('has at most maxBytes, and nobody that stands behind the first without room', () => {
    expect(next([waiting(60), waiting(40), waiting(1)])).toEqual({ places: [0, 1], isFull: true });
    expect(next([waiting(60), waiting(40)])).toEqual({ places: [0, 1], isFull: false });
    expect(next([waiting(60), waiting(41), waiting(1)])).toEqual({ places: [0], isFull: true });
  });

  it('has none of a group of which some are in flight', () => {
    const line = [waiting(1, 'a'), waiting(1, 'b'), waiting(1, 'a'), waiting(1, 'c')];
    expect(next(line, ['a']).places).toEqual([1, 3]);
    expect(next(line, ['a', 'b', 'c'])).toEqual({ places: [], isFull: false });
    expect(next([waiting(100, 'a'), waiting(100, 'b')], ['a']).places).toEqual([1]);
  });

  it('lets everyone go in the end, and those of a group in their order', () => {
    const one = fc.record({
      bytes: fc.integer({ min: 1, max: MAX_BYTES }),
      group: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), fc.infiniteStream(fc.nat()), fc.boolean(), (all, choices, gathers) => {
        const everyone = all.map(({ bytes, group }) => waiting(bytes, group));
        let line: readonly Waiting[] = everyone;
        let inFlight: (readonly Waiting[])[] = [];
        const gone: Waiting[] = [];
        while (line.length > 0 || inFlight.length > 0) {
          const groups = inFlight.flat().flatMap((each) => groupOf(each) ?? []);
          const { places, isFull } = next(line, groups, gathers);
          const going = places.map((place) => line[place] as Waiting);
          expect(going.length).toBeLessThanOrEqual(gathers ? 10 : 1);
          expect(going.reduce((sum, { publication }) => sum + publication.bytes, 0)).toBeLessThanOrEqual(MAX_BYTES);
          expect(going.some((each) => groups.includes(groupOf(each) ?? '-'))).toBe(false);
          if (isFull) expect(going.length).toBeGreaterThan(0);
          if (going.length > 0) {
            line = line.filter((each) => !going.includes(each));
            gone.push(...going);
            inFlight.push(going);
          } else {
            expect(inFlight.length).toBeGreaterThan(0);
          }
          // Some call ends, whichever.
          const ends = (choices.next().value as number) % 4;
          if (going.length === 0 || ends === 0)
            inFlight = inFlight.filter((_, index) => index !== ends % Math.max(1, inFlight.length));
        }
        for (const group of ['a', 'b', 'c', undefined]) {
          const of = (list: readonly Waiting[]): Waiting[] => list.filter((each) => groupOf(each) === group);
          expect(of(gone)).toEqual(of(everyone));
          expect(of(gone).every((each, index) => each === of(everyone)[index])).toBe(true);
        }
      }),
    );
  });
});
