import { describe, expect, it } from 'vitest';
import {
  type DestinationPattern,
  matchesAddress,
  matchesName,
  parsePattern,
} from '../../../src/transports/addresses/destination-pattern.js';
import { parseIpAddress } from '../../../src/transports/addresses/ip-address.js';

const pattern = (text: string): DestinationPattern => {
  const parsed = parsePattern(text);
  if (parsed === undefined) throw new Error(`${text} is no entry`);
  return parsed;
};

/** Does the entry match this host, an address or a name, at this port? */
function matches(text: string, host: string, port: number): boolean {
  const address = parseIpAddress(host);
  return address === undefined ? matchesName(pattern(text), host, port) : matchesAddress(pattern(text), address, port);
}

describe('an entry of allow or deny', () => {
  it.each([
    ['10.1.0.0/16', '10.1.255.1', 80],
    ['10.1.0.0/16:8080', '10.1.2.3', 8080],
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['::1', '::1', 443],
    ['fd12::/16', 'fd12::1', 443],
    ['[::1]', '::1', 443],
    ['[::1]:9000', '::1', 9000],
    ['[fd12::/16]:9000', 'fd12::5', 9000],
    ['hooks.example', 'hooks.example', 443],
    ['hooks.example:8443', 'hooks.example', 8443],
    ['HOOKS.Example.', 'hooks.example', 443],
    ['bücher.example', 'xn--bcher-kva.example', 443],
    ['*.svc.example', 'a.svc.example', 443],
    ['*.svc.example', 'a.b.svc.example', 443],
    ['*.svc.example:8443', 'a.svc.example', 8443],
    ['*.BÜCHER.example', 'www.xn--bcher-kva.example', 443],
    ['localhost:3000', 'localhost', 3000],
    ['under_score.example', 'under_score.example', 80],
  ])('%s matches %s at port %i', (text, host, port) => expect(matches(text, host, port)).toBe(true));

  it.each([
    ['10.1.0.0/16', '10.2.0.1', 80],
    ['10.1.0.0/16:8080', '10.1.2.3', 80],
    ['127.0.0.1:8080', '127.0.0.1', 80],
    ['10.1.0.0/16', 'hooks.example', 80],
    ['hooks.example', 'a.hooks.example', 443],
    ['hooks.example', 'evilhooks.example', 443],
    ['hooks.example:8443', 'hooks.example', 443],
    ['hooks.example', '10.1.2.3', 443],
    ['*.svc.example', 'svc.example', 443],
    ['*.svc.example', 'evilsvc.example', 443],
    ['*.svc.example:8443', 'a.svc.example', 443],
  ])('%s does not match %s at port %i', (text, host, port) => expect(matches(text, host, port)).toBe(false));

  it.each([
    '',
    '*',
    '*:8443',
    '*.',
    '*.*.example',
    'a.*.example',
    '.svc.example',
    '.',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0/8',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '*.127.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.1:',
    '127.0.0.1:https',
    '::ffff:10.0.0.0/104',
    '::ffff:127.0.0.1',
    '[hooks.example]:80',
    '[::1',
    '[::1]9000',
    '[127.0.0.1',
    'https://hooks.example',
    'hooks.example/path',
    'user@hooks.example',
    'hooks .example',
    '\thooks.example',
    'hooks%2eexample',
    'hooks\\example',
    'a:b:c',
    'a.example,b.example',
    '＊.svc.example',
    '*.。example',
    'a..example',
  ])('%j is none', (text) => expect(parsePattern(text)).toBeUndefined());
});
