import type { Outcome } from '../../outcome.js';
import type { CircuitState } from '../circuit-breaker.js';
import type { Attempt, Refusal } from '../policy.js';
import type { RetryDecision } from '../retry.js';
import type { PipelineContext } from './settings.js';

/** What a pipeline calls. */
export type Callee<T> = (context: PipelineContext) => PromiseLike<T> | T;

/** What a callee gave, where it is to be waited for. A thenable that is no promise of this realm may settle twice, or throw: the platform sees to that. */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (value instanceof Promise) return value;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return typeof (value as PromiseLike<unknown>).then === 'function' ? Promise.resolve(value) : undefined;
}

/** Told of one call as it goes: what receipts and errors are written from. */
export interface CallObserver {
  attemptEnded(attempt: Attempt, outcome: Outcome, nowMs: number): void;
  /** Asked in vain: `attempt` never began. */
  refused(attempt: number, refusal: Refusal, nowMs: number): void;
  decided(decision: RetryDecision, budgetBalance: number | undefined): void;
}

/** What a call may set for itself. */
export interface CallOptions {
  readonly deadlineMs: number;
  readonly priority: number;
  /** False where whoever asked reschedules by himself. */
  readonly retries: boolean;
  readonly observer: CallObserver | undefined;
}

/** Told when something of the pipeline moved, with no timer and no event of its own. */
export interface PipelineHooks {
  circuitChanged(destination: string, state: CircuitState, reason: string): void;
  limitChanged(destination: string, limit: number): void;
  /** Something was given back: who was refused may look again. */
  released(destination: string): void;
}
