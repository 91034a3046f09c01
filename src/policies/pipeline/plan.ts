import type { Policy as CockatielFilter } from 'cockatiel';
import { classifyByDefault } from '../../classify/default.js';
import { type Clock, systemClock } from '../../clock.js';
import { RingbackError } from '../../errors.js';
import { checkNames, contractOption, invalidOption, numberOption, show } from '../../options.js';
import type { AttemptEnd, Classify, Outcome, OutcomeKind } from '../../outcome.js';
import { systemRandom } from '../../random.js';
import { CircuitBreakerMachine } from '../circuit-breaker/machine.js';
import { type CircuitBreakerSettings, circuitBreakerSettings } from '../circuit-breaker/settings.js';
import type { CircuitBreaker, CircuitBreakerOptions } from '../circuit-breaker.js';
import {
  type AimdLimiterOptions,
  type BulkheadOptions,
  type ConcurrencyLimiter,
  concurrencyLimiter,
} from '../concurrency-limiter.js';
import type { Policy } from '../policy.js';
import { type RateLimiter, type RateLimiterOptions, rateLimiter } from '../rate-limiter.js';
import { createRetry, type Retry } from '../retry.js';
import { type RetryBudget, retryBudget } from '../retry-budget.js';
import type { PipelineSettings } from './settings.js';

const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_ATTEMPT_TIMEOUT_MS = 10_000;

/** The user's `classify` threw: nothing is known of the destination, and trying again would throw again. */
export const UNCLASSIFIED: Outcome = Object.freeze({ kind: 'shed', reason: 'classify threw' });

/** The settings that differ from pipeline to pipeline; the others are those of whoever owns several. */
export const OWN_SETTINGS = [
  'deadlineMs',
  'retry',
  'budget',
  'circuitBreaker',
  'concurrency',
  'rateLimiter',
  'attemptTimeoutMs',
  'extra',
  'name',
] as const;

const NAMES = [...OWN_SETTINGS, 'classify', 'clock', 'random'] as const;

const POLICY_METHODS = ['acquire', 'record', 'release', 'snapshot', 'restore'] as const;

const BUDGET_METHODS = ['deposit', 'withdraw', 'giveBack', 'balance', 'waitMs', 'snapshot', 'restore'] as const;

/** Settings, checked: makes the parts of as many pipelines as are asked for. */
export interface PipelinePlan {
  readonly clock: Clock;
  /** `Infinity` for none. */
  readonly deadlineMs: number;
  /** The longest that a first attempt may run: its own timeout, or the deadline; undefined for as long as it likes. */
  readonly timeoutMs: number | undefined;
  readonly retry: Retry;
  readonly classify: Classify | undefined;
  outcomeOf(end: AttemptEnd): Outcome;
  breaker(): CircuitBreaker | undefined;
  limiter(): ConcurrencyLimiter | undefined;
  rate(): RateLimiter | undefined;
  budget(): RetryBudget | undefined;
  readonly extra: readonly Policy[];
}

/**
 * Checks settings and makes a plan of them. One of each part is made at once, so that what is wrong shows here.
 *
 * @throws RingbackError `invalid-option`.
 */
export function planPipeline(settings: PipelineSettings): PipelinePlan {
  checkNames('resiliencePipeline', settings, NAMES);
  if (settings.name !== undefined && typeof settings.name !== 'string') throw invalidOption('name', 'a string', settings.name);
  const clock = contractOption('clock', settings.clock ?? systemClock, ['now', 'monotonic', 'setTimer', 'clearTimer', 'sleep']);
  const random = settings.random ?? systemRandom;
  if (typeof random !== 'function') throw invalidOption('random', 'a function', random);
  const { deadlineMs, timeoutMs } = planTimes(settings);
  const classify = planClassify(settings.classify);
  const retry = createRetry(settings.retry === false ? { maxAttempts: 1 } : (settings.retry ?? {}), random);
  checkFirstRetry(settings, deadlineMs);
  const plan: PipelinePlan = {
    clock,
    deadlineMs,
    timeoutMs,
    retry,
    classify,
    outcomeOf: (end) => toOutcome(classify?.(end) ?? classifyByDefault(end)),
    breaker: maker('circuitBreaker', settings.circuitBreaker ?? {}, (options: CircuitBreakerOptions) =>
      breakerMaker(options, timeoutMs),
    ),
    limiter: maker(
      'concurrency',
      settings.concurrency ?? {},
      (options: BulkheadOptions | AimdLimiterOptions) => () => concurrencyLimiter(options),
    ),
    rate: maker('rateLimiter', settings.rateLimiter ?? false, (options: RateLimiterOptions) => () => rateLimiter(options)),
    budget: planBudget(settings),
    extra: planExtra(settings.extra),
  };
  plan.breaker();
  plan.limiter();
  plan.rate();
  plan.budget();
  return plan;
}

function planTimes(settings: PipelineSettings): { deadlineMs: number; timeoutMs: number | undefined } {
  const deadlineMs =
    settings.deadlineMs === false
      ? Number.POSITIVE_INFINITY
      : numberOption('deadlineMs', settings.deadlineMs, DEFAULT_DEADLINE_MS, { above: 0 });
  if (settings.attemptTimeoutMs === false) {
    return { deadlineMs, timeoutMs: deadlineMs === Number.POSITIVE_INFINITY ? undefined : deadlineMs };
  }
  const attemptTimeoutMs = numberOption('attemptTimeoutMs', settings.attemptTimeoutMs, DEFAULT_ATTEMPT_TIMEOUT_MS, { above: 0 });
  if (settings.attemptTimeoutMs !== undefined && attemptTimeoutMs > deadlineMs) {
    throw new RingbackError(
      'invalid-option',
      `attemptTimeoutMs (${attemptTimeoutMs}) must not be longer than deadlineMs (${deadlineMs}): no attempt could ever time out`,
    );
  }
  return { deadlineMs, timeoutMs: Math.min(attemptTimeoutMs, deadlineMs) };
}

