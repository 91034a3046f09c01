import { describe, expect, it } from 'vitest';
import { isRingbackError, memoryIdempotencyStore } from '../../src/index.js';
import { type ReceiverOptions, receiver } from '../../src/receiver/index.js';
import { requestOf, scheme } from './sender.js';

const right: ReceiverOptions = { signature: scheme, store: memoryIdempotencyStore(), onCallback: () => {} };

describe('the options of a receiver', () => {
  it.each([
    ['colour', { colour: 1 }],
    ['signature', { signature: undefined }],
    ['signature', { signature: [] }],
    ['signature', { signature: Array.from({ length: 11 }, () => scheme) }],
    ['signature', { signature: [scheme, 'whsec_a secret by mistake'] }],
    ['store', { store: undefined }],
    ['store', { store: new Map() }],
    ['onCallback', { onCallback: undefined }],
    ['onCallback', { onCallback: 'handler' }],
    ['idOf', { idOf: 'id' }],
    ['name', { name: '' }],
    ['name', { name: 'a:b' }],
    ['name', { name: 'x'.repeat(41) }],
    ['name', { name: 7 }],
    ['replay', { replay: 'yes' }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxBytes', { maxBytes: 1.5 }],
    ['leaseMs', { leaseMs: 99 }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['ttlMs', { ttlMs: Number.NaN }],
    ['origin', { origin: 'api.example' }],
    ['origin', { origin: 'https://api.example/' }],
    ['origin', { origin: 'https://api.example/hooks' }],
    ['origin', { origin: 'file:///hooks' }],
    ['logger', { logger: { error: () => {} } }],
    ['clock', { clock: {} }],
  ])('refuse a wrong %s: %o', (name, wrong) => {
    let error: unknown;
    try {
      receiver({ ...right, ...wrong } as ReceiverOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect((error as Error).message).toContain(name);
    expect((error as Error).message).not.toContain('whsec_');
  });

  it('refuse what is no object', () => {
    expect(() => receiver(undefined as never)).toThrow('receiver must be an object of options, got undefined (undefined)');
  });

  it('have a logger that tells errors to the console, and nothing else', async () => {
    const told: unknown[] = [];
    const { error } = console;
    console.error = (...all: unknown[]) => told.push(all[0]);
    try {
      const receive = receiver({
        ...right,
        onCallback: () => {
          throw new Error('mine');
        },
      });
      expect((await receive(await requestOf())).status).toBe(500);
      expect((await receive(await requestOf({ timestampMs: 0 }))).status).toBe(401);
    } finally {
      console.error = error;
    }
    expect(told).toEqual(['a callback was refused']);
  });
});
