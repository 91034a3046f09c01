import { invalidOption, numberOption } from '../options.js';
import type { OutcomeKind } from '../outcome.js';
import { FastestOfLate } from './fastest-of-late.js';
import type { PolicySnapshot } from './policy.js';

/**
 * How many may run at once: arithmetic on samples, and nothing else. Who holds the slots and who waits for one is the
 * limiter's business (Netflix's split of `Limit` and `Limiter`).
 */
export interface Limit {
  /** The limit in whole slots, at least 1. */
  readonly slots: number;
  /** How many may run at once where all that holds a slot was given up and goes on. More than the limit, where that is an estimate. */
  readonly mostInFlight: number;
  /**
   * Takes in how an attempt ended; gives the limit in whole slots after it.
   *
   * @param inFlightAtStart how many ran when the attempt was let in, itself included
   */
  sample(kind: OutcomeKind, startedAtMs: number, nowMs: number, inFlightAtStart: number): number;
  snapshot(): PolicySnapshot;
  /** Takes up a snapshot where it can read one; gives the limit in whole slots after it. */
  restore(snapshot: PolicySnapshot): number;
}

/** The settings of {@link aimd}; what each means stands at `AimdLimiterOptions`. */
export interface AimdSettings {
  readonly initialLimit?: number | undefined;
  readonly minLimit?: number | undefined;
  readonly maxLimit?: number | undefined;
  readonly decrease?: number | undefined;
  readonly lateDecrease?: number | undefined;
  readonly latencyThresholdMs?: number | undefined;
}

/** A bound on every limit: more slots than this in one process is a slip of the pen. */
const MAX_SLOTS = 1_000_000;

/** Netflix's `AIMDLimit` starts at 20; its bounds are 20 and 200. Ours may fall to 1: a small receiver is no broken one. */
const DEFAULT_INITIAL_LIMIT = 20;
const DEFAULT_MIN_LIMIT = 1;
const DEFAULT_MAX_LIMIT = 200;
/** Netflix's `backoffRatio`. */
const DEFAULT_DECREASE = 0.9;
/** TCP's (RFC 5681). Under a hundred clients of one receiver, 0.9 took minutes to find its capacity (docs/storms.md). */
const DEFAULT_LATE_DECREASE = 0.5;
/** Netflix's `timeout`: a round trip above it counts as a drop. */
const DEFAULT_LATENCY_THRESHOLD_MS = 5_000;
/** Where one call in twenty is slow, three in a row are slow by chance once in eight thousand. */
const LATE_IN_A_ROW = 3;
/** Room for as much work that ignores its abort as may run in good times; what is taken back after a minute makes new room. */
const HUNG_FACTOR = 2;

class FixedLimit implements Limit {
  readonly slots: number;
  readonly mostInFlight: number;

  constructor(slots: number) {
    this.slots = slots;
    this.mostInFlight = slots;
  }

  sample(): number {
    return this.slots;
  }

  snapshot(): PolicySnapshot {
    return { limit: this.slots };
  }

  /** The options say what a fixed limit is; a snapshot has no say in it. */
  restore(): number {
    return this.slots;
  }
}

/** {@link AimdSettings}, checked. */
interface AimdRule {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly decrease: number;
  readonly lateDecrease: number;
  /** Undefined: {@link DEFAULT_LATENCY_THRESHOLD_MS}, or twice the fastest answer of late. */
  readonly latencyThresholdMs: number | undefined;
}

class AimdLimit implements Limit {
  readonly mostInFlight: number;
  private readonly rule: AimdRule;
  private readonly fastest = new FastestOfLate();
  /** A fraction is kept, so that many small steps add up to a whole slot. */
  private value: number;
  private lastDecreaseAtMs: number = Number.NEGATIVE_INFINITY;
  /** Nothing has shown yet what the other end can take: it is looked for in big steps. */
  private isSearching = true;
  private lateInARow = 0;

  constructor(rule: AimdRule) {
    this.rule = rule;
    this.mostInFlight = HUNG_FACTOR * rule.max;
    this.value = rule.initial;
  }

  get slots(): number {
    return Math.floor(this.value);
  }

  sample(kind: OutcomeKind, startedAtMs: number, nowMs: number, inFlightAtStart: number): number {
    // What began before the last decrease ran under the old limit and says nothing about the new one.
    if (startedAtMs > this.lastDecreaseAtMs) {
      if (kind === 'delivered' && this.isInTime(nowMs - startedAtMs, nowMs)) {
        this.lateInARow = 0;
        if (2 * inFlightAtStart >= this.value) this.value = Math.min(this.rule.max, this.value + this.increase());
      } else if (kind === 'overloaded') {
        this.lower(this.rule.decrease, nowMs);
      } else if (kind === 'delivered' || kind === 'timed-out') {
        this.late(inFlightAtStart, nowMs);
      }
    }
    return Math.floor(this.value);
  }

  snapshot(): PolicySnapshot {
    return { limit: this.value, searching: this.isSearching };
  }

