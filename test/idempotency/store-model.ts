import fc from 'fast-check';
import { expect } from 'vitest';
import type { Claim, IdempotencyStore } from '../../src/idempotency/store.js';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.js';

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

/** Random histories, step by step beside a plain model: what the store answers must be what the model says. */
export async function agreesWithModel(createStore: (clock: FakeClock) => IdempotencyStore, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
      const clock = fakeClock();
      await follow(steps, createStore(clock), clock);
    }),
    { numRuns },
  );
}

type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

async function follow(steps: readonly Step[], store: IdempotencyStore, clock: FakeClock): Promise<void> {
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
      const claim: Claim = await store.claim(step.key, { fingerprint: step.fingerprint, leaseMs: step.ms });
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
      expect(await store.renew(step.key, token, step.ms)).toBe(holds);
      if (holds) record.endsAtMs = nowMs + step.ms;
    } else if (step.what === 'release') {
      expect(await store.release(step.key, token)).toBe(holds);
      if (holds) model.delete(step.key);
    } else {
      expect(await store.complete(step.key, token, Uint8Array.of(number), step.ms)).toBe(claimed);
      if (holds) Object.assign(record, { result: number, endsAtMs: nowMs + step.ms });
    }
  }
}