/** A function, or a cockatiel filter: what it handles is `failed`; another value is `delivered`, another error `rejected`. */
function planClassify(setting: PipelineSettings['classify']): Classify | undefined {
  if (setting === undefined || typeof setting === 'function') return setting;
  // By shape, as the user's copy of cockatiel may be another than ours.
  const { errorFilter, resultFilter } = (setting as Partial<CockatielFilter> | null)?.options ?? {};
  if (typeof errorFilter !== 'function' || typeof resultFilter !== 'function') {
    throw invalidOption('classify', 'a function or a cockatiel filter', setting);
  }
  return (end) => {
    if ('value' in end) return resultFilter(end.value) ? 'failed' : 'delivered';
    return errorFilter(end.error) ? 'failed' : 'rejected';
  };
}

const KINDS: Readonly<Record<OutcomeKind, Outcome>> = Object.freeze({
  // A classifier may answer anything, also `constructor`.
  __proto__: null as never,
  delivered: Object.freeze({ kind: 'delivered' }),
  rejected: Object.freeze({ kind: 'rejected' }),
  gone: Object.freeze({ kind: 'gone' }),
  overloaded: Object.freeze({ kind: 'overloaded' }),
  failed: Object.freeze({ kind: 'failed' }),
  'timed-out': Object.freeze({ kind: 'timed-out' }),
  cancelled: Object.freeze({ kind: 'cancelled' }),
  shed: Object.freeze({ kind: 'shed' }),
  forbidden: Object.freeze({ kind: 'forbidden' }),
});

/** What a classifier or a transport answered, as an outcome; what is none of ours counts as `failed`, so that nothing passes for delivered. */
function toOutcome(answer: Outcome | OutcomeKind): Outcome {
  if (typeof answer === 'string') return KINDS[answer] ?? unknownOutcome(answer);
  return answer.kind in KINDS ? answer : unknownOutcome(answer.kind ?? answer);
}

/** It looks like a failure of the other end's, so the reason says whose it is. */
function unknownOutcome(given: unknown): Outcome {
  return { kind: 'failed', reason: `unknown outcome ${show(given)}` };
}

/** An instance is shared as it is; options, checked once, make a fresh policy each time; `false` makes none. */
function maker<O extends object, P extends Policy>(
  name: string,
  setting: O | P | false,
  check: (options: O) => () => P,
): () => P | undefined {
  if (setting === false) return () => undefined;
  if (typeof setting !== 'object' || setting === null) throw invalidOption(name, 'options, an instance, or false', setting);
  if ('acquire' in setting) {
    const instance = contractOption(name, setting as P, POLICY_METHODS);
    return () => instance;
  }
  return check(setting as O);
}

function breakerMaker(options: CircuitBreakerOptions, timeoutMs: number | undefined): () => CircuitBreaker {
  const settings = circuitBreakerSettings(options);
  checkSlowMs(settings, timeoutMs);
  return () => new CircuitBreakerMachine(settings);
}

/** No call lasts longer than its timeout. */
function checkSlowMs({ rule }: CircuitBreakerSettings, timeoutMs: number | undefined): void {
  const { slowMs } = rule.create();
  if (slowMs === undefined || timeoutMs === undefined || slowMs <= timeoutMs) return;
  throw new RingbackError(
    'invalid-option',
    `circuitBreaker.rule's slowMs (${slowMs}) must not be longer than an attempt may take (${timeoutMs}): no call could ever be slow`,
  );
}

/** Who asks for retries, by settings that were checked, must leave them the time; a cockatiel backoff draws by itself, and can't be asked. */
function checkFirstRetry({ retry }: PipelineSettings, deadlineMs: number): void {
  if (!retry || (retry.backoff !== undefined && !('delayMs' in retry.backoff))) return;
  const outcome = KINDS[retry.on?.[0] ?? 'failed'];
  const shortest = createRetry(retry, () => 0);
  const first = shortest.next({ attempt: 1, previousDelayMs: 0, outcome, nowMs: 0, deadlineAtMs: deadlineMs });
  if (first.retry || first.why !== 'deadline') return;
  throw new RingbackError(
    'invalid-option',
    `deadlineMs (${deadlineMs}) must be longer than the first delay of retry.backoff: no retry could ever begin (retry: false leaves it out)`,
  );
}

/** Where the pipeline does not retry, a budget is made only if it is asked for: whoever retries around it draws on it. */
function planBudget({ budget, retry }: PipelineSettings): () => RetryBudget | undefined {
  if (budget === false || (budget === undefined && retry === false)) return () => undefined;
  if (budget === undefined) return () => retryBudget();
  if (typeof budget !== 'object' || budget === null) throw invalidOption('budget', 'options, a retryBudget, or false', budget);
  if ('withdraw' in budget) {
    const instance = contractOption('budget', budget, BUDGET_METHODS);
    return () => instance;
  }
  return () => retryBudget(budget);
}

function planExtra(extra: PipelineSettings['extra']): readonly Policy[] {
  if (extra === undefined) return [];
  if (!Array.isArray(extra)) throw invalidOption('extra', 'an array of policies', extra);
  return extra.map((policy: Policy, index) => contractOption(`extra[${index}]`, policy, POLICY_METHODS));
}
