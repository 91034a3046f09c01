import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OutcomeKind } from '../../src/outcome.js';
import { aimd } from '../../src/policies/concurrency-limit.js';
import { aimdLimiter } from '../../src/policies/concurrency-limiter.js';
import type { Attempt } from '../../src/policies/policy.js';
import { attemptOf } from './attempt.js';

const SETTINGS = { initialLimit: 3, minLimit: 1, maxLimit: 6, decrease: 0.5, latencyThresholdMs: 50 };
const MAX_WAITING = 4;
const AGE_MS = 20;
const RECLAIM_MS = 60;

interface Entry {
  readonly attempt: Attempt;
  place: 'line' | 'slot' | 'none';
  inFlightAtStart: number;
  recordedAtMs: number | undefined;
}

/** The same limiter, written as plainly as can be: a list that is sorted anew each time. The arithmetic has tests of its own. */
class Model {
  readonly entries: Entry[] = [];
  readonly rule = aimd('model', SETTINGS);
  reclaimed = 0;

  in(place: Entry['place']): Entry[] {
    return this.entries.filter((entry) => entry.place === place);
  }

  letIn(): void {
    const rank = ({ attempt }: Entry): number => attempt.enqueuedAtMs - attempt.priority * AGE_MS;
    for (const entry of this.in('line').sort((a, b) => rank(a) - rank(b))) {
      if (this.free()) this.seat(entry);
    }
  }

  /** A slot is free, or all are held by work that was given up. */
  free(): boolean {
    const taken = this.in('slot').length;
    return taken < this.rule.slots || taken === this.unended().length;
  }

  seat(entry: Entry): void {
    entry.place = 'slot';
    entry.inFlightAtStart = this.in('slot').length;
  }

  /** Recorded as timed-out or cancelled, not ended, oldest first. */
  unended(): Entry[] {
    const waits = this.in('slot').filter((entry) => entry.recordedAtMs !== undefined);
    return waits.sort((a, b) => (a.recordedAtMs as number) - (b.recordedAtMs as number));
  }

  reclaim(nowMs: number): void {
    for (const entry of this.unended()) {
      if ((entry.recordedAtMs as number) + RECLAIM_MS > nowMs) continue;
      entry.place = 'none';
      this.reclaimed++;
    }
    this.letIn();
  }
}

type Step =
  | { readonly do: 'acquire'; readonly priority: number }
  | { readonly do: 'record'; readonly which: number; readonly kind: OutcomeKind }
  | { readonly do: 'release' | 'restore'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'reclaim' };

const which = fc.nat(40);
const kind = fc.constantFrom<OutcomeKind>(
  'delivered',
  'delivered',
  'overloaded',
  'failed',
  'timed-out',
  'timed-out',
  'cancelled',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('acquire' as const), priority: fc.integer({ min: -2, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('record' as const), which, kind }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reclaim' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), which }) },
);

function apply(model: Model, limiter: ReturnType<typeof aimdLimiter>, action: Step, nowMs: number, admitted: Set<Attempt>): void {
  switch (action.do) {
    case 'acquire': {
      const attempt = attemptOf({ priority: action.priority, enqueuedAtMs: nowMs });
      const refused = limiter.peek?.(nowMs) !== undefined;
      const gate = limiter.acquire(attempt, nowMs);
      const entry: Entry = { attempt, place: 'none', inFlightAtStart: 0, recordedAtMs: undefined };
      model.entries.push(entry);
      if (model.in('slot').length >= model.rule.slots) model.reclaim(nowMs);
      if (model.free()) {
        expect(gate).toBeUndefined();
        model.seat(entry);
        admitted.add(attempt);
      } else if (model.in('line').length < MAX_WAITING) {
        expect(gate).toBeInstanceOf(Promise);
        void (gate as Promise<void>).then(() => admitted.add(attempt));
        entry.place = 'line';
      } else expect(gate).toMatchObject({ code: 'concurrency-full' });
      // What peek says is what acquire does.
      expect(refused).toBe(entry.place === 'none');
      return;
    }
    case 'record': {
      const running = model.in('slot').filter((entry) => entry.recordedAtMs === undefined);
      const entry = running[action.which % running.length];
      if (entry === undefined) return;
      entry.attempt.startedAtMs = Math.max(0, nowMs - action.which);
      limiter.record(entry.attempt, { kind: action.kind }, nowMs);
      model.rule.sample(action.kind, entry.attempt.startedAtMs, nowMs, entry.inFlightAtStart);
      const goesOn = action.kind === 'timed-out' || action.kind === 'cancelled';
      if (goesOn) entry.recordedAtMs = nowMs;
      model.letIn();
      if (!goesOn) release(entry);
      return;
    }
    case 'release': {
      // Also of those that left, ended or lost their slot before: that must change nothing.
      const entry = model.entries[action.which % model.entries.length];
      if (entry !== undefined) release(entry);
      return;
    }
    case 'wait':
      return;
    case 'reclaim':
      limiter.reclaim(nowMs);
      model.reclaim(nowMs);
      return;
    case 'restore': {
      const snapshot = { limit: 1 + (action.which % 8) };
      limiter.restore(snapshot, nowMs, 0);
      model.rule.restore(snapshot);
      model.letIn();
    }
  }

  function release(entry: Entry): void {
    limiter.release(entry.attempt);
    entry.place = 'none';
    model.letIn();
  }
}

it('does what a plain list does: no slot lost, none given twice, nobody out of order, counts never negative', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const limiter = aimdLimiter({ ...SETTINGS, maxWaiting: MAX_WAITING, priorityAgeMs: AGE_MS, reclaimAfterMs: RECLAIM_MS });
      const model = new Model();
      const admitted = new Set<Attempt>();
      let nowMs = 0;
      for (const action of steps) {
        if (action.do === 'wait') nowMs += action.ms;
        const before = limiter.inFlight;
        apply(model, limiter, action, nowMs, admitted);
        await Promise.resolve();
        expect(limiter.inFlight).toBe(model.in('slot').length);
        expect(limiter.waiting).toBe(model.in('line').length);
        expect(limiter.reclaimed).toBe(model.reclaimed);
        expect(limiter.limit).toBe(model.rule.slots);
        expect(limiter.free).toBe(model.free());
        expect(limiter.reclaimDueAtMs).toBe((model.unended()[0]?.recordedAtMs ?? Number.POSITIVE_INFINITY) + RECLAIM_MS);
        expect(limiter.inFlight).toBeGreaterThanOrEqual(0);
        // One at a time may go beside what was given up.
        expect(limiter.inFlight).toBeLessThanOrEqual(Math.max(before + 1, limiter.limit));
        expect(limiter.inFlight - model.unended().length).toBeLessThanOrEqual(Math.max(before, limiter.limit, 1));
        expect(limiter.waiting === 0 || !limiter.free).toBe(true);
        for (const entry of model.in('slot')) expect(admitted.has(entry.attempt)).toBe(true);
        for (const entry of model.in('line')) expect(admitted.has(entry.attempt)).toBe(false);
      }
      for (const { attempt } of model.entries) limiter.release(attempt);
      expect([limiter.inFlight, limiter.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 500 },
  );
});
