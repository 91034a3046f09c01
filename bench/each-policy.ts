/** What one policy costs alone, around a call that does nothing: ours, and those of others. A section of the benchmark. */
import {
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  type IPolicy,
  retry,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import CircuitBreaker from 'opossum';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { type PipelineSettings, resiliencePipeline } from 'ringback';
import { BARE_AWAIT, COCKATIEL, RINGBACK } from './figures.ts';
import { type CallMaker, microPlan } from './micro.ts';
import { section } from './section.ts';
import { cockatielWrap, SEVEN_PARTS } from './settings.ts';

const NO_PARTS = {
  deadlineMs: false,
  retry: false,
  budget: false,
  circuitBreaker: false,
  concurrency: false,
  rateLimiter: false,
  attemptTimeoutMs: false,
} as const satisfies PipelineSettings;

const noop = async (): Promise<void> => {};

function ringbackWith(parts: PipelineSettings): CallMaker {
  return () => {
    const pipeline = resiliencePipeline({ ...NO_PARTS, ...parts });
    return () => pipeline.execute(noop);
  };
}

function cockatielWith(make: () => IPolicy): CallMaker {
  return () => {
    const policy = make();
    return () => policy.execute(noop);
  };
}

const { deadlineMs, retry: retries, budget, circuitBreaker: breaker, concurrency, rateLimiter, attemptTimeoutMs } = SEVEN_PARTS;

const MAKERS: Readonly<Record<string, CallMaker>> = {
  [BARE_AWAIT]: () => () => noop(),
  'ringback, no policy': ringbackWith({}),
  'ringback, deadline': ringbackWith({ deadlineMs }),
  'ringback, retry': ringbackWith({ retry: retries }),
  'ringback, retry and budget': ringbackWith({ retry: retries, budget }),
  'ringback, circuit breaker': ringbackWith({ circuitBreaker: breaker }),
  'ringback, bulkhead': ringbackWith({ concurrency: { limit: 100 } }),
  'ringback, adaptive concurrency': ringbackWith({ concurrency }),
  'ringback, rate limiter': ringbackWith({ rateLimiter }),
  'ringback, attempt timeout': ringbackWith({ attemptTimeoutMs }),
  [RINGBACK]: ringbackWith(SEVEN_PARTS),
  'cockatiel, retry': cockatielWith(() => retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() })),
  'cockatiel, circuit breaker': cockatielWith(() =>
    circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(5) }),
  ),
  'cockatiel, bulkhead': cockatielWith(() => bulkhead(100)),
  'cockatiel, cooperative timeout': cockatielWith(() => timeout(10_000, TimeoutStrategy.Cooperative)),
  'cockatiel, aggressive timeout': cockatielWith(() => timeout(10_000, TimeoutStrategy.Aggressive)),
  [COCKATIEL]: cockatielWith(cockatielWrap),
  'opossum, breaker and timeout': () => {
    const fuse = new CircuitBreaker(noop, { timeout: 10_000 });
    return () => fuse.fire();
  },
  'p-retry': () => () => pRetry(noop, { retries: 3 }),
  'p-queue, add': () => {
    const queue = new PQueue({ concurrency: 100 });
    return () => queue.add(noop);
  },
};

/** Half as many rounds as elsewhere, as there are many candidates. */
await section({ 'each-policy': { ...microPlan(MAKERS), rounds: ({ rounds }) => Math.ceil(rounds / 2) } });
