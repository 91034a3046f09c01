import { describe, expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../../src/callback.js';
import { classifyByDefault } from '../../../src/classify/default.js';
import { activeResources, newSince } from '../../../src/testing/transport-conformance/active-resources.js';
import { unusedPort } from '../listening.js';
import { unacceptingPort } from '../unaccepting-port.js';
import { content, LANES, type Lane } from './lanes.js';
import { until } from './rig.js';

/** nodemailer and the AWS SDK take ms of work for each: with 10,000 that were half a minute. */
const sendsOf = ({ name }: Lane): number => (name === 'smtp' || name === 'sns' ? 1_000 : 10_000);
const CONNECTIONS = 16;
/** What they may hold at once, their messages among it: some KB each. */
const MAX_GROWTH_BYTES = 512 * 2 ** 20;

function messageTo(to: string, index: number): Message {
  const body = new TextEncoder().encode(JSON.stringify(content(`msg_${index}`)));
  const delivery = {
    id: `msg_${index}`,
    to,
    destination: to,
    headers: {},
    body,
    contentType: 'application/json',
    priority: 0,
    acceptedAtMs: 0,
  };
  return { id: delivery.id, to, headers: {}, body, delivery };
}

/** Looks, until it is stopped, how many sockets of this process are open. */
function watchSockets(): { readonly most: () => number; readonly stop: () => void } {
  const kinds = new Set(['TCPSocketWrap', 'TCPConnectWrap']);
  const count = (): number => process.getActiveResourcesInfo().filter((kind) => kinds.has(kind)).length;
  const before = count();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, count() - before);
  }, 1);
  return { most: () => most, stop: () => clearInterval(timer) };
}

interface Many {
  /** How many came to each end. */
  readonly ends: ReadonlyMap<string, number>;
  /** The most sockets that were open at once so far. */
  readonly mostSockets: () => number;
  /** Gives all of them up. */
  readonly abort: () => void;
  /** Resolves when all have ended, and nothing is left of them; fails where they took too many sockets or bytes. */
  readonly ended: () => Promise<void>;
}

async function sendMany(each: Lane, port: number): Promise<Many> {
  const lane = await each.open();
  onTestFinished(() => lane.close());
  const before = activeResources();
  const bytesBefore = process.memoryUsage().rss;
  const way = { port, connections: CONNECTIONS };
  const transport = lane.transport(way);
  const aborts: (() => void)[] = [];
  const ends = new Map<string, number>();
  const sockets = watchSockets();
  const all = Array.from({ length: sendsOf(each) }, async (_, index) => {
    const controller = new AbortController();
    aborts.push(() => controller.abort(new Error('given up')));
    const { signal } = controller;
    const end = await transport.send(messageTo(lane.to(way), index), { number: 1, signal }).then(
      ({ outcome }) => outcome.kind,
      // What a transport throws is classified as any other throw.
      (error: unknown) => (error === signal.reason ? 'aborted' : classifyByDefault({ error }).kind),
    );
    ends.set(end, (ends.get(end) ?? 0) + 1);
  });
  return {
    ends,
    mostSockets: sockets.most,
    abort: () => {
      for (const abort of aborts) abort();
    },
    ended: async () => {
      await Promise.all(all);
      sockets.stop();
      const growthBytes = process.memoryUsage().rss - bytesBefore;
      await transport.close?.();
      await until(() => newSince(before).length === 0);
      expect(sockets.most()).toBeLessThanOrEqual(CONNECTIONS);
      expect(growthBytes).toBeLessThan(MAX_GROWTH_BYTES);
    },
  };
}

describe.each(LANES)('$name: thousands of sends at once', (each) => {
  it('to a host where nothing listens have all failed, over few sockets, and leave nothing', async () => {
    const { ends, ended } = await sendMany(each, await unusedPort());
    await ended();
    expect(ends).toEqual(new Map([['failed', sendsOf(each)]]));
  });

  it('to a host that never accepts all end when they are given up, over few sockets, and leave nothing', async () => {
    const { port, close } = await unacceptingPort();
    onTestFinished(close);
    const { ends, mostSockets, abort, ended } = await sendMany(each, port);
    await until(() => mostSockets() === CONNECTIONS);
    expect(ends.size).toBe(0);
    abort();
    await ended();
    expect(ends).toEqual(new Map([['aborted', sendsOf(each)]]));
  });
});
