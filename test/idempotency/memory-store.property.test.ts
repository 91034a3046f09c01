import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { Claim } from '../../src/idempotency/store.js';
import { fakeClock } from '../../src/testing/fake-clock.js';
import { agreesWithModel } from './store-model.js';

test('over random histories it agrees with a plain model, step by step', () =>
  agreesWithModel((clock) => memoryIdempotencyStore({ clock }), 500));

test('whatever is claimed and completed, no more keys are kept than maxKeys, and none in flight is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.integer({ min: 0, max: 20 }), completes: fc.boolean() }), { maxLength: 80 }),
      (steps) => {
        const store = memoryIdempotencyStore({ maxKeys: 5, clock: fakeClock() });
        const request = { fingerprint: 'f', leaseMs: 1_000 };
        const inFlight = new Set<string>();
        for (const step of steps) {
          const key = `k${step.key}`;
          if (inFlight.size === 5 && !inFlight.has(key)) {
            expect(() => store.claim(key, request)).toThrow(expect.objectContaining({ code: 'idempotency-store-failed' }));
            continue;
          }
          const claim = store.claim(key, request) as Claim;
          expect(claim.state === 'in-flight').toBe(inFlight.has(key));
          if (claim.state !== 'claimed') continue;
          if (step.completes) store.complete(key, claim.token, new Uint8Array(0), 1_000);
          else inFlight.add(key);
        }
      },
    ),
  );
});
