/**
 * Why the pipeline asks its policies in the order it does: the real policies, driven in three orders through three outages, in
 * virtual time. The figures come out the same on every machine. `npm run build && node bench/orders.ts`
 */
import {
  type Attempt,
  bulkhead,
  type CircuitBreaker,
  type ConcurrencyLimiter,
  circuitBreaker,
  consecutiveFailures,
  type Policy,
  type RateLimiter,
  type Refusal,
  rateLimiter,
} from 'ringback';
import { type FakeClock, fakeClock } from 'ringback/testing';

type Step = 'peek the breaker' | 'breaker' | 'line' | 'rate';

const ORDERS: Readonly<Record<string, readonly Step[]>> = {
  'ringback’s order': ['peek the breaker', 'line', 'peek the breaker', 'rate', 'peek the breaker', 'breaker'],
  'rate limiter first': ['peek the breaker', 'rate', 'line', 'peek the breaker', 'breaker'],
  'breaker first': ['breaker', 'line', 'rate'],
};

interface Policies {
  readonly clock: FakeClock;
  readonly breaker: CircuitBreaker;
  readonly line: ConcurrencyLimiter;
  readonly rate: RateLimiter;
}

/** What the other end does: its end is the call's. */
type Call = () => Promise<'delivered' | 'failed'>;

const isRefusal = (gate: number | Promise<void> | Refusal | undefined): gate is Refusal =>
  typeof gate === 'object' && 'policy' in gate;

/** One attempt through the policies in the given order, without retries, deadline and timeout. True when the call began. */
async function attempt(order: readonly Step[], policies: Policies, call: Call, began: () => void): Promise<boolean> {
  const { clock, breaker, line, rate } = policies;
  const nowMs = clock.monotonic();
  const marks = { startedAtMs: -1, breakerMark: 0, limiterMark: 0, rateMark: 0 };
  const one: Attempt = {
    number: 1,
    destination: undefined,
    priority: 0,
    enqueuedAtMs: nowMs,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    ...marks,
  };
  const held: Policy[] = [];
  const end = (): void => {
    for (const policy of held) policy.release(one);
  };
  for (const step of order) {
    if (step === 'peek the breaker') {
      if (breaker.peek?.(clock.monotonic()) === undefined) continue;
      end();
      return false;
    }
    const policy = { breaker, line, rate }[step];
    const gate = policy.acquire(one, clock.monotonic());
    if (isRefusal(gate)) {
      end();
      return false;
    }
    held.push(policy);
    if (typeof gate === 'number') await clock.sleep(gate);
    else await gate;
  }
  one.startedAtMs = clock.monotonic();
  began();
  const kind = await call();
  for (const policy of held) policy.record(one, { kind }, clock.monotonic());
  end();
  return true;
}

/** 5 slots and 20 starts a second. The receiver hangs for three seconds, then takes 10 ms a call; 20 callers come a second. */
async function slowThenFast(order: readonly Step[]): Promise<{ tokens: string; mostInASecond: number }> {
  const clock = fakeClock();
  const rate = rateLimiter({ limit: 20, burst: 1, maxWaitMs: 60_000 });
  const tokensMs: number[] = [];
  const counted: RateLimiter = Object.assign(Object.create(rate) as RateLimiter, {
    acquire: (one: Attempt, nowMs: number) => {
      tokensMs.push(nowMs);
      return rate.acquire(one, nowMs);
    },
  });
  const policies = { clock, breaker: circuitBreaker(), line: bulkhead({ limit: 5 }), rate: counted };
  const startsMs: number[] = [];
  const call: Call = async () => {
    await clock.sleep(Math.max(10, 3_000 - clock.monotonic()));
    return 'delivered';
  };
  for (let caller = 0; caller < 60; caller++) {
    void attempt(order, policies, call, () => startsMs.push(clock.monotonic()));
    await clock.advance(50);
  }
  for (let caller = 0; caller < 60; caller++) {
    void attempt(order, policies, call, () => startsMs.push(clock.monotonic()));
    await clock.advance(50);
  }
  await clock.advance(60_000);
  const inTheSecondFrom = (fromMs: number) => startsMs.filter((startMs) => startMs >= fromMs && startMs < fromMs + 1_000).length;
  const whileItHung = (timesMs: readonly number[]) => timesMs.filter((atMs) => atMs < 3_000).length;
  const tokens = `${whileItHung(tokensMs)} for ${whileItHung(startsMs)}`;
  return { tokens, mostInASecond: Math.max(...startsMs.map(inTheSecondFrom)) };
}

/** 5 slots, 50 callers at once, every call fails after a second, and five failures open the breaker. */
async function startedAfterItOpened(order: readonly Step[]): Promise<number> {
  const clock = fakeClock();
  const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 5 }), openMs: 600_000, maxOpenMs: 600_000 });
  const policies = { clock, breaker, line: bulkhead({ limit: 5 }), rate: rateLimiter({ limit: 1_000 }) };
  let late = 0;
  const call: Call = async () => {
    await clock.sleep(1_000);
    return 'failed';
  };
  for (let caller = 0; caller < 50; caller++) {
    void attempt(order, policies, call, () => {
      if (breaker.state === 'open') late++;
    });
  }
  await clock.advance(60_000);
  return late;
}

/** All 5 slots are taken by calls that hang for 100 s when a probe comes: how long is the breaker half-open with its probe in line? */
async function probeInLineMs(order: readonly Step[]): Promise<number> {
  const clock = fakeClock();
  const breaker = circuitBreaker({
    rule: consecutiveFailures({ threshold: 1 }),
    openMs: 1_000,
    probes: 1,
    probeTimeoutMs: 600_000,
  });
  const policies = { clock, breaker, line: bulkhead({ limit: 5 }), rate: rateLimiter({ limit: 1_000 }) };
  const hang: Call = async () => {
    await clock.sleep(100_000);
    return 'failed';
  };
  const failAtOnce: Call = async () => 'failed';
  await attempt(order, { ...policies, line: bulkhead({ limit: 5 }) }, failAtOnce, () => {});
  for (let slot = 0; slot < 5; slot++) void attempt(['line'], policies, hang, () => {});
  await clock.advance(1_000);
  let halfOpenAtMs = -1;
  let startedAtMs = -1;
  void attempt(
    order,
    policies,
    async () => 'delivered',
    () => {
      startedAtMs = clock.monotonic();
    },
  );
  for (let waited = 0; waited < 110_000 && startedAtMs < 0; waited += 1_000) {
    if (halfOpenAtMs < 0 && breaker.state === 'half-open') halfOpenAtMs = clock.monotonic();
    await clock.advance(1_000);
  }
  return halfOpenAtMs < 0 ? 0 : startedAtMs - halfOpenAtMs;
}

const rows: Record<string, Record<string, string>> = {};
for (const [name, order] of Object.entries(ORDERS)) {
  const { tokens, mostInASecond } = await slowThenFast(order);
  rows[name] = {
    'tokens for calls, receiver hangs': tokens,
    'most starts in a second (limit 20)': String(mostInASecond),
    'of 50, started after it opened': String(await startedAfterItOpened(order)),
    'half-open, its probe in line': `${(await probeInLineMs(order)) / 1_000} s`,
  };
}
console.table(rows);
