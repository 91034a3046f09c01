import { describe, expect, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
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

describe('memoryIdempotencyStore, in real time', () => {
  const store = memoryIdempotencyStore();
  idempotencyStoreConformance({ describe, it, createStore: () => ({ store }) });
});

describe('a store with', () => {
  it.each(Object.entries(BROKEN_STORES))('%s fails where it must', async (_, broken) => {
    const failures = await failuresOf(broken);
    expect([...failures.keys()]).toEqual(broken.failsIn);
    expect([...failures.values()][0]).toContain(broken.says);
  });
});
