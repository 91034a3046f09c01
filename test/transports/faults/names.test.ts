import { describe, expect, it, onTestFinished } from 'vitest';
import { http } from '../../../src/transports/http/index.js';
import { LANES } from './lanes.js';
import { rigOn } from './rig.js';

/** As the system's resolver says it. */
const dnsError = (code: string): Error => Object.assign(new Error(`getaddrinfo ${code} receiver.example`), { code });

type Script = () => Promise<readonly string[]>;

const FAULTS: readonly (readonly [name: string, resolve: Script, outcome: string, reason: RegExp])[] = [
  ['there is no such name', () => Promise.reject(dnsError('ENOTFOUND')), 'failed', /^host not found$/],
  ['the resolver is at its limits', () => Promise.reject(dnsError('EAI_AGAIN')), 'failed', /^name resolution failed for now$/],
  ['the resolver can’t be reached', () => Promise.reject(dnsError('ECONNREFUSED')), 'failed', /./],
  ['the name has no address', async () => [], 'failed', /^host not found$/],
  ['the resolver gives no list', async () => 'nothing' as never, 'failed', /./],
  ['the resolver never answers', () => new Promise(() => {}), 'timed-out', /^no answer in time: /],
  ['the name leads to a host that is down', async () => ['127.0.0.2'], 'failed', /^connection refused$/],
];

describe('http, by names', () => {
  const [lane] = LANES;

  async function rigByName(
    resolveHost: Script,
  ): Promise<ReturnType<typeof rigOn> & { readonly received: () => Promise<readonly string[]> }> {
    const open = await lane?.open();
    if (open === undefined) throw new Error('there is a lane for http');
    onTestFinished(() => open.close());
    const named = {
      ...open,
      transport: () => http({ allowPrivate: true, resolveHost }),
      to: ({ port }: { readonly port: number }) => `http://receiver.example:${port}/hooks`,
    };
    return { ...rigOn(named, { port: open.port, connections: 8 }, () => 0), received: open.received };
  }

  it.each(FAULTS)('where %s: the outcome, the next attempt, and nothing left or lost', async (_, script, outcome, reason) => {
    let asked = 0;
    const { attempts, closesClean, received } = await rigByName(() =>
      asked++ === 0 ? script() : Promise.resolve(['127.0.0.1']),
    );
    const records = await attempts('msg_1');
    expect(records.map((record) => record.outcome)).toEqual([outcome, 'delivered']);
    expect(records[0]?.reason).toMatch(reason);
    expect(records[0]?.reason).not.toMatch(/receiver\.example|127\./);
    expect(await received()).toEqual(['msg_1']);
    await closesClean();
  });

  it('takes the next address of a name at once where the first one is down', async () => {
    const { outcomes, closesClean, received } = await rigByName(async () => ['127.0.0.2', '127.0.0.1']);
    expect(await outcomes('msg_1')).toEqual(['delivered']);
    expect(await received()).toEqual(['msg_1']);
    await closesClean();
  });

  it('does not retry a name that leads to where nothing may be sent', async () => {
    const { outcomes, closesClean, received } = await rigByName(async () => ['127.0.0.1', '169.254.169.254']);
    expect(await outcomes('msg_1')).toEqual(['forbidden']);
    expect(await received()).toEqual([]);
    await closesClean();
  });
});
