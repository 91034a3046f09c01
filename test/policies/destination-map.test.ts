import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { type Bookmark, DestinationMap } from '../../src/policies/destination-map.js';

interface State {
  readonly destination: string;
  readonly serial: number;
  pinned: boolean;
}

function mapOf(maxDestinations: number): DestinationMap<State> {
  let serial = 0;
  return new DestinationMap<State>({
    maxDestinations,
    create: (destination) => ({ destination, serial: serial++, pinned: false }),
    mayEvict: (state) => !state.pinned,
  });
}

const keys = (map: DestinationMap<State>): string[] => [...map].map(([destination]) => destination).sort();
const fill = (map: DestinationMap<State>, ...destinations: string[]): void => {
  for (const destination of destinations) map.get(destination);
};
const bookmarkOf = (destination: string): Bookmark<State> => ({ destination, entry: undefined });

describe('DestinationMap', () => {
  it('keeps one state per destination', () => {
    const map = mapOf(3);
    expect(map.get('a')).toBe(map.get('a'));
    expect(map.get('b')).not.toBe(map.get('a'));
    expect(map.size).toBe(2);
    expect(map.find('b')).toBe(map.get('b'));
    expect(map.find('c')).toBeUndefined();
    expect(map.size).toBe(2);
  });

  it('a map with a size bound: never holds more than maxDestinations of what may go', () => {
    const map = mapOf(10);
    for (let number = 0; number < 1_000; number++) {
      map.get(`d${number}`);
      expect(map.size).toBeLessThanOrEqual(10);
    }
    expect(map.size).toBe(10);
    expect(keys(map)).toHaveLength(10);
  });

  it('what is idle goes first: what was used since the hand came by gets a second chance', () => {
    const map = mapOf(4);
    fill(map, 'a', 'b', 'c', 'd');
    fill(map, 'a', 'c');
    fill(map, 'e', 'f');
    expect(keys(map)).toEqual(['a', 'c', 'e', 'f']);
  });

  it('lets the one that came first go where none was used', () => {
    const map = mapOf(3);
    fill(map, 'a', 'b', 'c', 'd');
    expect(keys(map)).toEqual(['b', 'c', 'd']);
    fill(map, 'e', 'f');
    expect(keys(map)).toEqual(['d', 'e', 'f']);
  });

  it('does not count looking on as a use', () => {
    const map = mapOf(2);
    fill(map, 'a', 'b');
    map.find('a');
    map.get('c');
    expect(keys(map)).toEqual(['b', 'c']);
  });

  it('what is healthy goes first, an open breaker stays while it is open', () => {
    const map = mapOf(3);
    fill(map, 'a', 'b', 'c');
    const open = map.get('a');
    open.pinned = true;
    for (let number = 0; number < 100; number++) map.get(`d${number}`);
    expect(map.find('a')).toBe(open);
    expect(map.size).toBe(3);
    open.pinned = false;
    for (let number = 0; number < 10; number++) map.get(`e${number}`);
    expect(map.find('a')).toBeUndefined();
  });

  it('grows where nothing may go, and comes back to its bound once something may', () => {
    const map = mapOf(10);
    for (let number = 0; number < 15; number++) map.get(`d${number}`).pinned = true;
    expect(map.size).toBe(15);
    for (const [, state] of map) state.pinned = false;
    for (let number = 0; number < 5; number++) map.get(`e${number}`);
    expect(map.size).toBe(10);
    expect(keys(map).filter((key) => key.startsWith('e'))).toHaveLength(5);
  });

  it('never grows past twice its bound: there the one under the hand goes whatever it is', () => {
    const map = mapOf(10);
    for (let number = 0; number < 500; number++) {
      const state = map.get(`d${number}`);
      state.pinned = true;
      expect(map.size).toBeLessThanOrEqual(20);
      expect(map.get(`d${number}`)).toBe(state);
    }
    expect(map.size).toBe(20);
  });

  it('makes a new destination pay at most a bounded number of steps', () => {
    let asked = 0;
    const map = new DestinationMap<string>({
      maxDestinations: 10_000,
      create: (destination) => destination,
      mayEvict: () => {
        asked++;
        return false;
      },
    });
    for (let number = 0; number < 10_000; number++) map.get(`d${number}`);
    expect(asked).toBe(0);
    map.get('one more');
    expect(asked).toBe(256);
    map.get('and another');
    expect(asked).toBe(256 * 3);
  });

  it('holds exactly one with a bound of one', () => {
    const map = mapOf(1);
    fill(map, 'a', 'b', 'b', 'c');
    expect(keys(map)).toEqual(['c']);
  });

  it("looks a bookmark of what was let go up again, so that a destination's state is never split in two", () => {
    const map = mapOf(2);
    const [one, another] = [bookmarkOf('a'), bookmarkOf('a')];
    const first = map.getAt(one);
    expect(map.getAt(another)).toBe(first);
    expect(map.get('a')).toBe(first);
    fill(map, 'b', 'c', 'd', 'e');
    expect(map.find('a')).toBeUndefined();
    const second = map.getAt(one);
    expect(second).not.toBe(first);
    expect(map.getAt(another)).toBe(second);
    expect(map.getAt(one)).toBe(second);
    expect(map.find('a')).toBe(second);
  });

  it('keeps nothing of what was let go in memory for a bookmark', () => {
    const map = mapOf(1);
    const bookmark = bookmarkOf('a');
    map.getAt(bookmark);
    map.get('b');
    expect(bookmark.entry?.value).toBeUndefined();
  });

  it('lets go of what shrinking takes, for bookmarks too', () => {
    const map = mapOf(1);
    const bookmarks = ['a', 'b'].map(bookmarkOf);
    for (const bookmark of bookmarks) map.getAt(bookmark).pinned = true;
    expect(map.size).toBe(2);
    for (const [, state] of map) state.pinned = false;
    map.get('c');
    expect(keys(map)).toEqual(['c']);
    expect(bookmarks.map(({ entry }) => entry?.value)).toEqual([undefined, undefined]);
  });

  it('counts a use through a bookmark: a second chance for it too', () => {
    const map = mapOf(4);
    const bookmark = bookmarkOf('a');
    map.getAt(bookmark);
    fill(map, 'b', 'c', 'd');
    map.getAt(bookmark);
    fill(map, 'e', 'f');
    expect(keys(map)).toEqual(['a', 'd', 'e', 'f']);
  });

  it('has changed nothing when the state can not be made', () => {
    let broken = false;
    const map = new DestinationMap<string>({
      maxDestinations: 2,
      create: (destination) => {
        if (broken) throw new Error('no settings for it');
        return destination;
      },
      mayEvict: () => true,
    });
    map.get('a');
    map.get('b');
    broken = true;
    expect(() => map.get('c')).toThrow('no settings for it');
    expect([...map].map(([destination]) => destination)).toEqual(['a', 'b']);
  });

  it.each([0, -1, 1.5, Number.NaN, 2_000_000, '10'])('refuses a bound of %j', (bound) => {
    let thrown: unknown;
    try {
      mapOf(bound as number);
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect((thrown as Error).message).toMatch(/^maxDestinations must be an integer from 1 to 1000000, got /);
  });
});
