import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { Claim } from '../../src/idempotency/store.js';
import { fakeClock } from '../../src/testing/fake-clock.js';

const KEYS = ['a', 'b', 'c'];

/** What the store must be, said plainly: one record per key, with a token, a time to end, and a result once it is completed. */
interface ModelRecord {
  fingerprint: string;
  token: string;
  endsAtMs: number;
  result: number | undefined;
}

const anyKey = fc.constantFrom(...KEYS);
const anyStep = fc.oneof(
  fc.record({
    what: fc.constant('claim' as const),
    key: anyKey,
    ms: fc.integer({ min: 1, max: 50 }),
    fingerprint: fc.constantFrom('f', 'g'),
  }),
  fc.record({
    what: fc.constantFrom('renew' as const, 'release' as const),
    key: anyKey,
    ms: fc.integer({ min: 1, max: 50 }),
    which: fc.nat(),
  }),
  fc.record({ what: fc.constant('complete' as const), key: anyKey, ms: fc.integer({ min: 1, max: 90 }), which: fc.nat() }),
  fc.record({ what: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 60 }) }),
);

test('over random histories it agrees with a plain model, step by step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
      const clock = fakeClock();
      const store = memoryIdempotencyStore({ clock });
      const model = new Map<string, ModelRecord>();
      const tokens: string[] = ['never-given'];
      for (const [number, step] of steps.entries()) {
        const nowMs = clock.monotonic();
        for (const [key, { endsAtMs }] of model) if (endsAtMs <= nowMs) model.delete(key);
        if (step.what === 'advance') {
          await clock.advance(step.ms);
          continue;
        }
        const record = model.get(step.key);
        if (step.what === 'claim') {
          const claim = store.claim(step.key, { fingerprint: step.fingerprint, leaseMs: step.ms }) as Claim;
          if (record === undefined) {
            if (claim.state !== 'claimed') throw new Error(`a free key was ${claim.state}`);
            expect(tokens).not.toContain(claim.token);
            tokens.push(claim.token);
            model.set(step.key, {
              fingerprint: step.fingerprint,
              token: claim.token,
              endsAtMs: nowMs + step.ms,
              result: undefined,
            });
          } else if (record.result === undefined) {
            expect(claim).toEqual({ state: 'in-flight', fingerprint: record.fingerprint, retryAfterMs: record.endsAtMs - nowMs });
          } else {
            expect(claim).toEqual({ state: 'completed', fingerprint: record.fingerprint, result: Uint8Array.of(record.result) });
          }
          continue;
        }
        // Mostly the newest tokens: old ones are refused nearly always.
        const token = tokens[tokens.length - 1 - (step.which % Math.min(3, tokens.length))] as string;
        const claimed = record !== undefined && record.token === token;
        const holds = claimed && record.result === undefined;
        if (step.what === 'renew') {
          expect(store.renew(step.key, token, step.ms)).toBe(holds);
          if (holds) record.endsAtMs = nowMs + step.ms;
        } else if (step.what === 'release') {
          expect(store.release(step.key, token)).toBe(holds);
          if (holds) model.delete(step.key);
        } else {
          expect(store.complete(step.key, token, Uint8Array.of(number), step.ms)).toBe(claimed);
          if (holds) Object.assign(record, { result: number, endsAtMs: nowMs + step.ms });
        }
      }
    }),
    { numRuns: 500 },
  );
});

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
