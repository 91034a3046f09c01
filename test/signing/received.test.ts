import { describe, expect, it } from 'vitest';
import { singleHeader } from '../../src/signing/received.js';
import { codeOf } from './refusal-code.js';

describe('a header', () => {
  it('that came 300,000 times is refused as any repeated one, and does not overflow the stack', () => {
    const headers = { 'webhook-id': Array.from({ length: 300_000 }, () => 'msg_1') };
    expect(() => singleHeader(headers, 'webhook-id')).toThrow('webhook-id came 300000 times');
    expect(codeOf(() => singleHeader(headers, 'webhook-id'))).toBe('invalid-signature');
  });
});
