import { describe, expect, it, onTestFinished } from 'vitest';
import type { OutcomeKind } from '../../../src/outcome.js';
import { type Fault, faultProxy } from '../../../src/testing/index.js';
import { LANES, type Lane, type OpenLane } from './lanes.js';
import { type Rig, rigOn } from './rig.js';
import {
  CERTIFICATE,
  EXPIRED,
  OF_AN_UNKNOWN_AUTHORITY,
  OF_ANOTHER_HOST,
  type Shown,
  type TlsFront,
  tlsFront,
} from './tls-front.js';

interface SecureRig extends Rig {
  readonly lane: OpenLane;
  readonly front: TlsFront;
}

async function rigBehindTls({ open }: Lane, shown: Shown): Promise<SecureRig> {
  const lane = await open();
  const front = await tlsFront(lane.port, shown);
  onTestFinished(async () => {
    await front.close();
    await lane.close();
  });
  const ca = [CERTIFICATE, EXPIRED, OF_ANOTHER_HOST];
  return { ...rigOn(lane, { port: front.port, connections: 8, ca }, front.openConnections), lane, front };
}

const GOOD: Shown = { cert: CERTIFICATE };

const OLD: Shown = { ...GOOD, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };

const BAD: readonly (readonly [name: string, shown: Shown, reason: RegExp])[] = [
  ['a certificate that has expired', { cert: EXPIRED }, /^certificate expired$/],
  ['a certificate of another host', { cert: OF_ANOTHER_HOST }, /^certificate of another host$/],
  ['a certificate of an unknown authority', { cert: OF_AN_UNKNOWN_AUTHORITY }, /^certificate not verifiable$/],
  ['no protocol newer than TLS 1.1', OLD, /^(network error|connection|TLS)/],
];

/** The server's first bytes are those of its handshake. */
const IN_THE_HANDSHAKE: readonly (readonly [name: string, fault: Fault, outcome: OutcomeKind])[] = [
  ['reset', { fault: 'reset', afterBytes: 10 }, 'failed'],
  ['half-open', 'half-open', 'timed-out'],
  ['truncate', 'truncate', 'failed'],
  ['garbage', 'garbage', 'failed'],
];

describe.each(LANES)('$name', (each) => {
  it('is delivered by TLS', async () => {
    const { lane, outcomes, closesClean } = await rigBehindTls(each, GOOD);
    expect(await outcomes('msg_1')).toEqual(['delivered']);
    expect(await lane.received()).toEqual(['msg_1']);
    await closesClean();
  });

  it.each(BAD)('has failed where the server shows %s, and is delivered once it shows a good one', async (_, shown, reason) => {
    const { lane, front, ringback, attempts, closesClean } = await rigBehindTls(each, shown);
    ringback.on('retry', () => front.show(GOOD));
    const records = await attempts('msg_1');
    expect(records.map(({ outcome }) => outcome)).toEqual(['failed', 'delivered']);
    expect(records[0]?.reason).toMatch(reason);
    expect(await lane.received()).toEqual(['msg_1']);
    await closesClean();
  });

  it.each(IN_THE_HANDSHAKE)(
    '%s in the handshake: the outcome, the next attempt, and nothing left or lost',
    async (_, fault, outcome) => {
      const lane = await each.open();
      const front = await tlsFront(lane.port, GOOD);
      const proxy = await faultProxy({ target: { port: front.port } });
      onTestFinished(async () => {
        await proxy.close();
        await front.close();
        await lane.close();
      });
      const way = { port: proxy.port, connections: 8, ca: [CERTIFICATE] };
      const { outcomes, closesClean } = rigOn(lane, way, () => proxy.connections + front.openConnections());
      await proxy.next(fault);
      expect(await outcomes('msg_1')).toEqual([outcome, 'delivered']);
      expect(await lane.received()).toEqual(['msg_1']);
      await closesClean();
    },
  );

  it('has failed where the server speaks no TLS', async () => {
    const lane = await each.open();
    onTestFinished(() => lane.close());
    const { outcomes, closesClean } = rigOn(lane, { port: lane.port, connections: 8, ca: [CERTIFICATE] }, () => 0);
    expect(await outcomes('msg_1')).toEqual(['failed', 'failed', 'failed']);
    expect(await lane.received()).toEqual([]);
    await closesClean();
  });
});
