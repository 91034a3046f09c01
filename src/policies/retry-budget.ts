import { checkNames, contractOption, invalidOption, numberOption } from '../options.js';
import type { PolicySnapshot } from './policy.js';

/** Settings of {@link RetryBudget}. */
export interface RetryBudgetOptions {
  /** Tokens that a success refunds: the share of successful calls that may be retried. More than 0, at most 1. Default 0.2 (Finagle, Envoy: 20 %). */
  readonly ratio?: number;
  /** Tokens that time alone refills, a second, so that a quiet client can retry at all. 0 for none. Default 3 (Envoy's floor of 3). */
  readonly reservePerSecond?: number;
  /** The most tokens it holds, and what it starts with. Default 10 (gRPC's bucket). */
  readonly maxTokens?: number;
  /** What a retry costs, in tokens. Default 1. */
  readonly retryCost?: number;
  /** What a retry after a timeout costs, at least `retryCost`: a timeout has held resources at both ends. Default twice `retryCost` (AWS: 10 against 5). */
  readonly timeoutCost?: number;
  /** A wider budget that every withdrawal must satisfy too: all or nothing. */
  readonly parent?: RetryBudget;
}

/** Tokens that retries draw on: bounds what retrying adds to the load. */
export interface RetryBudget {
  /** Stands where a policy's name would. */
  readonly name: 'retry-budget';
  /** A success: refunds here and in every parent. */
  deposit(nowMs: number): void;
  /** Takes the cost of one retry from this budget and all its parents, or from none. True when it did. */
  withdraw(timedOut: boolean, nowMs: number): boolean;
  /** Gives back what a withdrawal took: the retry was not made after all. */
  giveBack(timedOut: boolean, nowMs: number): void;
  /** The tokens that a retry could draw on now: the least of this and its parents. */
  balance(nowMs: number): number;
  /** Ms until one retry can be paid again by time alone; 0 when it can now, `Infinity` when time refills nothing. */
  waitMs(timedOut: boolean, nowMs: number): number;
  /** This budget's own tokens; a parent is its owner's to keep. */
  snapshot(nowMs: number, wallMs: number): PolicySnapshot;
  /** Takes up what {@link RetryBudget.snapshot} gave, and what time has refilled since. What it can't read it ignores. */
  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void;
}

/** Sums of fractions such as ten times 0.1 come out a hair under a whole token; they buy one all the same. */
const ROUNDING = 1e-9;

interface Settings {
  readonly ratio: number;
  readonly reservePerMs: number;
  readonly maxTokens: number;
  readonly retryCost: number;
  readonly timeoutCost: number;
  readonly parent: RetryBudget | undefined;
}

class TokenBudget implements RetryBudget {
  readonly name = 'retry-budget';
  private readonly ratio: number;
  private readonly reservePerMs: number;
  private readonly maxTokens: number;
  private readonly retryCost: number;
  private readonly timeoutCost: number;
  private readonly parent: RetryBudget | undefined;
  private tokens: number;
  private refilledAtMs = 0;

  constructor(settings: Settings) {
    this.ratio = settings.ratio;
    this.reservePerMs = settings.reservePerMs;
    this.maxTokens = settings.maxTokens;
    this.retryCost = settings.retryCost;
    this.timeoutCost = settings.timeoutCost;
    this.parent = settings.parent;
    this.tokens = settings.maxTokens;
  }

  /** On every success's path. Time's refill can wait for the next withdrawal: two additions under one cap commute. */
  deposit(nowMs: number): void {
    const tokens = this.tokens + this.ratio;
    this.tokens = tokens < this.maxTokens ? tokens : this.maxTokens;
    if (this.parent !== undefined) this.parent.deposit(nowMs);
  }

  withdraw(timedOut: boolean, nowMs: number): boolean {
    this.refill(nowMs);
    const cost = this.cost(timedOut);
    if (this.tokens + ROUNDING < cost) return false;
    // The parents are asked before anything is taken here, and each asks its own before it takes: all pay or none.
    if (this.parent !== undefined && !this.parent.withdraw(timedOut, nowMs)) return false;
    this.tokens = Math.max(0, this.tokens - cost);
    return true;
  }

  giveBack(timedOut: boolean, nowMs: number): void {
    this.tokens = Math.min(this.maxTokens, this.tokens + this.cost(timedOut));
    this.parent?.giveBack(timedOut, nowMs);
  }