  restore({ limit, searching }: PolicySnapshot): number {
    if (typeof limit === 'number' && Number.isFinite(limit) && limit >= 1) {
      this.value = Math.min(this.rule.max, Math.max(this.rule.min, limit));
      this.isSearching = searching === true;
    }
    return this.slots;
  }

  private isInTime(durationMs: number, nowMs: number): boolean {
    const fastestMs = this.fastest.of(durationMs, nowMs);
    const { latencyThresholdMs } = this.rule;
    if (latencyThresholdMs !== undefined) return durationMs <= latencyThresholdMs;
    return durationMs <= DEFAULT_LATENCY_THRESHOLD_MS || durationMs <= 2 * fastestMs;
  }

  /**
   * One late answer among many is a slow request. As many in a row as may run at once, or a few, are a slow receiver. What is then too
   * much is what ran, and not a limit that nobody filled: TCP halves what is in flight.
   */
  private late(inFlightAtStart: number, nowMs: number): void {
    this.lateInARow++;
    if (this.lateInARow < Math.min(LATE_IN_A_ROW, this.slots)) return;
    this.value = Math.max(this.rule.min, Math.min(this.value, inFlightAtStart));
    this.lower(this.rule.lateDecrease, nowMs);
  }

  /** A round trip brings about `value` samples: together they add one slot, or double the limit while it is searched for. */
  private increase(): number {
    return this.isSearching ? 1 : 1 / this.value;
  }

  /** By at least a whole slot (Netflix rounds down): a tenth of a small limit would be less than it gains in a round trip. */
  private lower(factor: number, nowMs: number): void {
    this.value = Math.max(this.rule.min, Math.min(this.value * factor, this.value - 1));
    this.lastDecreaseAtMs = nowMs;
    this.isSearching = false;
    this.lateInARow = 0;
  }
}

/**
 * A limit that stands still.
 *
 * @throws RingbackError `invalid-option` when it is no integer from 1 to 1,000,000.
 */
export function fixed(owner: string, limit: number | undefined): Limit {
  const name = `${owner}.limit`;
  if (limit === undefined) throw invalidOption(name, `an integer from 1 to ${MAX_SLOTS}`, limit);
  return new FixedLimit(numberOption(name, limit, limit, { from: 1, to: MAX_SLOTS, integer: true }));
}

/**
 * A limit that adapts: additive increase, multiplicative decrease.
 *
 * - Up by `1 / limit` for a `delivered` call in time, if at least half of the limit was in use when it began: one slot a
 *   round trip. Netflix adds one slot a sample, which under full use doubles the limit in one round trip and overshoots; that is
 *   done only until the limit is first lowered, as TCP does in its slow start.
 * - Down to `limit · decrease`, and by at least one slot, for an `overloaded` call: a refusal comes at once.
 * - Down to what ran `· lateDecrease` when three calls in a row, or as many as the limit, are late: `timed-out`, or delivered over the
 *   threshold. That is heard of a long round trip later, when too many are on their way; one alone is a slow request.
 * - What began before the last decrease is ignored, so it happens at most once a round trip.
 * - No sample: `shed`, `cancelled` and `forbidden`, which are ours; `rejected` and `gone`, whose answers cost the receiver
 *   next to nothing and so don't show what it can carry; `failed`, as broken is not the same as too much (the circuit
 *   breaker's business).
 *
 * @throws RingbackError `invalid-option` when a setting is out of range or they contradict each other.
 */
export function aimd(owner: string, settings: AimdSettings): Limit {
  const slots = { from: 1, to: MAX_SLOTS, integer: true };
  const min = numberOption(`${owner}.minLimit`, settings.minLimit, DEFAULT_MIN_LIMIT, slots);
  const max = numberOption(`${owner}.maxLimit`, settings.maxLimit, DEFAULT_MAX_LIMIT, slots);
  if (min > max) throw invalidOption(`${owner}.minLimit`, `at most maxLimit, which is ${max}`, min);
  const nearest = Math.min(max, Math.max(min, DEFAULT_INITIAL_LIMIT));
  const within = { from: min, to: max, integer: true };
  const initial = numberOption(`${owner}.initialLimit`, settings.initialLimit, nearest, within);
  const decrease = factorOption(`${owner}.decrease`, settings.decrease, DEFAULT_DECREASE);
  const lateDecrease = factorOption(`${owner}.lateDecrease`, settings.lateDecrease, DEFAULT_LATE_DECREASE);
  const { latencyThresholdMs } = settings;
  if (latencyThresholdMs !== undefined) numberOption(`${owner}.latencyThresholdMs`, latencyThresholdMs, 0, { above: 0 });
  return new AimdLimit({ initial, min, max, decrease, lateDecrease, latencyThresholdMs });
}

function factorOption(name: string, value: number | undefined, fallback: number): number {
  const factor = numberOption(name, value, fallback, { above: 0, to: 1 });
  if (factor === 1) throw invalidOption(name, 'a finite number above 0 and below 1', factor);
  return factor;
}
