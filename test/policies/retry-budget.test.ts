import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from '../../src/policies/retry-budget.js';

/** Without time's refill, so that the tokens are those that the test moved. */
const still = (options: RetryBudgetOptions = {}): RetryBudget => retryBudget({ reservePerSecond: 0, ...options });

describe('retryBudget', () => {
  it('starts full: maxTokens 10, a retry costs 1', () => {
    const budget = still();
    let retries = 0;
    while (budget.withdraw(false, 0)) retries++;
    expect(retries).toBe(10);
    expect(budget.balance(0)).toBe(0);
  });

  it('Token bucket: success refunds', () => {
    const budget = still({ ratio: 0.2 });
    while (budget.withdraw(false, 0));
    for (let success = 0; success < 4; success++) budget.deposit(0);
    expect(budget.withdraw(false, 0)).toBe(false);
    budget.deposit(0);
    expect(budget.withdraw(false, 0)).toBe(true);
    expect(budget.withdraw(false, 0)).toBe(false);
  });

  it('buys one retry with ten refunds of 0.1, though the sum is a hair under 1', () => {
    const budget = still({ ratio: 0.1 });
    while (budget.withdraw(false, 0));
    for (let success = 0; success < 10; success++) budget.deposit(0);
    expect(budget.withdraw(false, 0)).toBe(true);
    expect(budget.balance(0)).toBe(0);
  });

  it('a timeout costs more', () => {
    const budget = still();
    let retries = 0;
    while (budget.withdraw(true, 0)) retries++;
    expect(retries).toBe(5);
  });

  it('holds at most maxTokens, whatever is deposited, given back or waited for', () => {
    const budget = retryBudget({ maxTokens: 10, reservePerSecond: 3 });
    budget.deposit(0);
    budget.giveBack(true, 0);
    expect(budget.balance(0)).toBe(10);
    expect(budget.balance(1_000_000)).toBe(10);
  });

  it('a small time-based reserve lets a quiet client retry at all', () => {
    const budget = retryBudget({ reservePerSecond: 3 });
    while (budget.withdraw(false, 0));
    expect(budget.withdraw(false, 333)).toBe(false);
    expect(budget.withdraw(false, 334)).toBe(true);
    expect(budget.withdraw(false, 334)).toBe(false);
  });

  it('tells how long time alone takes until a retry can be paid', () => {
    const budget = retryBudget({ reservePerSecond: 4 });
    expect(budget.waitMs(false, 0)).toBe(0);
    while (budget.withdraw(false, 0));
    expect(budget.waitMs(false, 0)).toBe(250);
    expect(budget.waitMs(true, 0)).toBe(500);
    expect(budget.waitMs(false, 100)).toBe(150);
    expect(budget.withdraw(false, 249)).toBe(false);
    expect(budget.waitMs(false, 249)).toBe(1);
    expect(budget.withdraw(false, 250)).toBe(true);
  });

  it('waits for ever where time refills nothing', () => {
    const budget = still();
    while (budget.withdraw(false, 0));
    expect(budget.waitMs(false, 0)).toBe(Number.POSITIVE_INFINITY);
    budget.deposit(0);
    expect(budget.waitMs(false, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('refills nothing when a clock goes back', () => {
    const budget = retryBudget({ reservePerSecond: 1 });
    while (budget.withdraw(false, 5_000));
    expect(budget.balance(1_000)).toBe(0);
    expect(budget.balance(6_000)).toBe(1);
  });

  describe('buckets nest (destination → whole client)', () => {
    it('and a withdrawal is all or nothing: an empty parent leaves the child untouched', () => {
      const client = still({ maxTokens: 2 });
      const destination = still({ maxTokens: 5, parent: client });
      expect(destination.withdraw(false, 0)).toBe(true);
      expect(destination.withdraw(false, 0)).toBe(true);
      expect(destination.withdraw(false, 0)).toBe(false);
      for (let i = 0; i < 5; i++) client.giveBack(false, 0);
      expect(client.balance(0)).toBe(2);
      expect(destination.balance(0)).toBe(2);
      expect(destination.withdraw(false, 0) && destination.withdraw(false, 0)).toBe(true);
    });

    it('and a withdrawal is all or nothing: an empty child leaves the parents untouched', () => {
      const client = still({ maxTokens: 50 });
      const region = still({ maxTokens: 20, parent: client });
      const destination = still({ maxTokens: 2, parent: region });
      expect(destination.withdraw(true, 0)).toBe(true);
      expect(destination.withdraw(false, 0)).toBe(false);
      expect([region.balance(0), client.balance(0)]).toEqual([18, 48]);
    });

    it('and a withdrawal is all or nothing: an empty grandparent leaves all untouched', () => {
      const client = still({ maxTokens: 2 });
      const region = still({ maxTokens: 20, parent: client });
      const destination = still({ maxTokens: 10, parent: region });
      expect(destination.withdraw(true, 0)).toBe(true);
      expect(destination.withdraw(false, 0)).toBe(false);
      client.giveBack(true, 0);
      expect(destination.withdraw(false, 0)).toBe(true);
      expect(region.balance(0)).toBe(1);
    });

    it('and a success refunds in each, a giving back in each', () => {
      const client = still({ maxTokens: 10 });
      const destination = still({ maxTokens: 10, parent: client });
      destination.withdraw(true, 0);
      destination.deposit(0);
      expect(client.balance(0)).toBeCloseTo(8.2);
      destination.giveBack(false, 0);
      expect(client.balance(0)).toBeCloseTo(9.2);
      expect(destination.balance(0)).toBeCloseTo(9.2);
    });

    it('and the wait is the longest of them', () => {
      const client = retryBudget({ maxTokens: 2, reservePerSecond: 1 });
      const destination = retryBudget({ maxTokens: 10, reservePerSecond: 10, parent: client });
      destination.withdraw(true, 0);
      expect(destination.waitMs(false, 0)).toBe(1_000);
    });
  });

  describe('over a restart', () => {
    it('takes up its tokens, and what time has refilled since', () => {
      const budget = retryBudget({ reservePerSecond: 2 });
      while (budget.withdraw(false, 500));
      const snapshot = JSON.parse(JSON.stringify(budget.snapshot(500, 1_000_000)));
      const next = retryBudget({ reservePerSecond: 2 });
      next.restore(snapshot, 77, 1_001_500);
      expect(next.balance(77)).toBe(3);
      expect(next.balance(577)).toBe(4);
    });

    it('ignores text, though it reads as a number', () => {
      const budget = still({ maxTokens: 10 });
      budget.withdraw(false, 0);
      budget.restore({ tokens: '3', atMs: 0 }, 0, 0);
      expect(budget.balance(0)).toBe(9);
    });

    it('ignores what it can not read, and a wall clock that went back', () => {
      const budget = still();
      budget.withdraw(false, 0);
      for (const snapshot of [{}, { tokens: -1, atMs: 0 }, { tokens: 'all', atMs: 0 }, { tokens: 3, atMs: null }]) {
        budget.restore(snapshot, 0, 0);
        expect(budget.balance(0)).toBe(9);
      }
      const refilled = retryBudget({ reservePerSecond: 2 });
      refilled.restore({ tokens: 3, atMs: 2_000 }, 0, 1_000);
      expect(refilled.balance(0)).toBe(3);
    });
  });

  it('has the name that a refusal would carry', () => {
    expect(retryBudget().name).toBe('retry-budget');
  });

  it('has a timeout cost twice what a retry costs, unless told otherwise', () => {
    const budget = still({ maxTokens: 20, retryCost: 3 });
    budget.withdraw(true, 0);
    expect(budget.balance(0)).toBe(14);
  });

  it.each<[unknown, RegExp]>([
    [{ timeoutCost: 0 }, /budget\.timeoutCost must be a finite number above 0, at most 1000000000, got 0/],
    [{ timeoutCost: 2e9 }, /budget\.timeoutCost must be a finite number above 0, at most 1000000000, got 2000000000/],
    [{ ratio: 0 }, /budget\.ratio must be above 0, as successes would refund nothing, got 0 \(number\)/],
    [{ ratio: 1.5 }, /budget\.ratio must be a finite number above 0, at most 1, got 1\.5 \(number\)/],
    [{ ratio: Number.NaN }, /budget\.ratio .* got NaN/],
    [{ reservePerSecond: -1 }, /budget\.reservePerSecond .* got -1/],
    [{ maxTokens: 0 }, /budget\.maxTokens must be a finite number above 0, at most 1000000000, got 0/],
    [{ maxTokens: '10' }, /budget\.maxTokens .* got "10" \(string\)/],
    [{ retryCost: 0 }, /budget\.retryCost .* got 0/],
    [{ retryCost: 3, timeoutCost: 2 }, /budget\.timeoutCost must be at least retryCost \(3\)/],
    [{ maxTokens: 1 }, /budget\.maxTokens must be at least timeoutCost \(2\), or no timeout could ever be retried, got 1/],
    [{ parent: { ratio: 0.2 } }, /budget\.parent must be an object with deposit\(\)/],
    [{ tokens: 3 }, /budget has no option "tokens"/],
    [null, /budget must be an object of options, got null/],
  ])('refuses %j', (options, message) => {
    let thrown: unknown;
    try {
      retryBudget(options as RetryBudgetOptions);
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect((thrown as Error).message).toMatch(message);
  });
});
