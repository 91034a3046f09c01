import { invalidOption } from '../../options.js';
import type { ConcurrencyLimiter } from '../concurrency-limiter.js';
import type { Policy, PolicySnapshot } from '../policy.js';
import type { Pipeline } from './pipeline.js';

/** A pipeline's state: plain JSON, times in wall-clock ms. */
export interface PipelineSnapshot {
  readonly takenAtMs: number;
  readonly circuitBreaker?: PolicySnapshot;
  readonly concurrency?: PolicySnapshot;
  readonly rateLimiter?: PolicySnapshot;
  /** `balance` is for the operator: what a retry could draw on, its parents' tokens regarded too. */
  readonly budget?: PolicySnapshot;
  /** By the policy's name. */
  readonly extra?: Readonly<Record<string, PolicySnapshot>>;
}

export function snapshotPipeline({ admission, budget, clock }: Pipeline): PipelineSnapshot {
  const nowMs = clock.monotonic();
  const wallMs = clock.now();
  const { breaker, limiter, rate, extra } = admission;
  return {
    takenAtMs: wallMs,
    ...(breaker && { circuitBreaker: breaker.snapshot(nowMs, wallMs) }),
    ...(limiter && { concurrency: { ...limiter.snapshot(nowMs, wallMs), ...occupancy(limiter) } }),
    ...(rate && { rateLimiter: rate.snapshot(nowMs, wallMs) }),
    ...(budget && { budget: { ...budget.snapshot(nowMs, wallMs), balance: budget.balance(nowMs) } }),
    ...(extra.length > 0 && {
      extra: Object.fromEntries(extra.map((policy) => [policy.name, policy.snapshot(nowMs, wallMs)])),
    }),
  };
}

/** For the operator; a restore takes no notice of it. */
function occupancy({ inFlight, waiting, reclaimed }: ConcurrencyLimiter): PolicySnapshot {
  return { inFlight, waiting, reclaimed };
}

/** What it can't read it ignores: the part then starts fresh. A budget's parent is its owner's to keep. */
export function restorePipeline({ admission, budget, clock }: Pipeline, snapshot: PipelineSnapshot): void {
  if (!isObject(snapshot)) throw invalidOption('snapshot', 'an object that snapshot() gave', snapshot);
  const nowMs = clock.monotonic();
  const wallMs = clock.now();
  const restore = (part: Restorable | undefined, saved: unknown): void => {
    if (isObject(saved)) part?.restore(saved as PolicySnapshot, nowMs, wallMs);
  };
  const { breaker, limiter, rate, extra } = admission;
  restore(breaker, snapshot.circuitBreaker);
  restore(limiter, snapshot.concurrency);
  restore(rate, snapshot.rateLimiter);
  restore(budget, snapshot.budget);
  for (const policy of extra) restore(policy, snapshot.extra?.[policy.name]);
}

type Restorable = Pick<Policy, 'restore'>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
