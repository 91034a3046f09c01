import { describe, expect, it } from 'vitest';
import { destinationOf } from '../../../src/transports/addresses/destination-host.js';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';

describe('where a URL leads', () => {
  it.each([
    ['http://169.254.169.254/', '169.254.169.254'],
    ['http://169.254.169.254./', '169.254.169.254'],
    ['http://169.254.169.254../', '169.254.169.254'],
    ['http://127.1.../', '127.0.0.1'],
    ['http://0x7f.1../', '127.0.0.1'],
    ['http://2130706433../', '127.0.0.1'],
    ['http://[::1]/', '::1'],
  ])('%s: the address %s, however many dots are at its end', (url, address) => {
    expect(destinationOf(new URL(url))).toEqual({ address: parseIpAddress(address), port: 80 });
  });

  it.each([
    ['https://customer.example/', 'customer.example', 443],
    ['https://CUSTOMER.example.:8443/', 'customer.example', 8_443],
    ['http://customer.example../', 'customer.example', 80],
    ['http://1.2.3.example../', '1.2.3.example', 80],
    ['http://../', '', 80],
  ])('%s: the name %j', (url, name, port) => expect(destinationOf(new URL(url))).toEqual({ name, port }));
});
