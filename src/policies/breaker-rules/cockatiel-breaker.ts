import { CircuitState as CockatielState, type IBreaker } from 'cockatiel';
import { invalidOption } from '../../options.js';
import type { BreakerRule, BreakerRuleSpec, ClocklessRuleSpec } from '../breaker-rules.js';
import type { PolicySnapshot } from '../policy.js';

/** A cockatiel breaker as a rule. It is asked as if the circuit were closed: what follows after opening is our own business. */
class CockatielRule implements BreakerRule {
  private readonly breaker: IBreaker;
  private tripped = false;

  constructor(breaker: IBreaker) {
    this.breaker = breaker;
  }

  record(failed: boolean): void {
    if (failed) {
      this.tripped = this.breaker.failure(CockatielState.Closed);
    } else {
      this.breaker.success(CockatielState.Closed);
      this.tripped = false;
    }
  }

  trips(): string | undefined {
    return this.tripped ? 'its cockatiel breaker tripped' : undefined;
  }

  /** A success in half-open is cockatiel's own word for: it closes, start anew. */
  reset(): void {
    this.breaker.success(CockatielState.HalfOpen);
    this.tripped = false;
  }

  /** As text: a breaker's state may be any JSON. */
  snapshot(): PolicySnapshot {
    return { state: JSON.stringify(this.breaker.state) ?? '' };
  }

  restore({ state }: PolicySnapshot): void {
    if (typeof state !== 'string') return;
    const before = this.breaker.state;
    try {
      const read: unknown = JSON.parse(state);
      // cockatiel's breakers take any state unseen, so one of another breaker must not reach them.
      if (isLike(read, before)) this.breaker.state = read;
    } catch {
      // No JSON, or a setter that refused it: the breaker stays fresh.
    }
  }
}

/** Whether a state is made like the one that the breaker has, to its depth. Where that has no object yet, there must be none. */
function isLike(read: unknown, before: unknown): boolean {
  if (!isObject(before)) return !isObject(read) && (before === null || typeof read === typeof before);
  if (!isObject(read) || Array.isArray(read) !== Array.isArray(before)) return false;
  const names = Object.keys(before);
  return (
    Object.keys(read).length === names.length &&
    names.every((name) => Object.hasOwn(read, name) && isLike(read[name], before[name]))
  );
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A spec for the one breaker that was given: unlike a rule's spec, it must not be shared. */
export function cockatielRule(breaker: IBreaker): BreakerRuleSpec {
  return Object.freeze({ name: 'cockatiel', create: () => new CockatielRule(breaker) });
}

/** A rule as cockatiel's breaker. */
class RuleBreaker implements IBreaker {
  private readonly rule: BreakerRule;

  constructor(rule: BreakerRule) {
    this.rule = rule;
  }

  get state(): unknown {
    return this.rule.snapshot(0, 0);
  }

  set state(state: unknown) {
    if (typeof state === 'object' && state !== null) this.rule.restore(state as PolicySnapshot, 0, 0);
  }

  success(state: CockatielState): void {
    if (state === CockatielState.HalfOpen) this.rule.reset();
    this.rule.record(false, 0, 0);
  }

  failure(): boolean {
    this.rule.record(true, 0, 0);
    return this.rule.trips(0) !== undefined;
  }
}

/**
 * Makes `consecutiveFailures` or `failureCount` a breaker for cockatiel's own `circuitBreaker`. Rules over a window of time, or
 * over durations, can't go there: cockatiel's contract gives neither a clock nor a duration. A fresh rule is made at each call.
 *
 * @throws RingbackError `invalid-option` for a rule that needs a clock or a duration.
 * @example
 * ```ts
 * import { circuitBreaker, handleAll } from 'cockatiel';
 * import { asCockatielBreaker, consecutiveFailures } from 'ringback';
 *
 * const policy = circuitBreaker(handleAll, {
 *   halfOpenAfter: 5_000,
 *   breaker: asCockatielBreaker(consecutiveFailures({ threshold: 5 })),
 * });
 * console.log(await policy.execute(() => 'called')); // called
 * ```
 */
export function asCockatielBreaker(spec: ClocklessRuleSpec): IBreaker {
  const given = spec as Partial<ClocklessRuleSpec> | null | undefined;
  if (given?.clockless !== true || typeof given.create !== 'function') {
    const rule = 'a rule that needs no clock and no duration: consecutiveFailures({...}) or failureCount({...})';
    throw invalidOption('asCockatielBreaker', rule, given?.name ?? spec);
  }
  return new RuleBreaker(given.create());
}
