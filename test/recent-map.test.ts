import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../src/recent-map.js';

const MAX = 4;
const steps = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), value: fc.option(fc.nat(), { nil: undefined }) }),
  { maxLength: 100 },
);

describe('a map of what was set last', () => {
  it('holds what a list of the last ones holds, in the same order, after any steps', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const map = new RecentMap<number>(MAX);
        let list: [string, number][] = [];
        for (const { key, value } of script) {
          list = list.filter(([other]) => other !== key);
          if (value === undefined) map.delete(key);
          else {
            map.set(key, value);
            list = [...list, [key, value] as [string, number]].slice(-MAX);
          }
          expect([...map]).toEqual(list);
          expect(map.size).toBe(list.length);
          for (const [each, kept] of list) expect(map.get(each)).toBe(kept);
        }
        expect(map.get('never')).toBeUndefined();
      }),
    );
  });
});
