/**
 * Why the adaptive limit rises by one slot a round trip and not by one a sample: the real limiter and Netflix's step, against a
 * receiver that carries 100 calls at once, in virtual time. `npm run build && node bench/aimd.ts`
 */
import { type Attempt, aimdLimiter, type OutcomeKind } from 'ringback';
import { type FakeClock, fakeClock } from 'ringback/testing';

const CAPACITY = 100;
const CALLERS = 300;
const CALL_MS = 100;
const SETTLED_FROM_MS = 30_000;
const UNTIL_MS = 60_000;

/** What both limiters are to this measurement. */
interface Limiter {
  readonly limit: number;
  enter(attempt: Attempt, nowMs: number): undefined | Promise<void>;
  leave(attempt: Attempt, kind: OutcomeKind, nowMs: number): void;
}

function ours(): Limiter {
  const limiter = aimdLimiter();
  return {
    get limit() {
      return limiter.limit;
    },
    enter: (attempt, nowMs) => limiter.acquire(attempt, nowMs) as undefined | Promise<void>,
    leave: (attempt, kind, nowMs) => {
      limiter.record(attempt, { kind }, nowMs);
      limiter.release(attempt);
    },
  };
}

/** Plus one a sample while it is in use; times 0.9, rounded down, at a drop, once a round trip. First come, first served. */
function oneASample(): Limiter {
  const line: (() => void)[] = [];
  const inFlightAtStart = new WeakMap<Attempt, number>();
  let limit = 20;
  let inFlight = 0;
  let lastDropMs = Number.NEGATIVE_INFINITY;
  const take = (attempt: Attempt): void => void inFlightAtStart.set(attempt, ++inFlight);
  return {
    get limit() {
      return limit;
    },
    enter: (attempt) => {
      if (inFlight < limit) return void take(attempt);
      return new Promise((resolve) => {
        line.push(() => {
          take(attempt);
          resolve();
        });
      });
    },
    leave: (attempt, kind, nowMs) => {
      const wasInUse = 2 * (inFlightAtStart.get(attempt) as number) >= limit;
      if (kind === 'delivered' && wasInUse && attempt.startedAtMs > lastDropMs) limit = Math.min(200, limit + 1);
      else if (kind === 'overloaded' && attempt.startedAtMs > lastDropMs) {
        limit = Math.max(1, Math.floor(0.9 * limit));
        lastDropMs = nowMs;
      }
      inFlight--;
      while (inFlight < limit && line.length > 0) line.shift()?.();
    },
  };
}

async function measure(limiter: Limiter): Promise<Record<string, string>> {
  const clock = fakeClock();
  const limits: number[] = [];
  const kinds: OutcomeKind[] = [];
  let carried = 0;
  const caller = async (): Promise<void> => {
    while (clock.monotonic() < UNTIL_MS) {
      const attempt = anAttempt(clock);
      await limiter.enter(attempt, clock.monotonic());
      attempt.startedAtMs = clock.monotonic();
      const isCarried = carried < CAPACITY;
      if (isCarried) carried++;
      await clock.sleep(CALL_MS);
      if (isCarried) carried--;
      const kind = isCarried ? 'delivered' : 'overloaded';
      limiter.leave(attempt, kind, clock.monotonic());
      if (clock.monotonic() < SETTLED_FROM_MS) continue;
      limits.push(limiter.limit);
      kinds.push(kind);
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  await clock.advance(UNTIL_MS + 10_000);
  await Promise.all(callers);
  const turnedAway = kinds.filter((kind) => kind === 'overloaded').length / kinds.length;
  const [least, most] = [limits.reduce((a, b) => Math.min(a, b)), limits.reduce((a, b) => Math.max(a, b))];
  return { 'limit, of a capacity of 100': `${least} to ${most}`, 'turned away': `${(100 * turnedAway).toFixed(1)} %` };
}

function anAttempt(clock: FakeClock): Attempt {
  const marks = { startedAtMs: -1, breakerMark: 0, limiterMark: 0, rateMark: 0 };
  const enqueuedAtMs = clock.monotonic();
  return { number: 1, destination: undefined, priority: 0, enqueuedAtMs, deadlineAtMs: Number.POSITIVE_INFINITY, ...marks };
}

console.table({
  'ringback, + 1 / limit a sample': await measure(ours()),
  'Netflix’s step, + 1 a sample': await measure(oneASample()),
});
