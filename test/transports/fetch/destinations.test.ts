import { describe, expect, it } from 'vitest';
import { fetchTransport } from '../../../src/transports/fetch/index.js';
import { message, send } from '../http/receiver.js';
import { mockFetch, sendBy } from './lab.js';

describe('destinations', () => {
  it('are http: and https: URLs only', async () => {
    const transport = fetchTransport();
    for (const [to, accepted] of Object.entries({
      'http://a.example': true,
      'https://a.example': true,
      'ws://a.example': false,
    })) {
      expect(transport.accepts(new URL(to))).toBe(accepted);
    }
    for (const to of ['file:///etc/passwd', 'canary', 'http://', 'data:,x', 'blob:https://a.example/x']) {
      await expect(send(transport, to)).rejects.toMatchObject({
        code: 'unsupported-destination',
        message: 'to must be an http: or https: URL',
      });
    }
  });

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://10.0.0.5/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0.0.0.0/',
    'http://224.0.0.1/',
    'http://[::1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://[2002:7f00:1::]/',
    'http://localhost/',
    'http://api.localhost/',
    'http://LOCALHOST./',
    'http://metadata.google.internal/',
    'http://user:canary@customer.example/',
  ])('%s is forbidden: fetch is not called', async (to) => {
    const { fetch, calls } = mockFetch(() => new Response());
    const { outcome, response } = await sendBy(fetch, {}, message(to));
    expect(outcome).toMatchObject({ kind: 'forbidden', reason: expect.stringContaining('refused') });
    expect(outcome.reason).not.toContain('canary');
    expect([calls, response]).toEqual([[], undefined]);
  });

  it.each(['http://127.0.0.1:8080/', 'http://localhost/', 'http://10.0.0.5/', 'http://[::1]/'])(
    '%s is allowed by allowPrivate',
    async (to) => {
      const { fetch, calls } = mockFetch(() => new Response());
      expect((await sendBy(fetch, { allowPrivate: true }, message(to))).outcome.kind).toBe('delivered');
      expect(calls.map(({ url }) => url)).toEqual([to]);
    },
  );

  it.each(['http://169.254.169.254/', 'http://metadata.google.internal/', 'http://[fe80::1]/', 'http://0.0.0.0/'])(
    '%s is not allowed by allowPrivate',
    async (to) => {
      const { fetch } = mockFetch(() => new Response());
      expect((await sendBy(fetch, { allowPrivate: true }, message(to))).outcome.kind).toBe('forbidden');
    },
  );

  it('obey allow, deny, ports and httpsOnly as those of http do', async () => {
    const { fetch } = mockFetch(() => new Response());
    const kindOf = async (to: string): Promise<string> => {
      const options = { allow: ['10.1.0.0/16:8443'], deny: ['*.evil.example'], ports: [443], httpsOnly: true };
      return (await sendBy(fetch, options, message(to))).outcome.kind;
    };
    expect(await kindOf('https://customer.example/')).toBe('delivered');
    expect(await kindOf('https://10.1.2.3:8443/')).toBe('delivered');
    expect(await kindOf('https://10.2.2.3:8443/')).toBe('forbidden');
    expect(await kindOf('https://a.evil.example/')).toBe('forbidden');
    expect(await kindOf('https://customer.example:8080/')).toBe('forbidden');
    expect(await kindOf('http://customer.example:443/')).toBe('forbidden');
  });

  it('by a name that leads to a private address go out: no fetch tells what a name resolves to', async () => {
    const { fetch, calls } = mockFetch(() => new Response());
    await sendBy(fetch, {}, message('https://rebinding.example/'));
    expect(calls.length).toBe(1);
  });

  it('that are not in normal form are brought to it', async () => {
    const { fetch, calls } = mockFetch(() => new Response());
    await sendBy(fetch, {}, message('HTTPS://Customer.Example:443/a/../b'));
    expect(calls[0]?.url).toBe('https://customer.example/b');
  });
});
