import { describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../../src/index.js';
import type { OutcomeKind } from '../../../src/outcome.js';
import { type Fault, type FaultProxy, faultProxy } from '../../../src/testing/index.js';
import { content, LANES, type Lane, type OpenLane } from './lanes.js';
import { type Rig, rigOn } from './rig.js';

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

interface ProxiedRig extends Rig {
  readonly lane: OpenLane;
  readonly proxy: FaultProxy;
}

async function rigBehindProxy({ open }: Lane, connections = 8): Promise<ProxiedRig> {
  const lane = await open();
  const proxy = await faultProxy({ target: { port: lane.port } });
  onTestFinished(async () => {
    await proxy.close();
    await lane.close();
  });
  const rig = rigOn(lane, { port: proxy.port, connections }, () => proxy.connections);
  return { ...rig, lane, proxy };
}

describe.each(LANES)('$name', (each) => {
  it.each(FAULTS)('%s: the outcome, the next attempt, and nothing left or lost', async (_, fault, outcomes) => {
    const { lane, proxy, ringback, outcomes: outcomesOf, closesClean } = await rigBehindProxy(each);
    await proxy.next(fault);
    // Where a fault is that nothing listens, it ends when the attempt has ended.
    ringback.on('retry', () => void proxy.next());
    expect(await outcomesOf('msg_1')).toEqual(outcomes);
    expect(await outcomesOf('msg_2')).toEqual(['delivered']);
    expect(new Set(await lane.received())).toEqual(new Set(['msg_1', 'msg_2']));
    await closesClean();
  });

  it('close on keep-alive reuse: the outcome, the next attempt, and nothing left or lost', async () => {
    const { lane, proxy, outcomes: outcomesOf, closesClean } = await rigBehindProxy(each, 1);
    const [fault, outcomes] = each.reuse;
    await proxy.next(fault);
    expect(await outcomesOf('msg_1')).toEqual(['delivered']);
    expect(proxy.accepted).toBe(1);
    expect(await outcomesOf('msg_2')).toEqual(outcomes);
    expect(proxy.accepted).toBe(2);
    expect(new Set(await lane.received())).toEqual(new Set(['msg_1', 'msg_2']));
    await closesClean();
  });

  it('all faults, one after another, under many callbacks: every one of them is delivered', async () => {
    const { lane, proxy, ringback, to, closesClean } = await rigBehindProxy(each);
    const random = seededRandom(7);
    const some = FAULTS.map(([, fault]) => fault).filter((fault) => fault !== 'refuse');
    await proxy.next(...Array.from({ length: 40 }, () => some[Math.floor(random() * some.length)] ?? 'pass'));
    const ids = Array.from({ length: 100 }, (_, index) => `msg_${index}`);
    for (const id of ids) await ringback.enqueue({ to, id, data: content(id) });
    await ringback.drain();
    expect([...new Set(await lane.received())].sort()).toEqual([...ids].sort());
    expect(await Promise.all(ids.map((id) => ringback.status(id)))).toEqual(ids.map(() => ({ state: 'delivered' })));
    expect(await ringback.deadLetters.list()).toEqual([]);
    await closesClean();
  });
});

describe('http, for a callback that carries an id', () => {
  it('makes up at once for a connection that closes on keep-alive reuse: one attempt, and nothing sent twice', async () => {
    const [lane] = LANES.filter(({ name }) => name === 'http');
    if (lane === undefined) throw new Error('there is a lane for http');
    const { lane: open, proxy, attempts, closesClean } = await rigBehindProxy(lane, 1);
    await proxy.next('close-on-reuse');
    for (const id of ['msg_1', 'msg_2'])
      expect(await attempts(id, { 'webhook-id': id })).toMatchObject([{ outcome: 'delivered' }]);
    expect(proxy.accepted).toBe(2);
    expect(await open.received()).toEqual(['msg_1', 'msg_2']);
    await closesClean();
  });
});
