import { describe, expect, it } from 'vitest';
import { componentOption } from '../../../src/signing/http-message-signatures/components.js';
import { requestTarget } from '../../../src/signing/http-message-signatures/request-target.js';
import { componentValue } from '../../../src/signing/http-message-signatures/signature-base.js';
import type { ReceivedMessage } from '../../../src/signing/scheme.js';

const refuse = (fault: string): never => {
  throw new Error(fault);
};

const derived = (name: string, url: string, headers: ReceivedMessage['headers'] = {}, method = 'POST'): string => {
  const target = requestTarget(url);
  if (target === undefined) throw new Error('no target');
  return componentValue(componentOption('component', name), { method, target, headers }, refuse);
};

describe('what is derived from a request, as RFC 9421 §2.2 shows it', () => {
  const url = 'https://www.example.com/path?param=value';

  it.each([
    ['@method', url, 'POST'],
    ['@target-uri', url, url],
    ['@target-uri', 'HTTPS://WWW.Example.com:443/path?param=value#part', url],
    ['@target-uri', 'http://www.example.com', 'http://www.example.com/'],
    ['@target-uri', 'https://www.example.com/path?', 'https://www.example.com/path'],
    ['@authority', url, 'www.example.com'],
    ['@authority', 'http://WWW.EXAMPLE.com:80/', 'www.example.com'],
    ['@authority', 'http://www.example.com:443/', 'www.example.com:443'],
    ['@authority', 'https://[2001:DB8::1]:8443/', '[2001:db8::1]:8443'],
    ['@scheme', 'HTTP://www.example.com/path?param=value', 'http'],
    ['@request-target', url, '/path?param=value'],
    ['@path', url, '/path'],
    ['@path', 'https://www.example.com', '/'],
    ['@path', 'https://www.example.com?param=value', '/'],
    ['@path', 'https://www.example.com/a/../%62', '/a/../%62'],
    ['@query', 'https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman', '?param=value&foo=bar&baz=bat%2Dman'],
    ['@query', 'https://www.example.com/path?queryString', '?queryString'],
    ['@query', 'https://www.example.com/path', '?'],
    ['@query', 'https://www.example.com/path?', '?'],
  ])('%s of %s is %s', (name, from, value) => {
    expect(derived(name, from)).toBe(value);
  });

  it.each([
    ['param=value&foo=bar&baz=batman&qux=', 'baz', 'batman'],
    ['param=value&foo=bar&baz=batman&qux=', 'qux', ''],
    ['param=value&foo=bar&baz=batman&qux=', 'param', 'value'],
    ['var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace', 'var', 'this%20is%20a%20big%0Amultiline%20value'],
    ['var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace', 'bar', 'with%20plus%20whitespace'],
    ['fa%C3%A7ade%22%3A%20=something', 'fa%C3%A7ade%22%3A%20', 'something'],
    ["a=!'()~*-._", 'a', '%21%27%28%29%7E*-._'],
  ])('@query-param of ?%s by the name %s is %s', (query, name, value) => {
    expect(derived(`@query-param;name="${name}"`, `https://www.example.com/parameters?${query}`)).toBe(value);
  });
});

describe('a header, as RFC 9421 §2.1 shows it', () => {
  const headers = {
    Host: 'www.example.com',
    'X-OWS-Header': '  Leading and trailing whitespace.\t ',
    'Cache-Control': ['max-age=60', '   must-revalidate'],
    'Example-Dict': ' a=1,    b=2;x=1;y=2,   c=(a   b   c)',
    'X-Empty-Header': '',
    'X-Obs-Fold-Header': 'Obsolete\n    line folding.',
    'X-Latin-1': 'm\u00fcsli',
  };

  it.each([
    ['host', 'www.example.com'],
    ['x-ows-header', 'Leading and trailing whitespace.'],
    ['cache-control', 'max-age=60, must-revalidate'],
    ['example-dict', 'a=1,    b=2;x=1;y=2,   c=(a   b   c)'],
    ['x-empty-header', ''],
  ])('%s is %j', (name, value) => {
    expect(derived(name, 'https://www.example.com/', headers)).toBe(value);
  });

  it.each(['x-missing', 'x-obs-fold-header', 'x-latin-1'])('%s is refused', (name) => {
    expect(() => derived(name, 'https://www.example.com/', headers)).toThrow(/^x-.* is covered, and /);
  });
});

describe('requestTarget', () => {
  it.each([
    'mailto:a@b.example',
    'ftp://www.example.com/',
    'https:/www.example.com/',
    'https:///path',
    'https://user@www.example.com/',
    'https://user:secret@www.example.com/',
    'https://www.example.com\\path',
    'https://www.example.com/a b',
    'https://www.example.com/a\n',
    'https://www.ex\tample.com/',
    'https://müller.example/',
    'https://www.example.com:99999/',
    ' https://www.example.com/',
    '/path',
    '',
  ])('refuses %j', (uri) => {
    expect(requestTarget(uri)).toBeUndefined();
  });
});
