import { ConsecutiveBreaker } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import type { OutcomeKind } from '../../src/outcome.js';
import { consecutiveFailures } from '../../src/policies/breaker-rules/consecutive-failures.js';
import { failureRate } from '../../src/policies/breaker-rules/failure-rate.js';
import { slowCallRate } from '../../src/policies/breaker-rules/slow-call-rate.js';
import { type CircuitBreakerOptions, circuitBreaker } from '../../src/policies/circuit-breaker.js';
import type { PolicySnapshot } from '../../src/policies/policy.js';
import { attemptOf } from './attempt.js';
import { CircuitDriver } from './circuit-driver.js';

const twoInARow = { rule: consecutiveFailures({ threshold: 2 }) };

function opened(options: CircuitBreakerOptions = {}): CircuitDriver {
  const circuit = new CircuitDriver({ ...twoInARow, ...options });
  circuit.calls(2, 'failed');
  expect(circuit.breaker.state).toBe('open');
  return circuit;
}

/** Open time over: the next call is a probe. */
function probing(options: CircuitBreakerOptions = {}): CircuitDriver {
  const circuit = opened(options);
  circuit.nowMs = circuit.breaker.opensUntilMs;
  return circuit;
}

function ramping(options: CircuitBreakerOptions = {}): CircuitDriver {
  const circuit = probing(options);
  circuit.calls(2, 'delivered');
  expect(circuit.breaker.state).toBe('ramping');
  return circuit;
}

function closedAgain(options: CircuitBreakerOptions = {}): CircuitDriver {
  const circuit = probing({ rampUp: [], ...options });
  circuit.calls(2, 'delivered');
  expect(circuit.breaker.state).toBe('closed');
  return circuit;
}

describe('closed', () => {
  it('lets everything in, and opens at 50 % of at least 20 calls in 30 s unless told otherwise', () => {
    const circuit = new CircuitDriver();
    circuit.calls(10, 'delivered');
    circuit.calls(9, 'failed');
    expect(circuit.breaker.state).toBe('closed');
    circuit.call('failed');
    expect(circuit.breaker.state).toBe('open');
    expect(circuit.breaker.changeReason).toBe('10 of 20 calls failed in 30 s');
  });

  it('counts overloaded, failed and timed-out as failures', () => {
    for (const kind of ['overloaded', 'failed', 'timed-out'] as const) {
      const circuit = new CircuitDriver(twoInARow);
      circuit.calls(2, kind);
      expect(circuit.breaker.state, kind).toBe('open');
    }
  });

  it('a 4xx says that it is alive: rejected and gone are successes, as delivered is', () => {
    for (const kind of ['delivered', 'rejected', 'gone'] as const) {
      const circuit = new CircuitDriver(twoInARow);
      circuit.call('failed');
      circuit.call(kind);
      circuit.call('failed');
      expect(circuit.breaker.state, kind).toBe('closed');
    }
  });

  it('a 4xx says that it is alive, 429 too: overloaded counts as a failure by a 5xx, or without a status', () => {
    const stateAfter = (status: number | undefined) => {
      const circuit = new CircuitDriver(twoInARow);
      for (let call = 0; call < 2; call++) circuit.end(circuit.start(), 'overloaded', status);
      return circuit.breaker.state;
    };
    expect([400, 429, 499].map(stateAfter)).toEqual(['closed', 'closed', 'closed']);
    expect([399, 500, 503, undefined].map(stateAfter)).toEqual(['open', 'open', 'open', 'open']);
  });

  it('shed and cancelled never count against a destination and are no sample, nor is forbidden', () => {
    for (const kind of ['shed', 'cancelled', 'forbidden'] as const) {
      const circuit = new CircuitDriver(twoInARow);
      circuit.call('failed');
      circuit.calls(5, kind);
      expect(circuit.breaker.state, kind).toBe('closed');
      circuit.call('failed');
      expect(circuit.breaker.state, `${kind} is not a success either`).toBe('open');
    }
  });

  it('a call counts by how long it took, where the rule is about slow calls', () => {
    const circuit = new CircuitDriver({ rule: slowCallRate({ slowMs: 1_000, minimumCalls: 2 }) });
    for (let i = 0; i < 4; i++) circuit.call('delivered', 999);
    expect(circuit.breaker.state).toBe('closed');
  });

  it('an outcome is taken in once, and a call that never began is no sample', () => {
    const circuit = new CircuitDriver(twoInARow);
    const attempt = circuit.start();
    circuit.end(attempt, 'failed');
    circuit.end(attempt, 'failed');
    circuit.breaker.release(circuit.start());
    expect(circuit.breaker.state).toBe('closed');
  });
});

