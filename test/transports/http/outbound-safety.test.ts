import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { resiliencePipeline } from '../../../src/index.js';
import { guardSettings, type OutboundGuardOptions } from '../../../src/transports/addresses/guard-options.js';
import { OutboundGuard } from '../../../src/transports/addresses/outbound-guard.js';
import { ForbiddenAddressError, guardedLookup, type HostResolver } from '../../../src/transports/http/guarded-lookup.js';
import { http } from '../../../src/transports/http/index.js';
import { answering, loopback, receiver, send } from './receiver.js';

vi.mock('node:dns', { spy: true });
afterEach(() => {
  vi.mocked(lookup).mockReset();
});

const found = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 });

/** Has the system's resolver give these for every name. */
function resolveTo(...addresses: string[]): void {
  const answer = (_hostname: string, _options: unknown, callback: (error: null, addresses: unknown) => void): void =>
    callback(null, addresses.map(found));
  vi.mocked(lookup).mockImplementation(answer as never);
}

const REFUSED_NAME =
  'the name has an address that is not allowed; allowPrivate lets loopback and private ones through, an entry of allow a host or a range';

/** Listens on the loopback, and tells how many connects came. */
const local = (): ReturnType<typeof receiver> => receiver(answering(204));

describe('a lookup', () => {
  const resolved = (options: OutboundGuardOptions, all: boolean, resolveHost?: HostResolver): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const settings = { guard: new OutboundGuard(guardSettings(options)), resolveHost };
      const answer = (error: Error | null, ...rest: unknown[]): void => (error ? reject(error) : resolve(rest));
      guardedLookup(settings, new URL('https://customer.example'))('customer.example', { all }, answer as never);
    });

  it('refuses a name when any of its addresses is refused, wherever it stands', async () => {
    resolveTo('1.1.1.1', '10.0.0.1');
    await expect(resolved({}, true)).rejects.toBeInstanceOf(ForbiddenAddressError);
    resolveTo('2606:4700:4700::1111', '1.1.1.1', '::ffff:127.0.0.1');
    await expect(resolved({}, false)).rejects.toBeInstanceOf(ForbiddenAddressError);
  });

  it('gives all addresses or the first, as it is asked', async () => {
    resolveTo('1.1.1.1', '8.8.8.8');
    expect(await resolved({}, true)).toEqual([['1.1.1.1', '8.8.8.8'].map(found)]);
    expect(await resolved({}, false)).toEqual(['1.1.1.1', 4]);
  });

  it('asks the resolver of the user instead of the system, and trusts it no more', async () => {
    const addresses = async (name: string): Promise<readonly string[]> => [name === 'customer.example' ? '2606:4700::1' : '::1'];
    expect(await resolved({}, true, addresses)).toEqual([[found('2606:4700::1')]]);
    for (const bad of ['10.0.0.1', '127.1', 'customer.example', '', 42]) {
      await expect(resolved({}, true, async () => ['1.1.1.1', bad as string])).rejects.toBeInstanceOf(ForbiddenAddressError);
    }
    expect(lookup).not.toHaveBeenCalled();
  });

  it.each([true, false])('of a name without an address ends as the system says it (all: %s)', async (all) => {
    await expect(resolved({}, all, async () => [])).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a send', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://①②⑦.0.0.1/',
    'http://127.0.0.1./',
    'http://[::1]/',
    'http://[0:0::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
  ])('to %s is forbidden, and the refusal names the rule and the option that allows it', async (to) => {
    const transport = http();
    const { outcome, response } = await send(transport, to);
    expect([outcome.kind, response]).toEqual(['forbidden', undefined]);
    expect(outcome.reason).toMatch(
      /^the address is refused as loopback \((127\.0\.0\.0\/8|::1\/128)\); allowPrivate or an entry of allow lets it through$/,
    );
    expect(lookup).not.toHaveBeenCalled();
    await transport.close?.();
  });

  it.each(['http:', 'https:'])('over %s to a name is checked on the address that it resolves to', async (protocol) => {
    const { port, connections } = await local();
    resolveTo('127.0.0.1');
    expect(await send(loopback({ allowPrivate: false }), `${protocol}//customer.example:${port}/`)).toEqual({
      outcome: { kind: 'forbidden', reason: REFUSED_NAME },
    });
    expect(connections()).toBe(0);
  });

  it('does not tell what the name resolved to: the refusal is the same sentence whichever rule it broke', async () => {
    const transport = loopback({ allowPrivate: false, deny: ['8.8.8.0/24'] });
    const answers = new Set<string>();
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '2002:a00:1::', '8.8.8.8']) {
      resolveTo(address);
      answers.add(JSON.stringify(await send(transport, 'http://customer.example/')));
    }
    expect([...answers]).toEqual([JSON.stringify({ outcome: { kind: 'forbidden', reason: REFUSED_NAME } })]);
  });

  it('is never retried, and is no sample', async () => {
    resolveTo('10.0.0.1');
    const transport = loopback({ allowPrivate: false });
    let attempts = 0;
    const pipeline = resiliencePipeline({
      retry: { maxAttempts: 4 },
      classify: (end) => ('value' in end ? (end.value as Awaited<ReturnType<typeof send>>).outcome : undefined),
    });
    await pipeline
      .execute(() => {
        attempts++;
        return send(transport, 'http://customer.example/');
      })
      .catch(() => {});
    expect(attempts).toBe(1);
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it('to localhost is forbidden before it is resolved', async () => {
    expect((await send(loopback({ allowPrivate: false }), 'http://localhost/')).outcome.kind).toBe('forbidden');
    expect(lookup).not.toHaveBeenCalled();
  });

  it('with credentials in its URL is forbidden, also where the origin is open', async () => {
    const { url, connections } = await local();
    const transport = loopback();
    await send(transport, url);
    const to = url.replace('http://', 'http://user:secret@');
    expect((await send(transport, to)).outcome).toEqual({
      kind: 'forbidden',
      reason: 'a URL with credentials is refused; put them into a header',
    });
    expect(connections()).toBe(1);
  });

  it('under httpsOnly, or to a port that is not among ports, is forbidden', async () => {
    const { url, port, connections } = await local();
    expect((await send(loopback({ httpsOnly: true }), url)).outcome.kind).toBe('forbidden');
    expect((await send(loopback({ ports: [80, 443] }), url)).outcome.reason).toMatch(`port ${port} is not among ports`);
    expect(connections()).toBe(0);
    expect((await send(loopback({ ports: [port] }), url)).outcome.kind).toBe('delivered');
  });
});

