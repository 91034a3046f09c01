import { describe, expect, it } from 'vitest';
import { singleHeader } from '../../src/signing/received.js';
import { codeOf } from './refusal-code.js';

describe('a header', () => {
  it.each<[string, unknown]>([
    ['no such name', { 'webhook-ids': 'msg_1', 'x-webhook-id': 'msg_1' }],
    ['a name without a value', { 'webhook-id': undefined }],
    ['a list of none', { 'webhook-id': [] }],
    ['Headers without it', new Headers({ 'webhook-ids': 'msg_1' })],
    ['Headers of another make, that give undefined', { get: () => undefined }],
  ])('is missing in %s', (_what, headers) => {
    expect(() => singleHeader(headers as never, 'webhook-id')).toThrow('webhook-id is missing');
  });

  it('is found in any case, and must be text', () => {
    expect(singleHeader({ 'Webhook-ID': 'msg_1' }, 'webhook-id')).toBe('msg_1');
    expect(singleHeader({ 'Webhook-ID': ['msg_1'] }, 'webhook-id')).toBe('msg_1');
    expect(singleHeader(new Headers({ 'Webhook-ID': 'msg_1' }), 'webhook-id')).toBe('msg_1');
    expect(() => singleHeader({ 'webhook-id': 7 } as never, 'webhook-id')).toThrow('webhook-id must be text, got number');
    for (const headers of [null, undefined, 'webhook-id: msg_1'])
      expect(() => singleHeader(headers as never, 'webhook-id')).toThrow(`headers must be an object, got ${typeof headers}`);
  });

  it('that came 300,000 times is refused as any repeated one, and does not overflow the stack', () => {
    const headers = { 'webhook-id': Array.from({ length: 300_000 }, () => 'msg_1') };
    expect(() => singleHeader(headers, 'webhook-id')).toThrow('webhook-id came 300000 times');
    expect(codeOf(() => singleHeader(headers, 'webhook-id'))).toBe('invalid-signature');
  });
});
