import { isRingbackError } from '../../errors.js';
import type { AttemptEnd } from '../../outcome.js';
import type { Refusal } from '../policy.js';
import type { GiveUpReason } from '../retry.js';
import type { PipelineAttempt } from './attempt.js';
import { deadlineError, refusalError } from './refusal-error.js';

const RESOLVED: Promise<void> = Promise.resolve();

/** A call that is refused at once; one microtask later, as a promise that is rejected before anyone listens costs twice as much. */
export function refused(refusal: Refusal, callee: string | undefined): Promise<never> {
  return RESOLVED.then(() => {
    throw refusalError(refusal, callee);
  });
}

/** Settles the call with how its attempt ended. */
export function answer(attempt: PipelineAttempt, end: AttemptEnd): void {
  if ('error' in end) attempt.reject(end.error);
  else attempt.resolve(end.value);
}

/** No further attempt: the caller gets the real end; where time is what stopped us, that end is the cause. */
export function giveUp(attempt: PipelineAttempt, why: GiveUpReason, end: AttemptEnd): void {
  const isCutByDeadline = isRingbackError(attempt.interruption?.error, 'deadline-exceeded');
  if ('value' in end || why !== 'deadline' || isCutByDeadline) answer(attempt, end);
  else attempt.reject(deadlineError(attempt.destination, 'the next attempt could not begin before it', end.error));
}

/** Refused at the first attempt, the refusal is the answer; at a later one, the last real end is. */
export function answerRefused(attempt: PipelineAttempt, refusal: Refusal, nowMs: number): void {
  attempt.options?.observer?.refused(attempt.number, refusal, nowMs);
  if (attempt.previous === undefined) attempt.reject(refusalError(refusal, attempt.destination));
  else answer(attempt, attempt.previous.end);
}

/** It could not begin. Where time is the reason, and the attempt before it ended with a value, the caller gets that value. */
export function answerNotBegun(attempt: PipelineAttempt, error: unknown): void {
  const last = attempt.previous?.end;
  const isLate = isRingbackError(error, 'deadline-exceeded');
  if (isLate && last !== undefined && 'value' in last) attempt.resolve(last.value);
  else attempt.reject(error);
}
