import { lookup } from 'node:dns';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addressKind, ForbiddenAddressError, guardedLookup } from '../../../src/transports/http/address-guard.js';
import { http } from '../../../src/transports/http/index.js';
import { answering, loopback, receiver, send } from './receiver.js';

vi.mock('node:dns', { spy: true });
afterEach(() => {
  vi.mocked(lookup).mockReset();
});

/** Has every name resolve to these. */
function resolveTo(...addresses: string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const answer = (_hostname: string, _options: unknown, callback: (error: null, addresses: unknown) => void): void =>
    callback(null, found);
  vi.mocked(lookup).mockImplementation(answer as never);
}

const REASON = 'the destination has an address that is not public; http({ allowPrivate: true }) allows loopback and private ones';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.255',
    '::1',
    'fc00::1',
    'fdff:ffff::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::ffff:10.1.2.3',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
  ])('%s is private', (address) => expect(addressKind(address)).toBe('private'));

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
    '3fff::1',
    '100::1',
    '::127.0.0.1',
    '::ffff:0.0.0.0',
    '::ffff:169.254.169.254',
    '64:ff9b::',
    '64:ff9b::169.254.169.254',
    '64:ff9b::1:0:0',
    'customer.example',
    '',
  ])('%j is reserved', (address) => expect(addressKind(address)).toBe('reserved'));

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '64:ff9b::808:808',
  ])('%s is public', (address) => expect(addressKind(address)).toBe('public'));
});

describe('a lookup', () => {
  const resolved = (allowPrivate: boolean, all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      guardedLookup({ allowPrivate })('customer.example', { all }, (error, ...found) => (error ? reject(error) : resolve(found)));
    });

  it('refuses a name when any of its addresses is refused, wherever it stands', async () => {
    resolveTo('1.1.1.1', '10.0.0.1');
    await expect(resolved(false, true)).rejects.toBeInstanceOf(ForbiddenAddressError);
    resolveTo('2606:4700:4700::1111', '1.1.1.1', '::ffff:127.0.0.1');
    await expect(resolved(false, false)).rejects.toBeInstanceOf(ForbiddenAddressError);
  });

  it('gives all addresses or the first, as it is asked', async () => {
    resolveTo('1.1.1.1', '8.8.8.8');
    expect(await resolved(false, true)).toEqual([
      [
        { address: '1.1.1.1', family: 4 },
        { address: '8.8.8.8', family: 4 },
      ],
    ]);
    expect(await resolved(false, false)).toEqual(['1.1.1.1', 4]);
  });

  it('lets private addresses through where they are allowed, and reserved ones never', async () => {
    resolveTo('10.0.0.1');
    expect(await resolved(true, false)).toEqual(['10.0.0.1', 4]);
    resolveTo('169.254.169.254');
    await expect(resolved(true, true)).rejects.toBeInstanceOf(ForbiddenAddressError);
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
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
  ])('to %s is forbidden, and the refusal prints the option that allows it', async (to) => {
    const transport = http();
    expect(await send(transport, to)).toEqual({ outcome: { kind: 'forbidden', reason: REASON } });
    expect(lookup).not.toHaveBeenCalled();
    await transport.close?.();
  });

  it.each(['http:', 'https:'])('over %s to a name is checked on the address that it resolves to', async (protocol) => {
    const { port, connections } = await receiver(answering(204));
    const transport = loopback({ allowPrivate: false });
    resolveTo('127.0.0.1');
    expect(await send(transport, `${protocol}//customer.example:${port}/`)).toEqual({
      outcome: { kind: 'forbidden', reason: REASON },
    });
    expect(connections()).toBe(0);
  });

  it('to localhost is forbidden', async () => {
    expect((await send(loopback({ allowPrivate: false }), 'http://localhost/')).outcome.kind).toBe('forbidden');
  });

  it('to a name that resolved well once is checked again at the next connect', async () => {
    const { port } = await receiver(answering(204, { connection: 'close' }));
    const transport = loopback();
    const to = `http://customer.example:${port}/`;
    resolveTo('127.0.0.1');
    expect((await send(transport, to)).outcome.kind).toBe('delivered');
    resolveTo('169.254.169.254');
    expect((await send(transport, to)).outcome).toEqual({ kind: 'forbidden', reason: REASON });
  });
});
