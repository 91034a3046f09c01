export type {
  Answer,
  AttemptRecord,
  Callback,
  CallbackContent,
  CallbackFields,
  CallbackTypes,
  Delivery,
  Message,
  Receipt,
  Response,
} from './callback.js';
export { awsOutcome } from './classify/aws.js';
export { axiosOutcome } from './classify/axios.js';
export { fetchOutcome } from './classify/fetch.js';
export { gotOutcome } from './classify/got.js';
export { type Clock, sleepOn, systemClock, type TimerHandle } from './clock.js';
export { DeliveryError, type DeliveryErrorDetails, type DeliveryFailure } from './delivery/delivery-error.js';
export type { CallbackEvent, DisableEvent, RingbackEvents } from './delivery/events.js';
export type { FailureStreak } from './delivery/failure-streak.js';
export type { DestinationSettings, IdempotencyOptions, OnDisable, RingbackOptions, SignatureFor } from './delivery/options.js';
export type { RingbackSnapshot } from './delivery/snapshot.js';
export type { DeliveryStatus, Enqueued } from './delivery/status.js';
export type { Undelivered } from './delivery/undelivered.js';
export { isRingbackError, RingbackError, type RingbackErrorCode } from './errors.js';
export { type MemoryIdempotencyStoreOptions, memoryIdempotencyStore } from './idempotency/memory-store.js';
export type { Claim, ClaimRequest, IdempotencyStore } from './idempotency/store.js';
export type { Logger } from './logger.js';
export { type MemoryOutboxOptions, memoryOutbox } from './outbox/memory-outbox.js';
export type {
  DeadLetter,
  DeadLetters,
  Disposition,
  Outbox,
  OutboxEntry,
  OutboxHost,
  OutboxSnapshot,
  OutboxStatus,
} from './outbox/outbox.js';
export type { AttemptEnd, Classify, Outcome, OutcomeKind } from './outcome.js';
export {
  type Backoff,
  constant,
  decorrelatedJitter,
  type ExponentialOptions,
  exponential,
  STANDARD_WEBHOOKS_SCHEDULE_MS,
  schedule,
} from './policies/backoff.js';
export { asCockatielBreaker } from './policies/breaker-rules/cockatiel-breaker.js';
export { type ConsecutiveFailuresOptions, consecutiveFailures } from './policies/breaker-rules/consecutive-failures.js';
export { type FailureCountOptions, failureCount } from './policies/breaker-rules/failure-count.js';
export { type FailureRateOptions, failureRate } from './policies/breaker-rules/failure-rate.js';
export { type SlowCallRateOptions, slowCallRate } from './policies/breaker-rules/slow-call-rate.js';
export type { BreakerRule, BreakerRuleSpec, ClocklessRuleSpec } from './policies/breaker-rules.js';
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitState,
  circuitBreaker,
} from './policies/circuit-breaker.js';
export {
  type AimdLimiterOptions,
  aimdLimiter,
  type BulkheadOptions,
  bulkhead,
  type ConcurrencyLimiter,
  type LineOptions,
} from './policies/concurrency-limiter.js';
export type { Callee } from './policies/pipeline/call.js';
export type { AbortListener, CancelSignal } from './policies/pipeline/cancel-signal.js';
export { RefusalError } from './policies/pipeline/refusal-error.js';
export { type ResiliencePipeline, resiliencePipeline } from './policies/pipeline/resilience-pipeline.js';
export type { PipelineContext, PipelineSettings, RetrySettings } from './policies/pipeline/settings.js';
export type { PipelineSnapshot } from './policies/pipeline/snapshot.js';
export type { Attempt, Policy, PolicySnapshot, Refusal, RefusalCode } from './policies/policy.js';
export { type RateLimiter, type RateLimiterOptions, rateLimiter } from './policies/rate-limiter.js';
export type { GiveUpReason } from './policies/retry.js';
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './policies/retry-budget.js';
export { type Random, seededRandom, systemRandom } from './random.js';
export { type CallSettings, createRingback, type Ringback } from './ringback.js';
export type { ReceivedMessage, Signable, SignatureScheme, Verified } from './signing/scheme.js';
export type { AttemptProgress, LightSignal, SendAttempt, Transport } from './transports/transport.js';
