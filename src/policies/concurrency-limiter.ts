import { checkNames, durationOption, invalidOption, numberOption } from '../options.js';
import type { Outcome } from '../outcome.js';
import { aimd, fixed, type Limit } from './concurrency-limit.js';
import type { Attempt, Policy, PolicySnapshot, Refusal } from './policy.js';
import { Waiter, WaitingLine } from './waiting-line.js';

/** What every limiter has beside its limit. */
export interface LineOptions {
  /** How many may wait in line; one more is refused. 0 for no line; at most 1,000,000. Default 10,000: some MB of waiting calls. */
  readonly maxWaiting?: number;
  /** What one step of priority is worth in ms of waiting: nothing starves. Default 1,000. */
  readonly priorityAgeMs?: number;
  /** A slot whose attempt timed out is taken back after this many ms, though the work never ended. Default 60,000. */
  readonly reclaimAfterMs?: number;
}

/** Settings of a bulkhead: a limit that stands still. */
export interface BulkheadOptions extends LineOptions {
  /** How many run at once: an integer from 1 to 1,000,000. */
  readonly limit: number;
}

/** Settings of a limit that adapts: additive increase, multiplicative decrease. */
export interface AimdLimiterOptions extends LineOptions {
  /** Left out: a limit that is named is a bulkhead's. */
  readonly limit?: undefined;
  /** Default 20 (Netflix), or what of `minLimit` … `maxLimit` is nearest to it. */
  readonly initialLimit?: number;
  /** Default 1. */
  readonly minLimit?: number;
  /** Default 200 (Netflix). */
  readonly maxLimit?: number;
  /** The limit is multiplied by this when a call is turned away as too much (`overloaded`). Default 0.9 (Netflix). */
  readonly decrease?: number;
  /** What ran is multiplied by this when several calls in a row are late: too many are on their way by then. Default 0.5 (TCP). */
  readonly lateDecrease?: number;
  /** A delivered call slower than this, in ms, is late, as one that timed out is. Default 5,000 (Netflix), or twice the fastest answer of the last minutes. */
  readonly latencyThresholdMs?: number;
}

/** Holds the slots and the one line in front of them. */
export interface ConcurrencyLimiter extends Policy {
  /** How many may run at once now. */
  readonly limit: number;
  /** Slots that are taken. */
  readonly inFlight: number;
  /** Attempts in line. */
  readonly waiting: number;
  /** Is there a slot to be had at once? `peek` asks for a slot or a place in line; who must not stand in line asks this. */
  readonly free: boolean;
  /** Slots taken back from work that never ended. */
  readonly reclaimed: number;
  /** A slot that times out from now on is due for taking back no sooner than this many ms from now. */
  readonly reclaimAfterMs: number;
  /** Monotonic ms at which the next slot can be taken back; `Infinity` when there is none to take. */
  readonly reclaimDueAtMs: number;
  /** Takes back what is due, and lets waiters in. */
  reclaim(nowMs: number): void;
}

const LINE_OPTIONS = ['maxWaiting', 'priorityAgeMs', 'reclaimAfterMs'] as const;
const AIMD_OPTIONS = ['initialLimit', 'minLimit', 'maxLimit', 'decrease', 'lateDecrease', 'latencyThresholdMs'] as const;

const MAX_WAITING = 1_000_000;
const DEFAULT_MAX_WAITING = 10_000;
const DEFAULT_PRIORITY_AGE_MS = 1_000;
/** Four times the longest attempt timeout of our defaults: work that still runs then hardly ever ends. */
const DEFAULT_RECLAIM_AFTER_MS = 60_000;

const holdsSlot = (mark: unknown): mark is number => typeof mark === 'number' && mark > 0;

/**
 * Slots and a line, around a {@link Limit}. `attempt.limiterMark` says where an attempt stands: its {@link Waiter} in the
 * line; then a number from 1, how many were in flight when it got its slot, itself included; 0 once it holds nothing. So
 * each slot is given back exactly once, whoever comes first: `release` or `reclaim`.
 *
 * It holds at all times: while anybody waits, every slot is taken, and one of them at least by work that nobody has given up. Where
 * all was given up and goes on, an adaptive limiter lets one more in beside it: hung work must not close the destination.
 */
