import { describe, expect, it } from 'vitest';
import { KeptBytes } from '../../src/transports/kept-bytes.js';

describe('bytes that come in parts', () => {
  it('are put together, up to the cap, and say when something did not fit', () => {
    const kept = new KeptBytes(5);
    expect([[1, 2], [], [3], [4, 5]].map((part) => kept.add(new Uint8Array(part)))).toEqual([true, true, true, true]);
    expect(kept.add(new Uint8Array([6]))).toBe(false);
    expect(kept.all()).toEqual(new Uint8Array([1, 2, 3, 4, 5]));
  });

  it('what begins in the cap and ends beyond it is cut there', () => {
    const kept = new KeptBytes(3);
    expect(kept.add(new Uint8Array([1, 2, 3, 4]))).toBe(false);
    expect(kept.all()).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('are nothing where nothing came, or nothing may be kept', () => {
    expect(new KeptBytes(3).all()).toHaveLength(0);
    const none = new KeptBytes(0);
    expect([none.add(new Uint8Array(0)), none.add(new Uint8Array(1))]).toEqual([true, false]);
    expect(none.all()).toHaveLength(0);
  });
});
