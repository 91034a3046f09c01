import type { Attempt } from '../../src/policies/policy.js';

/** An attempt as the pipeline makes it, for tests that call a policy by hand. */
export function attemptOf(over: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    destination: 'https://partner.example',
    priority: 0,
    enqueuedAtMs: 0,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    startedAtMs: -1,
    breakerMark: 0,
    limiterMark: 0,
    rateMark: 0,
    ...over,
  };
}