class SlotLimiter implements ConcurrencyLimiter {
  readonly name = 'concurrency-limiter';
  limit: number;
  inFlight = 0;
  reclaimed = 0;
  private readonly rule: Limit;
  private readonly maxWaiting: number;
  private readonly priorityAgeMs: number;
  readonly reclaimAfterMs: number;
  /** Made when somebody has to wait: most limiters never need it. */
  private line: WaitingLine | undefined = undefined;
  /**
   * Attempts whose outcome is known while their work goes on, and since when, oldest first. Each of them holds a slot, so the
   * slots bound it.
   */
  private unended: Map<Attempt, number> | undefined = undefined;

  constructor(rule: Limit, maxWaiting: number, priorityAgeMs: number, reclaimAfterMs: number) {
    this.rule = rule;
    this.limit = rule.slots;
    this.maxWaiting = maxWaiting;
    this.priorityAgeMs = priorityAgeMs;
    this.reclaimAfterMs = reclaimAfterMs;
  }

  get waiting(): number {
    return this.line === undefined ? 0 : this.line.size;
  }

  get free(): boolean {
    return this.inFlight < this.limit || this.isHung;
  }

  /**
   * Every slot is held by work that was given up and goes on: nothing that runs could still tell that the other end is back. One more
   * may then go beside it, where the limit is an estimate.
   */
  private get isHung(): boolean {
    return this.inFlight === this.unended?.size && this.inFlight < this.rule.mostInFlight;
  }

  get reclaimDueAtMs(): number {
    if (this.unended === undefined) return Number.POSITIVE_INFINITY;
    for (const sinceMs of this.unended.values()) return sinceMs + this.reclaimAfterMs;
    return Number.POSITIVE_INFINITY;
  }

  peek(nowMs: number): Refusal | undefined {
    if (this.free || this.waiting < this.maxWaiting) return undefined;
    return this.inFlight - this.countDue(nowMs) < this.limit ? undefined : this.refusal();
  }

  acquire(attempt: Attempt, nowMs: number): undefined | Promise<void> | Refusal {
    if (this.inFlight >= this.limit) {
      this.reclaim(nowMs);
      if (!this.free) return this.standInLine(attempt);
    }
    this.take(attempt);
    return undefined;
  }

  record(attempt: Attempt, outcome: Outcome, nowMs: number): void {
    const inFlightAtStart = attempt.limiterMark;
    if (!holdsSlot(inFlightAtStart)) return;
    const { kind } = outcome;
    // After any other outcome the work has ended, and its release follows at once.
    if (kind === 'timed-out' || kind === 'cancelled') {
      this.unended ??= new Map();
      this.unended.set(attempt, nowMs);
    }
    this.limit = this.rule.sample(kind, attempt.startedAtMs, nowMs, inFlightAtStart);
    if (this.line !== undefined) this.letIn(this.line);
  }

  release(attempt: Attempt): void {
    const mark = attempt.limiterMark;
    attempt.limiterMark = 0;
    if (holdsSlot(mark)) {
      this.unended?.delete(attempt);
      this.inFlight--;
      if (this.line !== undefined) this.letIn(this.line);
    } else if (mark instanceof Waiter) {
      this.line?.leave(mark);
    }
  }

  reclaim(nowMs: number): void {
    if (this.unended === undefined) return;
    for (const [attempt, sinceMs] of this.unended) {
      if (sinceMs + this.reclaimAfterMs > nowMs) break;
      this.unended.delete(attempt);
      attempt.limiterMark = 0;
      this.inFlight--;
      this.reclaimed++;
    }
    if (this.line !== undefined) this.letIn(this.line);
  }

  snapshot(): PolicySnapshot {
    return this.rule.snapshot();
  }

  restore(snapshot: PolicySnapshot): void {
    this.limit = this.rule.restore(snapshot);
    if (this.line !== undefined) this.letIn(this.line);
  }

  private take(attempt: Attempt): void {
    this.inFlight++;
    attempt.limiterMark = this.inFlight;
  }

  private standInLine(attempt: Attempt): Promise<void> | Refusal {
    if (this.waiting >= this.maxWaiting) return this.refusal();
    this.line ??= new WaitingLine(this.priorityAgeMs);
    const waiter = this.line.join(attempt);
    attempt.limiterMark = waiter;
    return waiter.admitted;
  }

