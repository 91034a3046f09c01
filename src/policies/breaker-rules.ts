import type { PolicySnapshot } from './policy.js';

/**
 * When a breaker opens: one per breaker, made by a spec. It keeps its own window, on the times it is given.
 */
export interface BreakerRule {
  /** A success that took this long speaks against the destination too: probes and the ramp are judged by it. Default: none. */
  readonly slowMs?: number | undefined;
  /** Takes an outcome in. */
  record(failed: boolean, durationMs: number, nowMs: number): void;
  /** The reason to open now, for a person; undefined to stay closed. Asked after each record. */
  trips(nowMs: number): string | undefined;
  /** Forgets what it has seen. */
  reset(): void;
  /** Plain JSON in wall-clock times. */
  snapshot(nowMs: number, wallMs: number): PolicySnapshot;
  /** Takes up what {@link BreakerRule.snapshot} gave. What it can't read it ignores. */
  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void;
}

/** A rule's settings, checked: makes a fresh rule for each breaker. */
export interface BreakerRuleSpec {
  /** What its snapshots are marked with: a breaker takes up only those of its own rule. */
  readonly name: string;
  /** A fresh rule that has seen nothing. */
  create(): BreakerRule;
}

/**
 * A spec whose rules need neither a clock nor a duration. Such a rule also works where nobody has them to give: in cockatiel's
 * own circuit breaker.
 */
export interface ClocklessRuleSpec extends BreakerRuleSpec {
  /** The mark of it: `asCockatielBreaker` takes no other. */
  readonly clockless: true;
}
