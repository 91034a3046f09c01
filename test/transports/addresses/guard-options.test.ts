import { describe, expect, it } from 'vitest';
import { guardSettings, type OutboundGuardOptions } from '../../../src/transports/addresses/guard-options.js';

describe('the options of the guard', () => {
  it.each<[unknown, string]>([
    [{ allowPrivate: 1 }, 'allowPrivate must be true or false, got 1 (number)'],
    [{ httpsOnly: 'yes' }, 'httpsOnly must be true or false, got "yes" (string)'],
    [{ allow: '10.0.0.0/8' }, 'allow must be a list of at most 10000 entries, got string'],
    [{ deny: new Array(10_001).fill('a.example') }, 'deny must be a list of at most 10000 entries, got 10001'],
    [{ ports: 443 }, 'ports must be a list of at most 10000 ports, got number'],
    [{ ports: [443, '80'] }, 'ports[1] must be an integer from 1 to 65535, got "80" (string)'],
    [{ ports: [0] }, 'ports[0] must be an integer from 1 to 65535, got 0 (number)'],
    [{ ports: [65_536] }, 'ports[0] must be an integer from 1 to 65535, got 65536 (number)'],
  ])('%j are refused', (options, message) => {
    expect(() => guardSettings(options as OutboundGuardOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message }),
    );
  });

  it.each(['allow', 'deny'])('%s takes only what it can read, and tells how to write it', (name) => {
    const rule =
      'an address, a range, a host or a *.suffix, with or without a port: 10.1.0.0/16, [fd12::/16]:8080, hooks.example, *.svc.example:8443';
    for (const [entry, got] of [
      ['10.0.0.1/8', 'a string of 10 characters'],
      ['127.1', '"127.1" (string)'],
      [42, '42 (number)'],
    ]) {
      expect(() => guardSettings({ [name]: ['a.example', entry] } as OutboundGuardOptions)).toThrow(
        expect.objectContaining({ code: 'invalid-option', message: `${name}[1] must be ${rule}, got ${got}` }),
      );
    }
  });

  it('have defaults that let callbacks go to public addresses only, by any port', () => {
    expect(guardSettings({})).toEqual({ allowPrivate: false, allow: [], deny: [], ports: undefined, httpsOnly: false });
  });
});