describe('allow', () => {
  it.each([
    ['a range', (_port: number) => ['127.0.0.0/8']],
    ['an address with its port', (port: number) => [`127.0.0.1:${port}`]],
    ['a host', (_port: number) => ['customer.example']],
    ['a host with its port', (port: number) => [`customer.example:${port}`]],
    ['a suffix', (_port: number) => ['*.example']],
  ])('by %s lets a name through to the loopback', async (_what, entries) => {
    const { port } = await local();
    resolveTo('127.0.0.1');
    const transport = loopback({ allowPrivate: false, allow: entries(port) });
    expect((await send(transport, `http://customer.example:${port}/`)).outcome.kind).toBe('delivered');
  });

  it('by another host, port or range does not', async () => {
    const { port, connections } = await local();
    resolveTo('127.0.0.1');
    const transport = loopback({
      allowPrivate: false,
      allow: ['other.example', `customer.example:${port + 1}`, `127.0.0.1:${port + 1}`, '10.0.0.0/8'],
    });
    expect((await send(transport, `http://customer.example:${port}/`)).outcome.kind).toBe('forbidden');
    expect(connections()).toBe(0);
  });

  it('has deny on top', async () => {
    const { port, url, connections } = await local();
    resolveTo('127.0.0.1');
    const transport = loopback({ allowPrivate: true, allow: ['customer.example', '127.0.0.1'], deny: [`127.0.0.0/8:${port}`] });
    expect((await send(transport, `http://customer.example:${port}/`)).outcome.reason).toBe(REFUSED_NAME);
    expect((await send(transport, url)).outcome.reason).toBe('an entry of deny refuses the host');
    expect(connections()).toBe(0);
  });

  it('is read when the transport is made', () => {
    expect(() => http({ allow: ['10.0.0.1/8'] })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(() => http({ resolveHost: 'dns' as never })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('a resolver that answers public first and private next', () => {
  it('gets no connect at all from a name whose addresses changed between two connects', async () => {
    const { port, connections } = await receiver(answering(204, { connection: 'close' }));
    // The loopback stands for a public address here, as nothing else may be connected to from a test.
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2']];
    const resolveHost = vi.fn(async () => answers.shift() ?? []);
    const transport = loopback({ allowPrivate: false, allow: ['127.0.0.1'], resolveHost });
    const kinds: string[] = [];
    for (let i = 0; i < 3; i++) kinds.push((await send(transport, `http://customer.example:${port}/`)).outcome.kind);
    expect(kinds).toEqual(['delivered', 'forbidden', 'forbidden']);
    expect([resolveHost.mock.calls.length, connections()]).toEqual([3, 1]);
  });

  it('is asked once for each connect: what was checked is what is connected to', async () => {
    const { port, connections } = await local();
    const resolveHost = vi.fn(async () => (resolveHost.mock.calls.length === 1 ? ['127.0.0.1'] : ['169.254.169.254']));
    const transport = loopback({ allowPrivate: false, allow: ['127.0.0.1'], resolveHost });
    const to = `http://customer.example:${port}/`;
    expect((await send(transport, to)).outcome.kind).toBe('delivered');
    await new Promise(setImmediate);
    // It goes by the connection that the first one's check opened, and resolves nothing.
    expect((await send(transport, to)).outcome.kind).toBe('delivered');
    expect([resolveHost.mock.calls.length, connections()]).toEqual([1, 1]);
    await new Promise(setImmediate);
    // A second connection to the same origin is checked anew.
    const both = await Promise.all([send(transport, to), send(transport, to)]);
    expect(both.map(({ outcome }) => outcome.kind).sort()).toEqual(['delivered', 'forbidden']);
    expect(connections()).toBe(1);
  });

  it('reaches none of several addresses that Node would try in turn, where one is forbidden', async () => {
    const { port, connections } = await local();
    const transport = loopback({
      allowPrivate: false,
      allow: ['127.0.0.1', '::1'],
      resolveHost: async () => ['127.0.0.1', '::1', '10.0.0.1'],
    });
    expect((await send(transport, `http://customer.example:${port}/`)).outcome.kind).toBe('forbidden');
    expect(connections()).toBe(0);
  });

  it('may give several addresses of which the first does not answer', async () => {
    const { port } = await local();
    const transport = loopback({ resolveHost: async () => ['::1', '127.0.0.1'] });
    expect((await send(transport, `http://customer.example:${port}/`)).outcome.kind).toBe('delivered');
  });
});

describe('a resolver of the user', () => {
  const outcomeWith = async (resolveHost: HostResolver): Promise<unknown> =>
    (await send(loopback({ resolveHost }), 'http://customer.example/')).outcome;

  it('that fails makes the attempt fail, in the words of the error that it had', async () => {
    const failing =
      (error: unknown): HostResolver =>
      () =>
        Promise.reject(error);
    expect(await outcomeWith(failing(Object.assign(new Error('secret'), { code: 'ENOTFOUND' })))).toEqual({
      kind: 'failed',
      reason: 'host not found',
    });
    expect(await outcomeWith(failing(new Error('secret')))).toEqual({ kind: 'failed', reason: 'resolveHost failed' });
    expect(await outcomeWith(failing(undefined))).toEqual({ kind: 'failed', reason: 'resolveHost failed' });
    expect(await outcomeWith((() => '127.0.0.1') as never)).toEqual({ kind: 'failed', reason: 'resolveHost failed' });
    expect(await outcomeWith(async () => [])).toEqual({ kind: 'failed', reason: 'host not found' });
  });

  it('that never answers is ended by the time for connects', async () => {
    const transport = loopback({ connectTimeoutMs: 1, resolveHost: () => new Promise(() => {}) });
    expect((await send(transport, 'http://customer.example/')).outcome.kind).toBe('timed-out');
  });
});
