import type { PolicySnapshot } from './policy.js';

/** When a breaker opens: one per breaker, made by a spec. */
export interface BreakerRule {
  /** Takes an outcome in. */
  record(failed: boolean, durationMs: number, nowMs: number): void;
  /** The reason to open now, for a person; undefined to stay closed. Asked after each record. */
  trips(nowMs: number): string | undefined;
  /** Forgets what it has seen. */
  reset(): void;
  snapshot(nowMs: number, wallMs: number): PolicySnapshot;
  restore(snapshot: PolicySnapshot, nowMs: number, wallMs: number): void;
}

/** A rule's settings, checked: makes a fresh rule for each breaker. */
export interface BreakerRuleSpec {
  readonly name: string;
  create(): BreakerRule;
}