describe('open', () => {
  it('a refusal says when to come back: the time until probes are let in', () => {
    const circuit = opened({ openMs: 5_000 });
    circuit.nowMs += 1_200;
    const refusal = {
      code: 'circuit-open',
      policy: 'circuit-breaker',
      reason: 'open after 2 calls in a row failed',
      retryAfterMs: 3_800,
    };
    expect(circuit.peek()).toEqual(refusal);
    expect(circuit.refusal()).toEqual(refusal);
    expect(circuit.breaker.opensUntilMs).toBe(circuit.nowMs + 3_800);
  });

  it('refusals are fresh objects that share the reason built at the change of state', () => {
    const circuit = opened();
    expect(circuit.refusal()).not.toBe(circuit.refusal());
    expect(circuit.refusal()).not.toHaveProperty('stack');
  });

  it('peek has no side effect: once the open time is over it lets pass, and acquire makes the change', () => {
    const circuit = probing();
    const { epoch } = circuit.breaker;
    expect(circuit.peek()).toBeUndefined();
    expect([circuit.breaker.state, circuit.breaker.epoch]).toEqual(['open', epoch]);
    circuit.start();
    expect([circuit.breaker.state, circuit.breaker.epoch]).toEqual(['half-open', epoch + 1]);
    expect(circuit.breaker.opensUntilMs).toBe(0);
  });

  it('open time backs off: it doubles up to maxOpenMs', () => {
    const circuit = opened({ openMs: 1_000, maxOpenMs: 5_000 });
    const openTimes: number[] = [];
    for (let i = 0; i < 5; i++) {
      openTimes.push(circuit.breaker.opensUntilMs - circuit.nowMs);
      circuit.nowMs = circuit.breaker.opensUntilMs;
      circuit.calls(2, 'failed');
    }
    expect(openTimes).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('open time backs off on when it closed but did not stay closed', () => {
    const circuit = closedAgain({ openMs: 1_000 });
    circuit.nowMs += 999;
    circuit.calls(2, 'failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(2_000);
  });

  it('open time backs off on when it ramped up but did not stay closed', () => {
    const circuit = ramping({ openMs: 10_000, maxOpenMs: 60_000, rampUp: [0.5] });
    circuit.nowMs += 1_000;
    circuit.call('failed');
    circuit.nowMs += 9_999;
    circuit.call('failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(20_000);
  });

  it('open time starts anew once it has closed and stayed closed for as long as it was last open', () => {
    const circuit = closedAgain({ openMs: 1_000 });
    circuit.nowMs += 1_000;
    circuit.calls(2, 'failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(1_000);
  });
});

describe('half-open', () => {
  it('half-open takes n probes: a further call is refused until they have decided', () => {
    const circuit = probing({ probes: 3, openMs: 5_000 });
    for (let i = 0; i < 3; i++) circuit.start();
    circuit.nowMs += 10;
    const refusal = {
      code: 'circuit-open',
      policy: 'circuit-breaker',
      reason: 'half-open, its probes are under way',
      retryAfterMs: 5_000,
    };
    expect(circuit.peek()).toEqual(refusal);
    expect(circuit.refusal()).toEqual(refusal);
  });

  it('what has succeeded already keeps its place among the probes', () => {
    const circuit = probing({ probes: 3, probesToClose: 3 });
    circuit.call('delivered');
    circuit.start();
    circuit.start();
    expect(circuit.refusal().reason).toBe('half-open, its probes are under way');
  });

  it('a refusal in half-open says no later time than the one at which a probe is given up', () => {
    const circuit = probing({ probes: 1, openMs: 5_000, probeTimeoutMs: 2_000 });
    circuit.start();
    circuit.nowMs += 500;
    expect(circuit.peek()?.retryAfterMs).toBe(1_500);
  });

  it('half-open has a threshold: it ramps up as soon as probesToClose of the probes have succeeded', () => {
    const circuit = probing({ probes: 3, probesToClose: 2 });
    const [first, second, third] = [circuit.start(), circuit.start(), circuit.start()];
    circuit.end(first, 'failed');
    circuit.end(second, 'rejected');
    expect(circuit.breaker.state).toBe('half-open');
    circuit.end(third, 'delivered');
    expect(circuit.breaker.state).toBe('ramping');
    expect(circuit.breaker.changeReason).toBe('2 of 3 probes succeeded');
  });

  it('half-open has a threshold: it opens as soon as it can not be reached any more', () => {
    const circuit = probing({ probes: 3, probesToClose: 2 });
    const [first, second] = [circuit.start(), circuit.start()];
    circuit.end(first, 'overloaded');
    expect(circuit.breaker.state).toBe('half-open');
    circuit.end(second, 'timed-out');
    expect(circuit.breaker.state).toBe('open');
    expect(circuit.breaker.changeReason).toBe('2 of 3 probes failed');
    expect(circuit.refusal().reason).toBe('open after 2 of 3 probes failed');
  });

  it('shed, cancelled and forbidden are no sample for a probe, but free the place it held', () => {
    for (const kind of ['shed', 'cancelled', 'forbidden'] as const) {
      const circuit = probing({ probes: 1 });
      circuit.end(circuit.start(), kind);
      expect(circuit.breaker.state, kind).toBe('half-open');
      circuit.call('delivered');
      expect(circuit.breaker.state, kind).toBe('ramping');
    }
  });

  it('a release without a record gives a probe back', () => {
    const circuit = probing({ probes: 1 });
    const probe = circuit.start();
    circuit.refusal();
    circuit.breaker.release(probe);
    circuit.call('delivered');
    expect(circuit.breaker.state).toBe('ramping');
  });

  it('a probe that never ends can not hold it half-open', () => {
    const circuit = probing({ probes: 3, probesToClose: 2, probeTimeoutMs: 30_000 });
    for (let i = 0; i < 3; i++) circuit.start();
    circuit.nowMs += 29_999;
    expect(circuit.peek()?.code).toBe('circuit-open');
    circuit.nowMs += 1;
    expect(circuit.peek(), 'acquire has something to find out').toBeUndefined();
    expect(circuit.breaker.state).toBe('half-open');
    expect(circuit.refusal().reason).toBe('open after 3 of 3 probes failed (3 without an answer in 30 s)');
    expect(circuit.breaker.state).toBe('open');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.calls(2, 'delivered');
    expect(circuit.breaker.state).toBe('ramping');
  });

  it('a probe that was given up counts as failed beside those that answer, and its late outcome for nothing', () => {
    const circuit = probing({ probes: 3, probesToClose: 2, probeTimeoutMs: 1_000 });
    const lost = circuit.start();
    circuit.nowMs += 999;
    const answering = circuit.start();
    circuit.nowMs += 1;
    circuit.end(answering, 'delivered');
    circuit.end(lost, 'delivered');
    expect(circuit.breaker.state, 'one of each').toBe('half-open');
    circuit.call('failed');
    expect(circuit.breaker.changeReason).toBe('2 of 3 probes failed (1 without an answer in 1 s)');
  });

  it('a slow probe has failed where the rule is about slow calls', () => {
    const rule = slowCallRate({ slowMs: 1_000, minimumCalls: 2 });
    const circuit = new CircuitDriver({ rule, probes: 1 });
    circuit.call('delivered', 1_000);
    circuit.call('delivered', 1_000);
    expect(circuit.breaker.state).toBe('open');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered', 1_000);
    expect(circuit.breaker.state).toBe('open');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered', 999);
    expect(circuit.breaker.state).toBe('ramping');
  });
});

describe('ramping', () => {
  it('then ramps up (10 → 25 → 50 → 100 %) instead of opening the sluice', () => {
    const circuit = ramping({ rampStepMs: 1_000 });
    const shares: number[] = [];
    for (let step = 0; step < 4; step++) {
      shares.push(circuit.letIn(1_000));
      circuit.nowMs += 1_000;
    }
    expect(shares).toEqual([100, 250, 500, 1_000]);
    expect(circuit.breaker.state).toBe('closed');
    expect(circuit.breaker.changeReason).toBe('ramped up');
  });

  it('spreads the share evenly, and starts with a refusal: a thousand quiet clients do not all send their first call', () => {
    const circuit = ramping({ rampUp: [0.25] });
    expect(Array.from({ length: 8 }, () => circuit.letIn(1))).toEqual([0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('a refusal while ramping says the share, and to come back at the next step', () => {
    const circuit = ramping({ openMs: 5_300, rampStepMs: 1_000 });
    circuit.nowMs += 300;
    expect(circuit.refusal()).toEqual({
      code: 'circuit-open',
      policy: 'circuit-breaker',
      reason: 'ramping up, 10 % of calls are let in',
      retryAfterMs: 700,
    });
  });

  it('a refusal while ramping says a share of any size', () => {
    expect(ramping({ rampUp: [0.125] }).refusal().reason).toBe('ramping up, 12.5 % of calls are let in');
  });

  it('peek takes nothing from the share', () => {
    const circuit = ramping({ rampUp: [0.5] });
    for (let i = 0; i < 10; i++) expect(circuit.peek()).toBeUndefined();
    expect(circuit.letIn(2)).toBe(1);
  });

  it('a release without a record gives the share back', () => {
    const circuit = ramping({ rampUp: [0.5] });
    circuit.refusal();
    circuit.breaker.release(circuit.start());
    expect(circuit.letIn(2), 'half of the four calls so far').toBe(2);
    expect(circuit.letIn(1), 'what was recorded is not given back').toBe(0);
  });

  it('opens again, for longer, when the rule trips', () => {
    const circuit = ramping({ openMs: 1_000, rampUp: [0.5] });
    circuit.letIn(20);
    for (let i = 0; i < 2; i++) {
      circuit.refusal();
      circuit.call('failed');
    }
    expect(circuit.breaker.state).toBe('open');
    expect(circuit.breaker.changeReason).toBe('2 calls in a row failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(2_000);
  });

  it('opens again when more than half of its calls fail, though the rule would want more of them', () => {
    const circuit = new CircuitDriver({ rule: failureRate({ minimumCalls: 20 }), rampUp: [0.5] });
    circuit.calls(20, 'failed');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.calls(2, 'delivered');
    for (const kind of ['failed', 'failed', 'delivered'] as const) {
      circuit.refusal();
      circuit.call(kind);
    }
    expect(circuit.breaker.state).toBe('open');
    expect(circuit.breaker.changeReason).toBe('2 of 3 calls failed while ramping up');
  });

  it('opens again when more than half of its calls are slow, where the rule is about slow calls', () => {
    const circuit = new CircuitDriver({ rule: slowCallRate({ slowMs: 100, minimumCalls: 5 }), probes: 1, rampUp: [0.5] });
    for (let i = 0; i < 5; i++) circuit.call('delivered', 100);
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered', 99);
    circuit.refusal();
    circuit.call('delivered', 100);
    expect(circuit.breaker.changeReason).toBe('1 of 1 calls failed while ramping up');
  });

  it('bears as many failures as successes while the rule does', () => {
    const circuit = new CircuitDriver({ rule: failureRate({ minimumCalls: 20 }), rampUp: [0.5] });
    circuit.calls(20, 'failed');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.calls(2, 'delivered');
    for (const kind of ['delivered', 'failed', 'delivered', 'failed'] as const) {
      circuit.refusal();
      circuit.call(kind);
    }
    expect(circuit.breaker.state).toBe('ramping');
  });

  it('keeps the rule’s window of the ramp when it has closed', () => {
    const circuit = ramping({ rampUp: [0.5], rampStepMs: 1_000 });
    circuit.refusal();
    circuit.call('failed');
    circuit.nowMs += 1_000;
    circuit.call('failed');
    expect(circuit.breaker.state).toBe('open');
  });

  it('closes at once with no ramp', () => {
    expect(closedAgain({ rampUp: [] }).breaker.changeReason).toBe('2 of 3 probes succeeded');
  });

  it('is over however long the silence', () => {
    const circuit = ramping();
    circuit.nowMs += 1e9;
    circuit.call('delivered');
    expect(circuit.breaker.state).toBe('closed');
  });
});

describe('epoch', () => {
  it('an outcome from before the last change of state counts for nothing: it does not re-open', () => {
    const circuit = new CircuitDriver({ ...twoInARow, rampUp: [] });
    const stale = Array.from({ length: 5 }, () => circuit.start());
    circuit.calls(2, 'failed');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered');
    for (const attempt of stale.slice(0, 3)) circuit.end(attempt, 'failed');
    expect(circuit.breaker.state).toBe('half-open');
    circuit.call('delivered');
    expect(circuit.breaker.state).toBe('closed');
    for (const attempt of stale.slice(3)) circuit.end(attempt, 'failed');
    expect(circuit.breaker.state).toBe('closed');
  });

  it('an outcome from before the last change of state counts for nothing: it does not close', () => {
    const circuit = new CircuitDriver(twoInARow);
    const stale = Array.from({ length: 3 }, () => circuit.start());
    circuit.calls(2, 'failed');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.start();
    for (const attempt of stale) circuit.end(attempt, 'delivered');
    expect(circuit.breaker.state).toBe('half-open');
  });

  it('a probe of an earlier half-open neither decides nor frees a place in a later one', () => {
    const circuit = probing({ probes: 2, probesToClose: 2 });
    const early = circuit.start();
    circuit.call('failed');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.start();
    circuit.start();
    circuit.end(early, 'failed');
    expect(circuit.breaker.state).toBe('half-open');
    circuit.refusal();
  });

  it('counts changes of state, and says why each was made', () => {
    const circuit = new CircuitDriver({ ...twoInARow, rampUp: [0.5] });
    const seen: [string, string][] = [];
    let { epoch } = circuit.breaker;
    const look = (): void => {
      if (circuit.breaker.epoch === epoch) return;
      expect(circuit.breaker.epoch).toBe(epoch + 1);
      epoch = circuit.breaker.epoch;
      seen.push([circuit.breaker.state, circuit.breaker.changeReason]);
    };
    circuit.calls(2, 'failed');
    look();
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered');
    look();
    circuit.call('delivered');
    look();
    circuit.nowMs += 1_000;
    circuit.call('delivered');
    look();
    circuit.breaker.isolate();
    look();
    circuit.breaker.close();
    look();
    expect(seen).toEqual([
      ['open', '2 calls in a row failed'],
      ['half-open', 'its open time is over'],
      ['ramping', '2 of 3 probes succeeded'],
      ['closed', 'ramped up'],
      ['isolated', 'isolated by hand'],
      ['closed', 'closed by hand'],
    ]);
  });
});

describe('isolate()', () => {
  it('refuses everything until close(), however long', () => {
    const circuit = new CircuitDriver();
    circuit.breaker.isolate();
    const { epoch } = circuit.breaker;
    circuit.breaker.isolate();
    expect(circuit.breaker.epoch, 'a second isolate() changes nothing').toBe(epoch);
    circuit.nowMs += 1e12;
    const refusal = { code: 'circuit-isolated', policy: 'circuit-breaker', reason: 'isolated by hand', retryAfterMs: undefined };
    expect(circuit.peek()).toEqual(refusal);
    expect(circuit.refusal()).toEqual(refusal);
    expect(circuit.breaker.opensUntilMs).toBe(Number.POSITIVE_INFINITY);
    circuit.breaker.close();
    circuit.call('delivered');
    expect(circuit.breaker.opensUntilMs).toBe(0);
  });

  it('holds against what was under way', () => {
    const circuit = probing();
    const probes = [circuit.start(), circuit.start()];
    circuit.breaker.isolate();
    for (const probe of probes) circuit.end(probe, 'delivered');
    expect(circuit.breaker.state).toBe('isolated');
  });
});

describe('close()', () => {
  it('forgets what it has seen, and how often it opened', () => {
    const circuit = closedAgain({ openMs: 1_000 });
    circuit.calls(2, 'failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(2_000);
    circuit.breaker.close();
    circuit.call('failed');
    circuit.breaker.close();
    circuit.call('failed');
    expect(circuit.breaker.state).toBe('closed');
    circuit.call('failed');
    expect(circuit.breaker.opensUntilMs - circuit.nowMs).toBe(1_000);
  });
});

describe('old windows expire however long the silence', () => {
  it('failures from before a silence do not help to open it', () => {
    for (const silenceMs of [30_000, 3_600_000, 1e12]) {
      const circuit = new CircuitDriver({ rule: failureRate({ minimumCalls: 4, windowMs: 30_000 }) });
      circuit.calls(3, 'failed');
      circuit.nowMs += silenceMs;
      circuit.call('failed');
      expect(circuit.breaker.state, `after ${silenceMs} ms`).toBe('closed');
    }
  });
});

describe('any cockatiel IBreaker', () => {
  it('is taken as the rule, and starts anew once the circuit has closed', () => {
    const circuit = new CircuitDriver({ rule: new ConsecutiveBreaker(2), rampUp: [] });
    circuit.calls(2, 'failed');
    expect(circuit.breaker.state).toBe('open');
    expect(circuit.breaker.changeReason).toBe('its cockatiel breaker tripped');
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.calls(2, 'delivered');
    circuit.call('failed');
    expect(circuit.breaker.state).toBe('closed');
    circuit.call('failed');
    expect(circuit.breaker.state).toBe('open');
  });
});

describe('snapshot and restore', () => {
  const wallMs = Date.UTC(2026, 0, 1);

  /** Another process: another monotonic start, the wall clock `laterMs` on. */
  function restarted(circuit: CircuitDriver, laterMs: number, options: CircuitBreakerOptions = twoInARow): CircuitDriver {
    const kept = JSON.parse(JSON.stringify(circuit.breaker.snapshot(circuit.nowMs, wallMs))) as PolicySnapshot;
    const next = new CircuitDriver(options);
    next.nowMs = 77;
    next.breaker.restore(kept, next.nowMs, wallMs + laterMs);
    return next;
  }

  it('an open circuit stays open for the rest of its time, and says why', () => {
    const next = restarted(opened({ openMs: 5_000 }), 2_000);
    expect(next.refusal()).toMatchObject({ reason: 'open after 2 calls in a row failed', retryAfterMs: 3_000 });
    next.nowMs += 3_000;
    next.start();
    expect(next.breaker.state).toBe('half-open');
  });

  it('holds the times of the state that it is in, and no others', () => {
    const shown = ({ breaker, nowMs }: CircuitDriver) => breaker.snapshot(nowMs, wallMs);
    expect(shown(opened({ openMs: 5_000 }))).toMatchObject({ state: 'open', openUntilMs: wallMs + 5_000, sinceMs: null });
    expect(shown(closedAgain())).toMatchObject({ state: 'closed', openUntilMs: null, sinceMs: wallMs });
    expect(shown(ramping())).toMatchObject({ state: 'ramping', openUntilMs: null, sinceMs: wallMs });
  });

  it('goes on backing off', () => {
    const next = restarted(opened({ openMs: 5_000 }), 5_000);
    next.calls(2, 'failed');
    expect(next.breaker.opensUntilMs - next.nowMs).toBe(10_000);
  });

  it('what was half-open sends fresh probes at once: the old ones are gone with their process', () => {
    const circuit = probing();
    for (let i = 0; i < 3; i++) circuit.start();
    const next = restarted(circuit, 1_000);
    expect(next.peek()).toBeUndefined();
    next.calls(2, 'delivered');
    expect(next.breaker.state).toBe('ramping');
  });

  it('a ramp goes on where the time has brought it', () => {
    const next = restarted(ramping({ rampStepMs: 1_000 }), 2_000);
    expect(next.breaker.state).toBe('ramping');
    expect(next.letIn(100)).toBe(50);
    expect(restarted(ramping(), 60_000).letIn(100)).toBe(100);
  });

  it('isolation outlives the process', () => {
    const circuit = new CircuitDriver();
    circuit.breaker.isolate();
    const next = restarted(circuit, 1e9, {});
    expect(next.refusal().code).toBe('circuit-isolated');
  });

  it('a closed circuit keeps its rule’s window', () => {
    const circuit = new CircuitDriver(twoInARow);
    circuit.call('failed');
    const next = restarted(circuit, 1_000);
    expect(next.breaker.epoch).toBe(0);
    next.call('failed');
    expect(next.breaker.state).toBe('open');
  });

  it('a closed circuit closes one that is open here, and says why it was', () => {
    const kept = closedAgain().breaker.snapshot(0, wallMs);
    const circuit = opened();
    circuit.breaker.restore(kept, circuit.nowMs, wallMs);
    expect([circuit.breaker.state, circuit.breaker.changeReason]).toEqual(['closed', '2 of 3 probes succeeded']);
    expect(circuit.breaker.opensUntilMs).toBe(0);
    circuit.call('delivered');
  });

  it('a closed circuit remembers since when, so that the open time starts anew in its time', () => {
    const circuit = closedAgain({ openMs: 1_000 });
    const soon = restarted(circuit, 999, { ...twoInARow, openMs: 1_000 });
    soon.calls(2, 'failed');
    expect(soon.breaker.opensUntilMs - soon.nowMs).toBe(2_000);
    const late = restarted(circuit, 1_000, { ...twoInARow, openMs: 1_000 });
    late.calls(2, 'failed');
    expect(late.breaker.opensUntilMs - late.nowMs).toBe(1_000);
  });

  it('a window of another rule is not taken up', () => {
    const circuit = new CircuitDriver({ rule: failureRate({ minimumCalls: 2 }) });
    circuit.call('failed');
    const next = restarted(circuit, 0, { rule: slowCallRate({ slowMs: 100, minimumCalls: 2 }) });
    next.call('delivered', 100);
    expect(next.breaker.state).toBe('closed');
  });

  it('a reason of any length is cut', () => {
    const next = new CircuitDriver(twoInARow);
    const long = { state: 'open', reason: 'x'.repeat(1e6), opens: 1, openUntilMs: wallMs + 1_000, sinceMs: null, rule: {} };
    next.breaker.restore(long, next.nowMs, wallMs);
    expect(next.breaker.changeReason).toBe('x'.repeat(200));
  });

  it('a snapshot from the future keeps it open no longer than maxOpenMs', () => {
    const next = new CircuitDriver({ ...twoInARow, maxOpenMs: 60_000 });
    const future = { state: 'open', reason: 'x', opens: 3, openUntilMs: wallMs + 1e12, sinceMs: wallMs + 1e12, rule: {} };
    next.breaker.restore(future, next.nowMs, wallMs);
    expect(next.refusal().retryAfterMs).toBe(60_000);
  });

  it('a ramp from the future starts now', () => {
    const next = new CircuitDriver(twoInARow);
    const future = { state: 'ramping', reason: 'x', opens: 1, openUntilMs: null, sinceMs: wallMs + 1e12, rule: {} };
    next.breaker.restore(future, next.nowMs, wallMs);
    expect(next.letIn(100)).toBe(10);
  });

  it('garbage is ignored', () => {
    const open = { state: 'open', reason: 'x', opens: 1, openUntilMs: wallMs + 1_000, sinceMs: null, rule: {} };
    const garbage: unknown[] = [
      undefined,
      null,
      7,
      'open',
      [],
      {},
      { ...open, state: 'ajar' },
      { ...open, reason: 3 },
      { ...open, opens: Number.NaN },
      { ...open, opens: -1 },
    ];
    for (const snapshot of garbage) {
      const circuit = new CircuitDriver(twoInARow);
      circuit.breaker.restore(snapshot as PolicySnapshot, circuit.nowMs, wallMs);
      expect(circuit.breaker.state).toBe('closed');
      circuit.call('delivered');
    }
  });

  it('a time that is no number lets probes in at once', () => {
    for (const openUntilMs of [Number.NaN, Number.POSITIVE_INFINITY, 'soon', null]) {
      const circuit = new CircuitDriver(twoInARow);
      const snapshot = { state: 'open', reason: 'x', opens: 1, openUntilMs, sinceMs: null, rule: null };
      circuit.breaker.restore(snapshot, circuit.nowMs, wallMs);
      expect(circuit.breaker.opensUntilMs).toBe(circuit.nowMs);
      circuit.call('delivered');
      expect(circuit.breaker.state).toBe('half-open');
    }
  });
});

describe('options', () => {
  const refused: [unknown, string][] = [
    [null, 'circuitBreaker must be an object of options, got null'],
    [{ treshold: 1 }, 'circuitBreaker has no option "treshold"; it has rule, openMs'],
    [{ rule: {} }, 'circuitBreaker.rule must be a rule such as failureRate({...}), or a cockatiel IBreaker, got [object Object]'],
    [{ rule: 'failureRate' }, 'circuitBreaker.rule must be a rule such as failureRate({...})'],
    [{ rule: null }, 'circuitBreaker.rule must be a rule'],
    [{ rule: { create: () => undefined } }, 'circuitBreaker.rule must be a rule'],
    [{ rule: { success: () => {} } }, 'circuitBreaker.rule must be a rule'],
    [{ maxOpenMs: -1 }, 'circuitBreaker.maxOpenMs must be a finite number of at least 0, got -1 (number)'],
    [{ rampUp: ['0.5'] }, 'circuitBreaker.rampUp[0] must be a share above 0, below 1, got "0.5" (string)'],
    [{ openMs: 0 }, 'circuitBreaker.openMs must be a finite number above 0, got 0 (number)'],
    [{ openMs: Number.NaN }, 'circuitBreaker.openMs must be a finite number above 0, got NaN (number)'],
    [{ openMs: 2_000, maxOpenMs: 1_000 }, 'circuitBreaker.maxOpenMs must be at least openMs (2000), got 1000 (number)'],
    [{ probes: 0 }, 'circuitBreaker.probes must be an integer from 1 to 100, got 0 (number)'],
    [{ probes: 2.5 }, 'circuitBreaker.probes must be an integer from 1 to 100, got 2.5 (number)'],
    [{ probesToClose: 4 }, 'circuitBreaker.probesToClose must be at most probes (3), or it never closes, got 4 (number)'],
    [{ probesToClose: 0 }, 'circuitBreaker.probesToClose must be an integer of at least 1, got 0 (number)'],
    [{ probeTimeoutMs: -1 }, 'circuitBreaker.probeTimeoutMs must be a finite number above 0, got -1 (number)'],
    [{ rampUp: 0.1 }, 'circuitBreaker.rampUp must be an array of at most 20 shares, got 0.1 (number)'],
    [{ rampUp: new Array(21).fill(0.5) }, 'circuitBreaker.rampUp must be an array of at most 20 shares, got an array of 21'],
    [{ rampUp: [0] }, 'circuitBreaker.rampUp[0] must be a share above 0, below 1, got 0 (number)'],
    [{ rampUp: [0.5, 0.5] }, 'circuitBreaker.rampUp[1] must be a share above the one before (0.5), below 1, got 0.5 (number)'],
    [{ rampUp: [0.5, 1] }, 'circuitBreaker.rampUp[1] must be a share above the one before (0.5), below 1, got 1 (number)'],
    [{ rampUp: ['half'] }, 'circuitBreaker.rampUp[0] must be a share above 0, below 1, got "half" (string)'],
    [{ rampStepMs: '1s' }, 'circuitBreaker.rampStepMs must be a finite number above 0, got "1s" (string)'],
  ];

  it.each(refused)('%j is refused with the rule, the value and its type', (options, message) => {
    const error = thrownBy(() => circuitBreaker(options as CircuitBreakerOptions));
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect((error as Error).message).toContain(message);
  });

  it('a ramp may have twenty steps', () => {
    const rampUp = Array.from({ length: 20 }, (_, step) => (step + 1) / 21);
    expect(ramping({ rampUp }).breaker.state).toBe('ramping');
  });

  it('maxOpenMs follows a longer openMs, and probesToClose a single probe', () => {
    const circuit = opened({ openMs: 600_000, probes: 1, rampUp: [] });
    expect(circuit.refusal().retryAfterMs).toBe(600_000);
    circuit.nowMs = circuit.breaker.opensUntilMs;
    circuit.call('delivered');
    expect(circuit.breaker.state).toBe('closed');
  });

  it('a spec makes a fresh rule for each breaker', () => {
    const [one, other] = [new CircuitDriver(twoInARow), new CircuitDriver(twoInARow)];
    one.call('failed');
    other.call('failed');
    expect([one.breaker.state, other.breaker.state]).toEqual(['closed', 'closed']);
  });
});

describe('an attempt', () => {
  it('that this breaker never let in tells it nothing after a change of state', () => {
    const circuit = opened();
    const kinds: OutcomeKind[] = ['failed', 'delivered', 'shed'];
    for (const kind of kinds) circuit.end(attemptOf(), kind);
    expect(circuit.breaker.state).toBe('open');
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
