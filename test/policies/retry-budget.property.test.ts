import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RetryBudget, retryBudget } from '../../src/policies/retry-budget.js';

/** One budget as it is thought of: refilled at every step, taken from only after the whole chain was asked. */
interface ModelBudget {
  tokens: number;
  readonly ratio: number;
  readonly reservePerSecond: number;
  readonly maxTokens: number;
  readonly timeoutCost: number;
  readonly parent: ModelBudget | undefined;
}

const chainOf = (budget: ModelBudget): ModelBudget[] => [budget, ...(budget.parent === undefined ? [] : chainOf(budget.parent))];

/** Two destinations under one client: the model's, and the real ones. */
interface Model {
  nowMs: number;
  readonly budgets: readonly [client: ModelBudget, a: ModelBudget, b: ModelBudget];
}

interface Real {
  nowMs: number;
  readonly budgets: readonly [client: RetryBudget, a: RetryBudget, b: RetryBudget];
}

/** Fractions of two, and whole seconds, so that model and budget can't differ by a rounding at a boundary. */
const shape = fc.record({
  ratio: fc.constantFrom(0.125, 0.25, 1),
  reservePerSecond: fc.constantFrom(0, 1, 4),
  maxTokens: fc.constantFrom(2, 3.5, 10),
  timeoutCost: fc.constantFrom(1, 1.5, 2),
});

const cost = (budget: ModelBudget, timedOut: boolean): number => (timedOut ? budget.timeoutCost : 1);

function expectSame(model: Model, real: Real): void {
  for (const [index, budget] of model.budgets.entries()) {
    const own = (real.budgets[index] as RetryBudget).snapshot(real.nowMs, 0);
    expect(own.tokens).toBeCloseTo(budget.tokens, 6);
    expect(own.tokens).toBeGreaterThanOrEqual(0);
    expect(own.tokens).toBeLessThanOrEqual(budget.maxTokens);
    const least = Math.min(...chainOf(budget).map(({ tokens }) => tokens));
    expect(real.budgets[index]?.balance(real.nowMs)).toBeCloseTo(least, 6);
  }
}

type Step = (model: Model, real: Real) => void;

const command = (name: string, step: Step): fc.Command<Model, Real> => ({
  check: () => true,
  run: (model, real) => {
    step(model, real);
    expectSame(model, real);
  },
  toString: () => name,
});

const deposit = (index: number): Step => {
  return (model, real) => {
    real.budgets[index]?.deposit(real.nowMs);
    for (const budget of chainOf(model.budgets[index] as ModelBudget)) {
      budget.tokens = Math.min(budget.maxTokens, budget.tokens + budget.ratio);
    }
  };
};

const withdraw = (index: number, timedOut: boolean): Step => {
  return (model, real) => {
    const chain = chainOf(model.budgets[index] as ModelBudget);
    const payable = chain.every((budget) => budget.tokens >= cost(budget, timedOut) - 1e-6);
    expect(real.budgets[index]?.waitMs(timedOut, real.nowMs) === 0).toBe(payable);
    expect(real.budgets[index]?.withdraw(timedOut, real.nowMs)).toBe(payable);
    if (payable) for (const budget of chain) budget.tokens -= cost(budget, timedOut);
  };
};

const giveBack = (index: number, timedOut: boolean): Step => {
  return (model, real) => {
    real.budgets[index]?.giveBack(timedOut, real.nowMs);
    for (const budget of chainOf(model.budgets[index] as ModelBudget)) {
      budget.tokens = Math.min(budget.maxTokens, budget.tokens + cost(budget, timedOut));
    }
  };
};

const wait = (seconds: number): Step => {
  return (model, real) => {
    model.nowMs += seconds * 1_000;
    real.nowMs += seconds * 1_000;
    for (const budget of model.budgets) {
      budget.tokens = Math.min(budget.maxTokens, budget.tokens + seconds * budget.reservePerSecond);
    }
  };
};

const waitAsTold = (index: number, timedOut: boolean): Step => {
  return (model, real) => {
    const waitMs = (real.budgets[index] as RetryBudget).waitMs(timedOut, real.nowMs);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    wait(Math.ceil(waitMs / 1_000))(model, real);
    expect(real.budgets[index]?.waitMs(timedOut, real.nowMs)).toBe(0);
  };
};

const index = fc.integer({ min: 0, max: 2 });
const commands = fc.commands(
  [
    index.map((at) => command(`deposit ${at}`, deposit(at))),
    fc.tuple(index, fc.boolean()).map(([at, timedOut]) => command(`withdraw ${at} ${timedOut}`, withdraw(at, timedOut))),
    fc.tuple(index, fc.boolean()).map(([at, timedOut]) => command(`giveBack ${at} ${timedOut}`, giveBack(at, timedOut))),
    fc.tuple(index, fc.boolean()).map(([at, timedOut]) => command(`waitAsTold ${at} ${timedOut}`, waitAsTold(at, timedOut))),
    fc.integer({ min: 0, max: 5 }).map((seconds) => command(`wait ${seconds} s`, wait(seconds))),
  ],
  { maxCommands: 60 },
);

describe('retryBudget against its model', () => {
  it('moves every token as the model does, over two destinations nested in one client', () => {
    fc.assert(
      fc.property(shape, shape, commands, (clientShape, destinationShape, steps) => {
        const client = retryBudget(clientShape);
        const real: Real = {
          nowMs: 0,
          budgets: [
            client,
            retryBudget({ ...destinationShape, parent: client }),
            retryBudget({ ...destinationShape, parent: client }),
          ],
        };
        const modelClient: ModelBudget = { ...clientShape, tokens: clientShape.maxTokens, parent: undefined };
        const nested = (): ModelBudget => ({ ...destinationShape, tokens: destinationShape.maxTokens, parent: modelClient });
        const model: Model = { nowMs: 0, budgets: [modelClient, nested(), nested()] };
        fc.modelRun(() => ({ model, real }), steps);
      }),
      { numRuns: 500 },
    );
  });

  it('never lets retries exceed the full bucket, the refunds and the reserve', () => {
    const calls = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 500 }), succeeds: fc.boolean() }), { maxLength: 300 });
    fc.assert(
      fc.property(shape, calls, (settings, load) => {
        const budget = retryBudget(settings);
        let nowMs = 0;
        let retries = 0;
        let successes = 0;
        for (const { afterMs, succeeds } of load) {
          nowMs += afterMs;
          if (succeeds) {
            budget.deposit(nowMs);
            successes++;
          } else if (budget.withdraw(false, nowMs)) retries++;
        }
        const allowed = settings.maxTokens + successes * settings.ratio + (nowMs / 1_000) * settings.reservePerSecond;
        expect(retries).toBeLessThanOrEqual(allowed + 1e-6);
      }),
    );
  });
});
