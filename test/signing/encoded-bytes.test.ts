import { describe, expect, it } from 'vitest';
import { decodeStrictly, equalBytes } from '../../src/signing/encoded-bytes.js';

describe('bytes in a header', () => {
  it('have one spelling in each encoding', () => {
    const bytes = Buffer.of(0xfb, 0xff, 0xfe, 0x01);
    expect(decodeStrictly('fbfffe01', 'hex')).toEqual(bytes);
    expect(decodeStrictly('+//+AQ==', 'base64')).toEqual(bytes);
    expect(decodeStrictly('-__-AQ', 'base64url')).toEqual(bytes);
    for (const text of ['FBFFFE01', 'fbfffe0', 'fbfffe0g', ' fbfffe01'])
      expect(decodeStrictly(text, 'hex'), text).toBeUndefined();
    for (const text of ['+//+AQ', '-__-AQ==', '+//+AR==', '+//+AQ==='])
      expect(decodeStrictly(text, 'base64'), text).toBeUndefined();
    for (const text of ['-__-AQ==', '+//+AQ', '-__-AR']) expect(decodeStrictly(text, 'base64url'), text).toBeUndefined();
  });

  it('of different lengths are unequal, and no exception', () => {
    expect(equalBytes(Buffer.of(1, 2), Buffer.of(1, 2))).toBe(true);
    expect(equalBytes(Buffer.of(1, 2), Buffer.of(1, 3))).toBe(false);
    expect(equalBytes(Buffer.of(1, 2), Buffer.of(1))).toBe(false);
    expect(equalBytes(Buffer.of(), Buffer.of(1))).toBe(false);
  });
});
