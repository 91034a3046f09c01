import { isBrokenCircuitError, isBulkheadRejectedError, isIsolatedCircuitError, isTaskCancelledError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../../src/errors.js';
import {
  attemptTimeoutError,
  cancelledError,
  deadlineError,
  RefusalError,
  refusalError,
} from '../../../src/policies/pipeline/refusal-error.js';
import type { RefusalCode } from '../../../src/policies/policy.js';

const refusal = (code: RefusalCode) => ({ code, policy: 'some-policy', reason: 'so it is', retryAfterMs: 7 });
const brandsOf = (error: Error) => [
  isBrokenCircuitError(error),
  isIsolatedCircuitError(error),
  isBulkheadRejectedError(error),
  isTaskCancelledError(error),
];

describe('the brands of our refusals: cockatiel’s guards hold for them', () => {
  it.each([
    ['circuit-open', [true, false, false, false]],
    ['circuit-isolated', [true, true, false, false]],
    ['concurrency-full', [false, false, true, false]],
    ['rate-limited', [false, false, false, false]],
    ['policy-refused', [false, false, false, false]],
  ] as const)('%s', (code, brands) => {
    const error = refusalError(refusal(code), 'partner');
    expect(brandsOf(error)).toEqual(brands);
    expect(error).toBeInstanceOf(RefusalError);
    expect(isRingbackError(error, code)).toBe(true);
    expect(error).toMatchObject({ policy: 'some-policy', retryAfterMs: 7 });
    expect(error.message).toBe('some-policy refused a call to partner: so it is');
  });

  it.each([
    ['a timeout', attemptTimeoutError('partner', 100), 'TimeoutError', 'the attempt of partner did not end within 100 ms'],
    ['the deadline', deadlineError('partner', 'too late', undefined), 'TimeoutError', 'the deadline of partner passed: too late'],
    ['an abort', cancelledError('partner', 'why'), 'AbortError', 'the call of partner was cancelled'],
  ])('%s is a cancelled task', (_what, error, name, message) => {
    expect(brandsOf(error)).toEqual([false, false, false, true]);
    expect([error.name, error.message]).toEqual([name, message]);
  });

  it('without a name nothing is made up', () => {
    expect(refusalError(refusal('rate-limited'), undefined).message).toBe('some-policy refused a call: so it is');
    expect(attemptTimeoutError(undefined, 5).message).toBe('the attempt did not end within 5 ms');
    expect('cause' in deadlineError(undefined, 'late', undefined)).toBe(false);
  });
});

it('Refusals are fresh and stackless, and other errors keep their stacks', () => {
  const errors = [
    refusalError(refusal('circuit-open'), 'a'),
    refusalError(refusal('circuit-open'), 'a'),
    deadlineError('a', 'b', 1),
  ];
  expect(errors[0]).not.toBe(errors[1]);
  for (const error of errors) expect(error.stack).not.toContain('\n    at ');
  expect(new Error('other').stack).toContain('\n    at ');
});
