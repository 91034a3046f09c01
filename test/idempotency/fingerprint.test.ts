import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../../src/idempotency/fingerprint.js';

const to = 'https://a.example/hooks';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a fingerprint is a SHA-256 in hex, and stays what it is from release to release', () => {
  expect(fingerprintOf({ to, type: 'invoice.paid', data: { id: 'in_42', lines: [1, 2] } })).toBe(
    '1a15399c6c80d2519f1cc1c736c619658b5a0abd3ae414a7200f21713929740b',
  );
  expect(fingerprintOf({ to, type: 'invoice.paid', body: bytes('{"id":"in_42"}') })).toBe(
    '416c1d31380980e59c8a831077ef2c99d52f112043796c25dc0bef2115c98054',
  );
});

test('the order of keys does not matter, at any depth', () => {
  const a = { id: 1, deep: { x: [1, { p: 1, q: 2 }], y: null } };
  const b = { deep: { y: null, x: [1, { q: 2, p: 1 }] }, id: 1 };
  expect(fingerprintOf({ to, data: a })).toBe(fingerprintOf({ to, data: b }));
  expect(fingerprintOf({ to, data: { x: [1, 2] } })).not.toBe(fingerprintOf({ to, data: { x: [2, 1] } }));
});

test('what is sent as the same JSON has the same fingerprint, and only that', () => {
  const sortedJson = (value: unknown): string => JSON.stringify(sorted(JSON.parse(JSON.stringify(value))));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(fingerprintOf({ to, data: a }) === fingerprintOf({ to, data: b })).toBe(sortedJson(a) === sortedJson(b));
      expect(fingerprintOf({ to, data: a })).toBe(fingerprintOf({ to, data: JSON.parse(JSON.stringify(a)) }));
    }),
  );
});

test('dates count as they are sent, undefined members not at all', () => {
  const at = new Date(0);
  expect(fingerprintOf({ to, data: { at, gone: undefined } })).toBe(fingerprintOf({ to, data: { at: at.toJSON() } }));
});

test('destination, type, data and body each count, and can not be taken for one another', () => {
  const all = [
    { to },
    { to, body: bytes('{}') },
    { to, data: {} },
    { to, data: null },
    { to, data: '{}' },
    { to, type: '', data: {} },
    { to, type: 'a', data: {} },
    { to: `${to}2`, data: {} },
    { to: `${to}","a`, data: {} },
    { to, type: 'a', body: bytes('') },
    { to, type: 'a', body: bytes('\n') },
    { to, body: Uint8Array.of(255) },
    { to, body: Uint8Array.of(254) },
  ];
  expect(new Set(all.map(fingerprintOf)).size).toBe(all.length);
  expect(fingerprintOf({ to })).toBe(fingerprintOf({ to, type: undefined, body: new Uint8Array(0) }));
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;

test.each([
  ['a cycle', cycle, TypeError],
  ['a BigInt', { amount: 10n }, TypeError],
  ['a toJSON that throws', { toJSON: () => JSON.parse('{') }, SyntaxError],
])('%s is refused with invalid-callback, and what was thrown is its cause', (_, data, thrown) => {
  const message = 'data must be plain JSON without cycles and BigInts, got object';
  expect(() => fingerprintOf({ to, data })).toThrow(
    expect.objectContaining({ code: 'invalid-callback', message, cause: expect.any(thrown) }),
  );
});

test.each([
  ['a function', () => {}, 'data must be plain JSON, got function'],
  ['a symbol', Symbol('s'), 'data must be plain JSON, got symbol'],
])('%s, which JSON has no word for, is refused with invalid-callback', (_, data, message) => {
  expect(() => fingerprintOf({ to, data })).toThrow(expect.objectContaining({ code: 'invalid-callback', message }));
});

/** Objects as tagged lists of their members by key, so that none looks like an array. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['array', ...value.map(sorted)];
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return ['object', ...entries.map(([key, member]) => [key, sorted(member)])];
}
