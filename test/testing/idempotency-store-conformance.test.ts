import { describe, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import { fakeClock } from '../../src/testing/fake-clock.js';
import { idempotencyStoreConformance } from '../../src/testing/idempotency-store-conformance.js';

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
