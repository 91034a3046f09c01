import { describe, expect, it } from 'vitest';
import { checkAge } from '../../src/signing/timestamp.js';
import { codeOf } from './refusal-code.js';

const NOW_MS = 1_789_000_000_000;

describe('the age of a timestamp', () => {
  it('is out of tolerance where now is no number, also where it would count as one', () => {
    for (const now of [Number.NaN, undefined, null, String(NOW_MS), BigInt(NOW_MS), new Date(NOW_MS), Symbol('now'), [NOW_MS]])
      expect(codeOf(() => checkAge('webhook-timestamp', NOW_MS, now as never, 300_000))).toBe('stale-signature');
    expect(codeOf(() => checkAge('webhook-timestamp', NOW_MS, NOW_MS, 300_000))).toBe('no error');
  });
});