  private letIn(line: WaitingLine): void {
    while (this.free) {
      const waiter = line.next();
      if (waiter === undefined) return;
      this.take(waiter.attempt);
      waiter.admit();
    }
  }

  private countDue(nowMs: number): number {
    let due = 0;
    for (const sinceMs of this.unended?.values() ?? []) {
      if (sinceMs + this.reclaimAfterMs > nowMs) break;
      due++;
    }
    return due;
  }

  private refusal(): Refusal {
    const line = this.maxWaiting === 0 ? '' : `, ${this.waiting} in line (maxWaiting)`;
    return { code: 'concurrency-full', policy: this.name, reason: `${this.inFlight} in flight of ${this.limit}${line}` };
  }
}

function slotLimiter(owner: string, rule: Limit, options: LineOptions): ConcurrencyLimiter {
  return new SlotLimiter(
    rule,
    numberOption(`${owner}.maxWaiting`, options.maxWaiting, DEFAULT_MAX_WAITING, { from: 0, to: MAX_WAITING, integer: true }),
    durationOption(`${owner}.priorityAgeMs`, options.priorityAgeMs, DEFAULT_PRIORITY_AGE_MS),
    durationOption(`${owner}.reclaimAfterMs`, options.reclaimAfterMs, DEFAULT_RECLAIM_AFTER_MS),
  );
}

/**
 * A limit that stands still on how many calls run at once, with one line in front of it. Use it where you know what the other
 * end can take: a licence for ten connections, a pool of a certain size. Where you don't, use {@link aimdLimiter}.
 *
 * @param options `limit` is required.
 * @throws RingbackError `invalid-option` for a missing, unknown or out-of-range option.
 * @example
 * ```ts
 * import { bulkhead, resiliencePipeline } from 'ringback';
 *
 * const limiter = bulkhead({ limit: 2 });
 * const partner = resiliencePipeline({ concurrency: limiter });
 * const calls = [1, 2, 3].map((n) => partner.execute(async () => n));
 * console.log(limiter.inFlight, limiter.waiting); // prints 2 1
 * console.log(await Promise.all(calls)); // prints [ 1, 2, 3 ]
 * ```
 */
export function bulkhead(options: BulkheadOptions): ConcurrencyLimiter {
  checkNames('bulkhead', options, ['limit', ...LINE_OPTIONS]);
  return slotLimiter('bulkhead', fixed('bulkhead', options.limit), options);
}

/**
 * A limit that finds out how many calls the other end can take at once: it rises by one slot a round trip while it is in use,
 * falls by a tenth when the other end turns calls away, and to a half when it is late again and again. Use it for ends whose capacity you don't
 * know, or that changes. {@link bulkhead} has a limit that stands still.
 *
 * @param options all have defaults.
 * @throws RingbackError `invalid-option` for an unknown, out-of-range or contradictory option.
 * @example
 * ```ts
 * import { aimdLimiter, resiliencePipeline } from 'ringback';
 *
 * const limiter = aimdLimiter({ initialLimit: 10, maxLimit: 50 });
 * const partner = resiliencePipeline({ concurrency: limiter });
 * await partner.execute(async () => 'ok');
 * console.log(limiter.limit); // prints 10
 * ```
 */
export function aimdLimiter(options: AimdLimiterOptions = {}): ConcurrencyLimiter {
  checkNames('aimdLimiter', options, ['limit', ...AIMD_OPTIONS, ...LINE_OPTIONS]);
  const { limit } = options as { limit?: unknown };
  if (limit !== undefined)
    throw invalidOption('aimdLimiter.limit', 'left out, as its limit moves (bulkhead has a fixed one)', limit);
  return slotLimiter('aimdLimiter', aimd('aimdLimiter', options), options);
}

/** The limiter that plain settings ask for: with a `limit` a {@link bulkhead}, without one an {@link aimdLimiter}. */
export function concurrencyLimiter(options: BulkheadOptions | AimdLimiterOptions): ConcurrencyLimiter {
  return options?.limit === undefined ? aimdLimiter(options) : bulkhead(options);
}
