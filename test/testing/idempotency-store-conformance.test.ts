import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { IdempotencyStore } from '../../src/idempotency/store.js';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.js';
import {
  type IdempotencyStoreConformanceOptions,
  idempotencyStoreConformance,
} from '../../src/testing/idempotency-store-conformance.js';
import { BROKEN_STORES, type BrokenStore } from './broken-idempotency-stores.js';

type Case = { readonly name: string; readonly run: () => Promise<void> };

/** The cases that the suite declares, for the test to run. */
function collect(options: Omit<IdempotencyStoreConformanceOptions, 'describe' | 'it'>): Case[] {
  const cases: Case[] = [];
  idempotencyStoreConformance({
    ...options,
    describe: (_, body) => body(),
    it: (name, run) => cases.push({ name, run }),
  });
  return cases;
}

/** What each case that fails says, by its name. */
async function failuresOf(
  { create, createUnreachable }: BrokenStore,
  clock: FakeClock = fakeClock(),
): Promise<Map<string, string>> {
  const open = create(clock);
  const unreachable = createUnreachable && { createBrokenStore: () => ({ store: createUnreachable() }) };
  const failures = new Map<string, string>();
  const advance = (durationMs: number): Promise<void> => clock.advance(durationMs);
  for (const { name, run } of collect({ createStore: () => ({ store: open() }), advance, ...unreachable })) {
    await run().catch((error: Error) => failures.set(name, error.message));
  }
  return failures;
}

describe('memoryIdempotencyStore, its time moved', () => {
  const clock = fakeClock();
  const store = memoryIdempotencyStore({ clock });
  idempotencyStoreConformance({
    describe,
    it,
    createStore: () => ({ store }),
    advance: (durationMs) => clock.advance(durationMs),
  });
});

/** Runs a case that really waits, without waiting. */
async function underFakeTimers(run: () => Promise<void>): Promise<void> {
  vi.useFakeTimers();
  try {
    await Promise.all([run(), vi.advanceTimersByTimeAsync(10_000)]);
  } finally {
    vi.useRealTimers();
  }
}

describe('memoryIdempotencyStore, where time passes by itself', () => {
  const store = memoryIdempotencyStore();
  const itWaits = (name: string, run: () => Promise<void>): void => it(name, () => underFakeTimers(run));
  idempotencyStoreConformance({ describe, it: itWaits, createStore: () => ({ store }) });
});

describe('a store with', () => {
  it.each(Object.entries(BROKEN_STORES))('%s fails where it must', async (_, broken) => {
    const failures = await failuresOf(broken);
    expect([...failures.keys()]).toEqual(broken.failsIn);
    expect([...failures.values()][0]).toContain(broken.says);
  });
});

describe('the suite', () => {
  const caseOf = (name: string, options: Partial<IdempotencyStoreConformanceOptions>): (() => Promise<void>) => {
    const store = memoryIdempotencyStore();
    const found = collect({ createStore: () => ({ store }), ...options }).find((one) => one.name.startsWith(name));
    if (found === undefined) throw new Error(`no case begins with ${name}`);
    return found.run;
  };

  it('has a case for each point of the contract, named once', () => {
    const store = memoryIdempotencyStore();
    const all = collect({ createStore: () => ({ store }), createBrokenStore: () => ({ store }), maxResultBytes: 100 });
    expect(all.length).toBe(42);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  it('closes each instance once, at the end of its case, also when that fails', async () => {
    let closed = 0;
    const store = memoryIdempotencyStore();
    const failing: IdempotencyStore = {
      claim: () => Promise.reject(new Error('down')),
      renew: () => true,
      complete: () => true,
      release: () => true,
    };
    const close = (): void => void closed++;
    await caseOf('has one winner', { createStore: async () => ({ store, close }) })();
    expect(closed).toBe(2);
    await expect(caseOf('has one winner', { createStore: () => ({ store: failing, close }) })()).rejects.toThrow('down');
    expect(closed).toBe(4);
    await caseOf('has the result of a process that died', { createStore: () => ({ store, close }) })();
    expect(closed).toBe(6);
  });

  it('tells a machine that is too slow from a lease that ended early', async () => {
    const sound = memoryIdempotencyStore();
    const slow: IdempotencyStore = {
      claim: async (key, request) => {
        await systemClock.sleep(400);
        return sound.claim(key, request);
      },
      renew: (key, token, leaseMs) => sound.renew(key, token, leaseMs),
      complete: (key, token, result, ttlMs) => sound.complete(key, token, result, ttlMs),
      release: (key, token) => sound.release(key, token),
    };
    const run = caseOf('holds a lease up to its end', { createStore: () => ({ store: slow }) });
    await expect(underFakeTimers(run)).rejects.toThrow(
      'a look within 600 ms came after 1100: hand in advance, or run less beside this',
    );
  });

  it('does not wait for ever for a store that can’t reach its data', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const silent: IdempotencyStore = { claim: never, renew: never, complete: never, release: never };
    const run = caseOf('throws from every method', { createBrokenStore: () => ({ store: silent }) });
    await expect(underFakeTimers(run)).rejects.toThrow('claim without its data: no answer in 2000 ms');
  });

  it('asks a store with a bound to keep what fits and to refuse one byte more', async () => {
    await caseOf('replays byte for byte: 500 bytes', { maxResultBytes: 500 })();
    const run = caseOf('refuses a result over its bound', { maxResultBytes: 500 });
    await expect(run()).rejects.toThrow('complete with 501 bytes: it must throw, but answered true');
  });

  it('leaves the process’s Date as it was', async () => {
    const { Date: platform } = globalThis;
    await failuresOf(BROKEN_STORES['the wall clock of the client'] as BrokenStore);
    expect(globalThis.Date).toBe(platform);
  });

  it.each([
    [{ timeout: 5 }, 'idempotencyStoreConformance has no option "timeout"'],
    [{ createStore: undefined }, 'createStore must be a function, got null'],
    [{ it: 'it' }, 'it must be a function'],
    [{ advance: 100 }, 'advance must be a function'],
    [{ maxResultBytes: 0 }, 'maxResultBytes must be an integer of at least 1, got 0'],
  ])('refuses %j', (wrong, message) => {
    const store = memoryIdempotencyStore();
    const options = { describe: () => {}, it: () => {}, createStore: () => ({ store }), ...wrong };
    expect(() => idempotencyStoreConformance(options as IdempotencyStoreConformanceOptions)).toThrow(message);
  });
});
