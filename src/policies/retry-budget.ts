/** Settings of {@link RetryBudget}. */
export interface RetryBudgetOptions {
  /** Tokens that a success refunds: the share of successful calls that may be retried. More than 0, at most 1. Default 0.2 (Finagle, Envoy: 20 %). */
  readonly ratio?: number;
  /** Tokens that time alone refills, a second, so that a quiet client can retry at all. Default 3 (Envoy's floor of 3). */
  readonly reservePerSecond?: number;
  /** The most tokens it holds, and what it starts with. Default 10 (gRPC's bucket). */
  readonly maxTokens?: number;
  /** What a retry costs, in tokens. Default 1. */
  readonly retryCost?: number;
  /** What a retry after a timeout costs: a timeout has held resources at both ends. Default 2 (AWS: 10 against 5). */
  readonly timeoutCost?: number;
  /** A wider budget that every withdrawal must satisfy too: all or nothing. */
  readonly parent?: RetryBudget;
}

/** Tokens that retries draw on: bounds what retrying adds to the load. */
export interface RetryBudget {
  readonly name: 'retry-budget';
  /** A success: refunds here and in every parent. */
  deposit(nowMs: number): void;
  /** Takes the cost of one retry from this budget and all its parents, or from none. True when it did. */
  withdraw(timedOut: boolean, nowMs: number): boolean;
  /** Gives back what a withdrawal took: the retry was not made after all. */
  giveBack(timedOut: boolean, nowMs: number): void;
  /** The tokens that a retry could draw on now: the least of this and its parents. */
  balance(nowMs: number): number;
  /** Ms until one retry can be paid again by time alone; 0 when it can now. */
  waitMs(timedOut: boolean, nowMs: number): number;
}
