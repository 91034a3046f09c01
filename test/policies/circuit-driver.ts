import type { OutcomeKind } from '../../src/outcome.js';
import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from '../../src/policies/circuit-breaker.js';
import type { Attempt, Refusal } from '../../src/policies/policy.js';
import { attemptOf } from './attempt.js';

/** Drives a breaker as the pipeline does, on a time that the test sets. */
export class CircuitDriver {
  readonly breaker: CircuitBreaker;
  nowMs = 1_000;

  constructor(options: CircuitBreakerOptions = {}) {
    this.breaker = circuitBreaker(options);
  }

  peek(): Refusal | undefined {
    return this.breaker.peek?.(this.nowMs);
  }

  /** Lets an attempt in, or throws the refusal's reason. */
  start(): Attempt {
    const entered = this.enter();
    if ('code' in entered) throw new Error(entered.reason);
    return entered;
  }

  /** An attempt that was let in, or the refusal. */
  enter(): Attempt | Refusal {
    const attempt = attemptOf();
    const refusal = this.breaker.acquire(attempt, this.nowMs);
    if (refusal !== undefined) return refusal as Refusal;
    attempt.startedAtMs = this.nowMs;
    return attempt;
  }

  end(attempt: Attempt, kind: OutcomeKind, status?: number): void {
    this.breaker.record(attempt, { kind, status }, this.nowMs);
    this.breaker.release(attempt);
  }

  /** One call from beginning to end. */
  call(kind: OutcomeKind, durationMs = 0): void {
    const attempt = this.start();
    this.nowMs += durationMs;
    this.end(attempt, kind);
  }

  calls(count: number, kind: OutcomeKind): void {
    for (let i = 0; i < count; i++) this.call(kind);
  }

  /** How many of so many calls are let in, each succeeding at once. */
  letIn(count: number): number {
    let admitted = 0;
    for (let i = 0; i < count; i++) {
      const entered = this.enter();
      if ('code' in entered) continue;
      admitted++;
      this.end(entered, 'delivered');
    }
    return admitted;
  }

  refusal(): Refusal {
    const entered = this.enter();
    if (!('code' in entered)) throw new Error(`let in while ${this.breaker.state}`);
    return entered;
  }
}
