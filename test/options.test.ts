import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../src/errors.js';
import {
  checkNames,
  contractOption,
  durationOption,
  functionOption,
  invalidOption,
  numberOption,
  requiredNumber,
} from '../src/options.js';

const messageOf = (check: () => unknown): string => {
  try {
    check();
  } catch (error) {
    if (isRingbackError(error, 'invalid-option')) return error.message;
    throw error;
  }
  return 'nothing was thrown';
};

describe('invalidOption', () => {
  it.each([
    [0, '0 (number)'],
    ['fast', '"fast" (string)'],
    [10n, '10 (bigint)'],
    [true, 'true (boolean)'],
    [null, 'null'],
    [undefined, 'undefined (undefined)'],
    [[1, 2], 'an array of 2'],
    [{ a: 1 }, '[object Object] (object)'],
    [Symbol('s'), 'Symbol(s) (symbol)'],
    ['x'.repeat(21), 'a string of 21 characters'],
  ])('states the rule, the value and its type: %s', (value, shown) => {
    expect(invalidOption('retry.maxAttempts', 'an integer', value).message).toBe(
      `retry.maxAttempts must be an integer, got ${shown}`,
    );
  });
});

describe('a secret that lands in an option by mistake is in no message', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'redis://:hunter2@store', 'hunter2'])(
    'where a shape is asked for: %s',
    (secret) => {
      for (const check of [
        () => checkNames('standardWebhooks', secret, ['secrets']),
        () => contractOption('signature', secret, ['sign', 'verify']),
        () => functionOption<unknown>('classify', secret, undefined),
      ]) {
        expect(messageOf(check)).toMatch(/ must be an? .*, got a string of \d+ characters$/);
      }
    },
  );

  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'redis://:hunter2@store'])('where a value is asked for: %s', (secret) => {
    expect(messageOf(() => numberOption('n', secret, 0, {}))).toBe(
      `n must be a finite number, got a string of ${secret.length} characters`,
    );
  });
});

describe('checkNames', () => {
  it('lets known names pass, also with undefined values', () => {
    expect(messageOf(() => checkNames('retry', { maxAttempts: 2, backoff: undefined }, ['maxAttempts', 'backoff']))).toBe(
      'nothing was thrown',
    );
  });

  it('refuses a misspelt name and says which there are', () => {
    expect(messageOf(() => checkNames('retry', { maxAttempt: 2 }, ['maxAttempts', 'backoff']))).toBe(
      'retry has no option "maxAttempt"; it has maxAttempts, backoff',
    );
  });

  it.each([[undefined], [null], [4], ['x'], [[]]])('refuses %s, which is no object', (options) => {
    expect(messageOf(() => checkNames('retry', options, []))).toMatch(/^retry must be an object of options, got /);
  });
});

describe('numberOption', () => {
  it('takes the default for undefined alone', () => {
    expect(numberOption('n', undefined, 7, { from: 1 })).toBe(7);
    expect(messageOf(() => numberOption('n', null, 7, { from: 1 }))).toContain('got null');
  });

  it.each([
    [{ from: 1, to: 100, integer: true }, [1, 50, 100], [0, 101, 1.5], 'an integer from 1 to 100'],
    [{ from: 0 }, [0, 0.5, 1e9], [-0.1], 'a finite number of at least 0'],
    [{ above: 0, to: 1 }, [0.1, 1], [0, 1.1], 'a finite number above 0, at most 1'],
    [{ above: 0 }, [1e-9], [0, -1], 'a finite number above 0'],
    [{ to: 5 }, [-3, 5], [6], 'a finite number of at most 5'],
    [{}, [-1e9, 0], [], 'a finite number'],
  ])('keeps the rule %o, ends as stated', (rule, good, bad, text) => {
    for (const value of good) expect(numberOption('n', value, 0, rule)).toBe(value);
    for (const value of [...bad, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
      expect(messageOf(() => numberOption('n', value, 0, rule))).toContain(`n must be ${text}, got `);
    }
  });
});

describe('requiredNumber', () => {
  it('keeps the rule, and says of a missing number that it is missing', () => {
    expect(requiredNumber('n', 1, { from: 1 })).toBe(1);
    expect(messageOf(() => requiredNumber('n', 0, { from: 1 }))).toBe('n must be a finite number of at least 1, got 0 (number)');
    expect(messageOf(() => requiredNumber('n', undefined, { from: 1 }))).toContain('got undefined (undefined)');
    expect(messageOf(() => requiredNumber('n', null, { from: 1 }))).toContain('got null');
  });
});

describe('durationOption', () => {
  it('takes ms from 0 on', () => {
    expect(durationOption('waitMs', 0, 5)).toBe(0);
    expect(durationOption('waitMs', undefined, 5)).toBe(5);
    expect(messageOf(() => durationOption('waitMs', -1, 5))).toBe(
      'waitMs must be a finite number of at least 0, got -1 (number)',
    );
  });
});

describe('functionOption', () => {
  it('takes a function, the default for undefined, and nothing else', () => {
    const [own, fallback] = [() => 1, () => 2];
    expect(functionOption('random', own, fallback)).toBe(own);
    expect(functionOption('random', undefined, fallback)).toBe(fallback);
    expect(messageOf(() => functionOption('random', 4 as never, fallback))).toBe('random must be a function, got 4 (number)');
  });
});

describe('contractOption', () => {
  it('takes what has the methods, inherited ones too', () => {
    const plain = { claim: () => {}, release: () => {} };
    expect(contractOption('store', plain, ['claim', 'release'])).toBe(plain);
    const map = new Map();
    expect(contractOption('store', map, ['get', 'set'])).toBe(map);
  });

  it.each([[undefined], [null], [4], [{}], [{ claim: 4 }]])('refuses %o', (value) => {
    expect(messageOf(() => contractOption('store', value, ['claim', 'release']))).toMatch(
      /^store must be an object with claim\(\), release\(\), got /,
    );
  });
});
