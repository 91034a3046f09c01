import type { OutboxSnapshot } from '../outbox/outbox.js';
import type { PipelineSnapshot } from '../policies/pipeline/snapshot.js';
import type { FailureStreak } from './failure-streak.js';

/** What an operator asks of an instance: plain JSON. */
export interface RingbackSnapshot {
  readonly takenAtMs: number;
  /** Calls of `deliver` that run now. */
  readonly delivering: number;
  readonly outbox: OutboxSnapshot;
  /** The client's retry budget in tokens, where there is one. */
  readonly budgetBalance?: number | undefined;
  /** Per destination: breaker state, limit and what is in flight, budget. */
  readonly destinations: Readonly<Record<string, PipelineSnapshot>>;
  /** The destinations that have had no success since they failed, and since when. `createRingback({ failing })` takes it again. */
  readonly failing: Readonly<Record<string, FailureStreak>>;
}
