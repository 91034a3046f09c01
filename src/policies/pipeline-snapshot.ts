import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { Pipeline } from './pipeline.js';
import type { PolicySnapshot } from './policy.js';

/** A pipeline's state: plain JSON, times in wall-clock ms. */
export interface PipelineSnapshot {
  readonly takenAtMs: number;
  readonly circuitBreaker?: PolicySnapshot;
  readonly concurrency?: PolicySnapshot;
  readonly rateLimiter?: PolicySnapshot;
  readonly budget?: { readonly balance: number };
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
    ...(budget && { budget: { balance: budget.balance(nowMs) } }),
    ...(extra.length > 0 && {
      extra: Object.fromEntries(extra.map((policy) => [policy.name, policy.snapshot(nowMs, wallMs)])),
    }),
  };
}

/** For the operator; a restore takes no notice of it. */
function occupancy({ inFlight, waiting, reclaimed }: ConcurrencyLimiter): PolicySnapshot {
  return { inFlight, waiting, reclaimed };
}

/** A budget is not restored: it starts full, and a second of traffic sets it right. */
export function restorePipeline({ admission, clock }: Pipeline, snapshot: PipelineSnapshot): void {
  const nowMs = clock.monotonic();
  const wallMs = clock.now();
  const { breaker, limiter, rate, extra } = admission;
  if (snapshot.circuitBreaker !== undefined) breaker?.restore(snapshot.circuitBreaker, nowMs, wallMs);
  if (snapshot.concurrency !== undefined) limiter?.restore(snapshot.concurrency, nowMs, wallMs);
  if (snapshot.rateLimiter !== undefined) rate?.restore(snapshot.rateLimiter, nowMs, wallMs);
  for (const policy of extra) {
    const saved = snapshot.extra?.[policy.name];
    if (saved !== undefined) policy.restore(saved, nowMs, wallMs);
  }
}
