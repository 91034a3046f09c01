import { EventEmitter, type IPolicy } from 'cockatiel';
import { invalidOption } from '../../options.js';
import type { Callee } from './call.js';
import { Pipeline } from './pipeline.js';
import { planPipeline } from './plan.js';
import type { PipelineContext, PipelineSettings } from './settings.js';
import { type PipelineSnapshot, restorePipeline, snapshotPipeline } from './snapshot.js';
import { TimeoutLine } from './timeout-line.js';

/**
 * Policies around any async function of yours. Made by `resiliencePipeline`. It is a cockatiel `IPolicy`, so `wrap`, `fallback`
 * and the rest of cockatiel compose with it, both ways round.
 */
export class ResiliencePipeline implements IPolicy<PipelineContext> {
  declare readonly _altReturn: never;
  /** Not `#pipeline`: V8 checks the brand of such a field at every call. */
  private readonly pipeline: Pipeline;

  /** @internal Use `resiliencePipeline`. */
  constructor(pipeline: Pipeline) {
    this.pipeline = pipeline;
  }

  /** Fires for every call that succeeds, with its duration; cockatiel's contract. */
  get onSuccess(): IPolicy['onSuccess'] {
    this.pipeline.listeners.successes ??= new EventEmitter();
    return this.pipeline.listeners.successes.addListener;
  }

  /** Fires for every attempt that fails; `handled` is true when it is tried again. cockatiel's contract. */
  get onFailure(): IPolicy['onFailure'] {
    this.pipeline.listeners.failures ??= new EventEmitter();
    return this.pipeline.listeners.failures.addListener;
  }

  /**
   * Calls `fn` under the policies. Resolves with its value; a value that `classify` calls a failure is retried and, when the
   * attempts are used up, returned as it is. Rejects with the last real error, or one of ours. It answers in time although the
   * callee ignores its signal.
   *
   * @throws RingbackError `circuit-open`, `circuit-isolated`, `concurrency-full`, `rate-limited`, `policy-refused`,
   *   `attempt-timeout`, `deadline-exceeded`, `cancelled`; `invalid-option` for what is no function, or no signal.
   * @example
   * ```ts
   * import { resiliencePipeline } from 'ringback';
   *
   * const partner = resiliencePipeline();
   * console.log(await partner.execute(async ({ signal }) => signal.aborted)); // false
   * ```
   */
  execute<T>(fn: Callee<T>, signal?: AbortSignal): Promise<T> {
    if (typeof fn !== 'function') return Promise.reject(invalidOption('execute(fn)', 'a function', fn));
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      return Promise.reject(invalidOption('execute(fn, signal)', 'an AbortSignal, or left out', signal));
    }
    return this.pipeline.call(fn, signal, undefined);
  }

  /**
   * The function under this pipeline: same arguments, same `this`. A function that should hear of timeouts takes the signal
   * through `execute` instead.
   *
   * @throws RingbackError `invalid-option` for what is no function.
   * @example
   * ```ts
   * import { resiliencePipeline } from 'ringback';
   *
   * const double = resiliencePipeline().wrap(async (value: number) => 2 * value);
   * console.log(await double(21)); // 42
   * ```
   */
  wrap<This, Args extends unknown[], T>(
    fn: (this: This, ...args: Args) => PromiseLike<T> | T,
  ): (this: This, ...args: Args) => Promise<T> {
    if (typeof fn !== 'function') throw invalidOption('wrap(fn)', 'a function', fn);
    const pipeline = this.pipeline;
    return function (...args) {
      return pipeline.call(() => fn.apply(this, args), undefined, undefined);
    };
  }

  /** The policies' state as plain JSON in wall-clock times: for an operator to look at, and for {@link restore}. */
  snapshot(): PipelineSnapshot {
    return snapshotPipeline(this.pipeline);
  }

  /** Takes up what {@link ResiliencePipeline.snapshot} gave, in this process or another: a serverless run starts where the last one stopped. */
  restore(snapshot: PipelineSnapshot): void {
    restorePipeline(this.pipeline, snapshot);
  }
}

/**
 * Policies around any async function of yours: deadline, retry with a budget, circuit breaker, concurrency, rate, attempt
 * timeout, in the order that keeps each honest. Every part has a default, and `false` leaves it out. Settings are checked
 * here, not at the first outage.
 *
 * @throws RingbackError `invalid-option` for a setting that is unknown, out of range, or works against another.
 * @example
 * ```ts
 * import { fetchOutcome, resiliencePipeline } from 'ringback';
 *
 * const partner = resiliencePipeline({ deadlineMs: 10_000, attemptTimeoutMs: 2_000, classify: fetchOutcome });
 * const answer = await partner.execute(async ({ attempt }) => `answered at attempt ${attempt}`);
 * console.log(answer); // answered at attempt 1
 * ```
 */
export function resiliencePipeline(settings: PipelineSettings = {}): ResiliencePipeline {
  const plan = planPipeline(settings);
  const timeouts = plan.timeoutMs === undefined ? undefined : new TimeoutLine(plan.clock, plan.timeoutMs);
  return new ResiliencePipeline(new Pipeline(plan, settings.name, timeouts));
}
