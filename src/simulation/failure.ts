import { networkOutcome } from '../classify/network-error.js';
import { statusOutcome } from '../classify/status.js';
import { withoutStack } from '../errors.js';
import type { Classify } from '../outcome.js';

/** What the simulated receiver answers when it took the callback. */
export interface SimulatedAnswer {
  readonly status: 200;
}

export const TAKEN: SimulatedAnswer = Object.freeze({ status: 200 });

/** Why an attempt at the simulated receiver failed, in the shape of an HTTP client's error: by status, or by a network code. */
export class SimulatedFailure extends Error {
  override readonly name = 'SimulatedFailure';
  /** 429, 500 or 503; undefined when no answer came. */
  readonly status: 429 | 500 | 503 | undefined;
  /** `ECONNREFUSED` or `ECONNRESET`; undefined when it answered. */
  readonly code: 'ECONNREFUSED' | 'ECONNRESET' | undefined;
  /** `retry-after` in seconds, with a 429. */
  readonly headers: Readonly<Record<string, string>>;

  /** @internal */
  constructor(cause: NonNullable<SimulatedFailure['status'] | SimulatedFailure['code']>, retryAfterSeconds?: number) {
    super(typeof cause === 'number' ? `answered ${cause}` : cause);
    this.status = typeof cause === 'number' ? cause : undefined;
    this.code = typeof cause === 'string' ? cause : undefined;
    this.headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  }
}

/** Failures come by the hundred thousand in a storm: none has a stack. */
export function simulatedFailure(...cause: ConstructorParameters<typeof SimulatedFailure>): SimulatedFailure {
  return withoutStack(() => new SimulatedFailure(...cause));
}

/**
 * What an attempt at the simulated receiver came to. Settings given as `pipeline` have it already; a pipeline that you make
 * yourself is given it as `classify`, and so knows a 503 from a 500 and reads Retry-After.
 *
 * @example
 * ```ts
 * import { resiliencePipeline } from 'ringback';
 * import { simulate, simulatedOutcome } from 'ringback/simulation';
 *
 * const { summary } = await simulate({
 *   durationMs: 10_000,
 *   arrivals: { kind: 'constant', perSecond: 10 },
 *   receiver: { workers: 2, service: { kind: 'constant', meanMs: 50 } },
 *   pipeline: ({ clock, random }) => resiliencePipeline({ clock, random, classify: simulatedOutcome }),
 * });
 * console.log(summary.delivered); // prints 100
 * ```
 */
export const simulatedOutcome: Classify = (end) => {
  if (!('error' in end) || !(end.error instanceof SimulatedFailure)) return undefined;
  const { status, headers } = end.error;
  return status === undefined ? networkOutcome(end.error) : statusOutcome(status, headers);
};
