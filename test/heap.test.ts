import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap, type HeapItem } from '../src/heap.js';

interface Item extends HeapItem {
  readonly key: number;
  readonly order: number;
}

const isBefore = (a: Item, b: Item): boolean => a.key < b.key || (a.key === b.key && a.order < b.order);
const compare = (a: Item, b: Item): number => a.key - b.key || a.order - b.order;

type Step =
  | { readonly do: 'push'; readonly key: number }
  | { readonly do: 'pop' }
  | { readonly do: 'remove'; readonly at: number };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), key: fc.integer({ min: 0, max: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat({ max: 200 }) }) },
  ),
  { maxLength: 200 },
);

describe('Heap', () => {
  it('holds what a sorted array holds, in the same order, after any steps', () => {
    fc.assert(
      fc.property(steps, (script: readonly Step[]) => {
        const heap = new Heap(isBefore);
        const sorted: Item[] = [];
        const all: Item[] = [];
        for (const step of script) {
          if (step.do === 'push') {
            const item: Item = { key: step.key, order: all.length, heapIndex: -1 };
            all.push(item);
            heap.push(item);
            sorted.push(item);
            sorted.sort(compare);
          } else if (step.do === 'pop') {
            expect(heap.pop()).toBe(sorted.shift());
          } else if (all.length > 0) {
            const item = all[step.at % all.length] as Item;
            const index = sorted.indexOf(item);
            expect(heap.remove(item)).toBe(index >= 0);
            if (index >= 0) sorted.splice(index, 1);
          }
          expect(heap.size).toBe(sorted.length);
          expect(heap.peek()).toBe(sorted[0]);
          expect([...heap.values()].sort(compare)).toEqual(sorted);
          for (const item of all) expect(item.heapIndex >= 0).toBe(sorted.includes(item));
        }
      }),
    );
  });

  it('is empty at first', () => {
    const heap = new Heap(isBefore);
    expect([heap.size, heap.peek(), heap.pop()]).toEqual([0, undefined, undefined]);
  });

  it('leaves alone what another heap holds', () => {
    const [mine, other] = [new Heap(isBefore), new Heap(isBefore)];
    const item: Item = { key: 1, order: 0, heapIndex: -1 };
    const foreign: Item = { key: 2, order: 1, heapIndex: -1 };
    mine.push(item);
    other.push(foreign);
    expect(mine.remove(foreign)).toBe(false);
    expect([mine.peek(), other.peek()]).toEqual([item, foreign]);
  });
});
