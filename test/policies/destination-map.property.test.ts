import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bookmark, DestinationMap } from '../../src/policies/destination-map.js';

interface State {
  readonly destination: string;
  pinned: boolean;
}

/** What is known of the map from outside: the states it handed out last, and its bound. */
interface Model {
  readonly bound: number;
  readonly handedOut: Map<string, State>;
  readonly bookmarks: Map<string, Bookmark<State>>;
  size: number;
}

type Command = fc.Command<Model, DestinationMap<State>>;

const pinnedIn = (map: DestinationMap<State>): State[] => [...map].map(([, state]) => state).filter(({ pinned }) => pinned);

function expectSound(model: Model, map: DestinationMap<State>): void {
  const held = [...map];
  expect(held.length).toBe(map.size);
  expect(new Set(held.map(([destination]) => destination)).size).toBe(map.size);
  for (const [destination, state] of held) {
    expect(map.find(destination)).toBe(state);
    expect(state).toBe(model.handedOut.get(destination));
  }
  for (const [destination, { entry }] of model.bookmarks) {
    if (entry?.value !== undefined) expect(entry.value).toBe(map.find(destination));
  }
  expect(map.size).toBeLessThanOrEqual(2 * model.bound);
  if (map.size > model.size) expect(map.size).toBeLessThanOrEqual(Math.max(model.bound, pinnedIn(map).length + 1));
  model.size = map.size;
}

function bookmarkIn({ bookmarks }: Model, destination: string): Bookmark<State> {
  const bookmark = bookmarks.get(destination) ?? { destination, entry: undefined };
  bookmarks.set(destination, bookmark);
  return bookmark;
}

const get = (destination: string, byBookmark: boolean): Command => ({
  check: () => true,
  run: (model, map) => {
    const known = map.find(destination);
    const stayed = pinnedIn(map);
    const atTheHardBound = map.size >= 2 * model.bound;
    const state = byBookmark ? map.getAt(bookmarkIn(model, destination)) : map.get(destination);
    if (known !== undefined) expect(state).toBe(known);
    expect(state.destination).toBe(destination);
    expect(map.find(destination)).toBe(state);
    model.handedOut.set(destination, state);
    if (!atTheHardBound) for (const pinned of stayed) expect(map.find(pinned.destination)).toBe(pinned);
    expectSound(model, map);
  },
  toString: () => `get ${destination}${byBookmark ? ' by its bookmark' : ''}`,
});

const pin = (destination: string, pinned: boolean): Command => ({
  check: (model) => model.handedOut.has(destination),
  run: (model, map) => {
    const state = map.find(destination);
    if (state !== undefined) state.pinned = pinned;
    expectSound(model, map);
  },
  toString: () => `${pinned ? 'pin' : 'unpin'} ${destination}`,
});

const destination = fc.integer({ min: 0, max: 30 }).map((number) => `d${number}`);
const commands = fc.commands(
  [
    fc.tuple(destination, fc.boolean()).map(([name, byBookmark]) => get(name, byBookmark)),
    destination.map((name) => pin(name, true)),
    fc.tuple(destination, fc.boolean()).map(([name, pinned]) => pin(name, pinned)),
  ],
  { maxCommands: 200, size: 'max' },
);

describe('DestinationMap against what is known of it from outside', () => {
  it('keeps what must stay, one state per destination, and its bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), commands, (bound, steps) => {
        const map = new DestinationMap<State>({
          maxDestinations: bound,
          create: (name) => ({ destination: name, pinned: false }),
          mayEvict: (state) => !state.pinned,
        });
        fc.modelRun(() => ({ model: { bound, handedOut: new Map(), bookmarks: new Map(), size: 0 }, real: map }), steps);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what is used all the time, however many others come once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 500 }),
        (bound, rare) => {
          const map = new DestinationMap<{ readonly destination: string }>({
            maxDestinations: bound,
            create: (name) => ({ destination: name }),
            mayEvict: () => true,
          });
          const often = map.get('often');
          for (const number of rare) {
            map.get(`rare${number}`);
            expect(map.get('often')).toBe(often);
          }
        },
      ),
    );
  });
});
