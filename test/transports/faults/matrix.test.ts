import { describe, expect, it, onTestFinished } from 'vitest';
import { constant, createRingback, type Ringback, seededRandom } from '../../../src/index.js';
import type { OutcomeKind } from '../../../src/outcome.js';
import { type Fault, type FaultProxy, faultProxy } from '../../../src/testing/index.js';
import { activeResources, newSince } from '../../../src/testing/transport-conformance/active-resources.js';
import { content, LANES, type Lane, type OpenLane } from './lanes.js';

/** Each fault, and what the callback that meets it comes to. */
const FAULTS: readonly (readonly [name: string, fault: Fault, outcomes: readonly OutcomeKind[]])[] = [
  ['pass', 'pass', ['delivered']],
  ['refuse', 'refuse', ['failed', 'delivered']],
  ['reset before any byte', 'reset', ['failed', 'delivered']],
  ['reset in the answer', { fault: 'reset', afterBytes: 30 }, ['failed', 'delivered']],
  ['reset in the request', { fault: 'reset', of: 'request', afterBytes: 12 }, ['failed', 'delivered']],
  ['half-open', 'half-open', ['timed-out', 'delivered']],
  ['delay', { fault: 'delay', delayMs: 20 }, ['delivered']],
  ['trickle', { fault: 'trickle', bytesPerMs: 4 }, ['delivered']],
  ['truncate', 'truncate', ['failed', 'delivered']],
  ['truncate late', { fault: 'truncate', afterBytes: 150 }, ['failed', 'delivered']],
  ['garbage', 'garbage', ['failed', 'delivered']],
  ['close', 'close', ['failed', 'delivered']],
];

/** Long enough for what is delivered on a slow machine; what hangs takes all of it. */
const ATTEMPT_TIMEOUT_MS = 1_000;

interface Rig {
  readonly lane: OpenLane;
  readonly proxy: FaultProxy;
  readonly ringback: Ringback;
  /** Sends one, with retries. The outcomes of its attempts. */
  readonly deliver: (id: string) => Promise<readonly OutcomeKind[]>;
  /** Closes the instance; then nothing of it may be left. */
  readonly closesClean: () => Promise<void>;
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((later) => setTimeout(later, 1));
};

async function rigOf({ open }: Lane, connections = 8): Promise<Rig> {
  const lane = await open();
  const proxy = await faultProxy({ target: { port: lane.port } });
  onTestFinished(async () => {
    await proxy.close();
    await lane.close();
  });
  const before = activeResources();
  const ringback = createRingback({
    transports: [lane.transport(proxy.port, connections)],
    pipeline: {
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      retry: { maxAttempts: 3, backoff: constant({ delayMs: 20 }) },
      circuitBreaker: false,
      budget: false,
    },
    budget: false,
    schedule: constant({ delayMs: 20 }),
    random: seededRandom(1),
  });
  const to = lane.to(proxy.port);
  return {
    lane,
    proxy,
    ringback,
    deliver: async (id) => {
      const { attempts } = await ringback.deliver({ to, id, data: content(id) });
      return attempts.map(({ outcome }) => outcome);
    },
    closesClean: async () => {
      await ringback.close();
      await until(() => proxy.connections === 0 && lane.openConnections() === 0);
      await until(() => newSince(before).length === 0);
    },
  };
}

describe.each(LANES)('$name', (each) => {
  it.each(FAULTS)('%s: the outcome, the next attempt, and nothing left or lost', async (_, fault, outcomes) => {
    const { lane, proxy, ringback, deliver, closesClean } = await rigOf(each);
    await proxy.next(fault);
    // Where a fault is that nothing listens, it ends when the attempt has ended.
    ringback.on('retry', () => void proxy.next());
    expect(await deliver('msg_1')).toEqual(outcomes);
    expect(await deliver('msg_2')).toEqual(['delivered']);
    expect(new Set(lane.received)).toEqual(new Set(['msg_1', 'msg_2']));
    await closesClean();
  });

  it('close on keep-alive reuse: the outcome, the next attempt, and nothing left or lost', async () => {
    const { lane, proxy, deliver, closesClean } = await rigOf(each, 1);
    const [fault, outcomes] = each.reuse;
    await proxy.next(fault);
    expect(await deliver('msg_1')).toEqual(['delivered']);
    expect(proxy.accepted).toBe(1);
    expect(await deliver('msg_2')).toEqual(outcomes);
    expect(proxy.accepted).toBe(2);
    expect(new Set(lane.received)).toEqual(new Set(['msg_1', 'msg_2']));
    await closesClean();
  });

  it('all faults, one after another, under many callbacks: every one of them is delivered', async () => {
    const { lane, proxy, ringback, closesClean } = await rigOf(each);
    const random = seededRandom(7);
    const some = FAULTS.map(([, fault]) => fault).filter((fault) => fault !== 'refuse');
    await proxy.next(...Array.from({ length: 40 }, () => some[Math.floor(random() * some.length)] ?? 'pass'));
    const ids = Array.from({ length: 100 }, (_, index) => `msg_${index}`);
    for (const id of ids) await ringback.enqueue({ to: lane.to(proxy.port), id, data: content(id) });
    await ringback.drain();
    expect([...new Set(lane.received)].sort()).toEqual([...ids].sort());
    expect(await Promise.all(ids.map((id) => ringback.status(id)))).toEqual(ids.map(() => ({ state: 'delivered' })));
    expect(await ringback.deadLetters.list()).toEqual([]);
    await closesClean();
  });
});