  balance(nowMs: number): number {
    this.refill(nowMs);
    return this.parent === undefined ? this.tokens : Math.min(this.tokens, this.parent.balance(nowMs));
  }

  waitMs(timedOut: boolean, nowMs: number): number {
    this.refill(nowMs);
    const missing = this.cost(timedOut) - this.tokens;
    const ownMs = missing <= ROUNDING ? 0 : Math.ceil((missing - ROUNDING / 2) / this.reservePerMs);
    return this.parent === undefined ? ownMs : Math.max(ownMs, this.parent.waitMs(timedOut, nowMs));
  }

  snapshot(nowMs: number, wallMs: number): PolicySnapshot {
    this.refill(nowMs);
    return { tokens: this.tokens, atMs: wallMs };
  }

  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void {
    const { tokens, atMs } = snapshot;
    if (typeof tokens !== 'number' || typeof atMs !== 'number' || !(tokens >= 0) || !Number.isFinite(atMs)) return;
    const sinceMs = Math.max(0, wallMs - atMs);
    this.tokens = Math.min(this.maxTokens, tokens + sinceMs * this.reservePerMs);
    this.refilledAtMs = nowMs;
  }

  private cost(timedOut: boolean): number {
    return timedOut ? this.timeoutCost : this.retryCost;
  }

  private refill(nowMs: number): void {
    // A parent may be shared by pipelines on different clocks: time that goes back refills nothing.
    if (nowMs <= this.refilledAtMs) return;
    this.tokens = Math.min(this.maxTokens, this.tokens + (nowMs - this.refilledAtMs) * this.reservePerMs);
    this.refilledAtMs = nowMs;
  }
}

const NAMES = ['ratio', 'reservePerSecond', 'maxTokens', 'retryCost', 'timeoutCost', 'parent'];
const CONTRACT = ['deposit', 'withdraw', 'giveBack', 'balance', 'waitMs'];

/**
 * A retry budget: a bucket of tokens that bounds what retrying adds to the load. Successes refund a share of a token, time
 * refills a few a second, a retry takes one. While calls succeed there is always something to retry with; when everything
 * fails, retries stop at once instead of multiplying the load on what is already down.
 *
 * A pipeline makes one of its own from plain options. Make one here to share it: between pipelines, or as the `parent` of
 * narrower budgets.
 *
 * @throws RingbackError `invalid-option` for a value out of range, an unknown name, or a cost that `maxTokens` could never pay.
 * @example
 * ```ts
 * import { resiliencePipeline, retryBudget } from 'ringback';
 *
 * const client = retryBudget({ maxTokens: 100, reservePerSecond: 10 });
 * const partner = resiliencePipeline({ budget: { ratio: 0.1, parent: client } });
 * console.log(client.withdraw(false, 0), client.balance(0)); // true 99
 * console.log(await partner.execute(() => 'called')); // called
 * ```
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  checkNames('budget', options, NAMES);
  if (options.ratio === 0) throw invalidOption('budget.ratio', 'above 0, as successes would refund nothing', options.ratio);
  const maxTokens = numberOption('budget.maxTokens', options.maxTokens, 10, { above: 0, to: 1e9 });
  const retryCost = numberOption('budget.retryCost', options.retryCost, 1, { above: 0, to: 1e9 });
  const timeoutCost = numberOption('budget.timeoutCost', options.timeoutCost, 2 * retryCost, { above: 0, to: 1e9 });
  if (timeoutCost < retryCost) {
    throw invalidOption('budget.timeoutCost', `at least retryCost (${retryCost}), as a timeout costs more`, timeoutCost);
  }
  if (timeoutCost > maxTokens) {
    throw invalidOption(
      'budget.maxTokens',
      `at least timeoutCost (${timeoutCost}), or no timeout could ever be retried`,
      maxTokens,
    );
  }
  const { parent } = options;
  return new TokenBudget({
    ratio: numberOption('budget.ratio', options.ratio, 0.2, { above: 0, to: 1 }),
    reservePerMs: numberOption('budget.reservePerSecond', options.reservePerSecond, 3, { from: 0, to: 1e9 }) / 1000,
    maxTokens,
    retryCost,
    timeoutCost,
    parent: parent === undefined ? undefined : contractOption('budget.parent', parent, CONTRACT),
  });
}
