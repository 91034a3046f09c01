import { checkNames, numberOption } from '../options.js';
import type { Random } from '../random.js';
import { type Conditions, FAIR_WEATHER } from './faults.js';
import { type DrawServiceMs, type ServiceTime, serviceTime } from './service-time.js';
import { TimeAverage } from './time-average.js';

/** Settings of the simulated receiver. It can answer `workers · 1,000 / service.meanMs` requests a second at best. */
export interface ReceiverOptions {
  /** How many requests it works on at once, 1 to 100,000. */
  readonly workers: number;
  /** How long each takes. */
  readonly service: ServiceTime;
  /** How many may wait for a worker; one more is answered with 503 at once. Default 1,000. */
  readonly maxQueue?: number;
  /** What work costs more when all are busy: with 0.5, service takes 1.5 times as long with every worker at it. Default 0. */
  readonly contention?: number;
  /** The share of requests, 0 to 1, answered with 500 after their service. Default 0. */
  readonly errorRate?: number;
  /** Ms that each answer is on its way. Default 0. */
  readonly latencyMs?: number;
  /** Requests over this are answered with 429 and a Retry-After in whole seconds. Default: no limit. */
  readonly rateLimit?: { readonly perSecond: number; readonly burst?: number };
  /** How many such receivers there are, each with workers and a queue of its own, 1 to 1,000. Default 1. */
  readonly destinations?: number;
}

/** Receiver options, checked. */
export interface ReceiverPlan {
  readonly workers: number;
  readonly service: (random: Random) => DrawServiceMs;
  readonly maxQueue: number;
  readonly contention: number;
  readonly errorRate: number;
  readonly latencyMs: number;
  readonly rateLimit: { readonly perMs: number; readonly burst: number } | undefined;
  readonly destinations: number;
}

const NAMES = ['workers', 'service', 'maxQueue', 'contention', 'errorRate', 'latencyMs', 'rateLimit', 'destinations'];

export function receiverPlan(options: ReceiverOptions): ReceiverPlan {
  checkNames('receiver', options, NAMES);
  return {
    workers: numberOption('receiver.workers', options.workers ?? Number.NaN, 0, { from: 1, to: 100_000, integer: true }),
    service: serviceTime('receiver.service', options.service),
    maxQueue: numberOption('receiver.maxQueue', options.maxQueue, 1_000, { from: 0, to: 1e6, integer: true }),
    contention: numberOption('receiver.contention', options.contention, 0, { from: 0, to: 1_000 }),
    errorRate: numberOption('receiver.errorRate', options.errorRate, 0, { from: 0, to: 1 }),
    latencyMs: numberOption('receiver.latencyMs', options.latencyMs, 0, { from: 0, to: 1e9 }),
    rateLimit: rateLimitPlan(options.rateLimit),
    destinations: numberOption('receiver.destinations', options.destinations, 1, { from: 1, to: 1_000, integer: true }),
  };
}

function rateLimitPlan(option: ReceiverOptions['rateLimit']): ReceiverPlan['rateLimit'] {
  if (option === undefined) return undefined;
  checkNames('receiver.rateLimit', option, ['perSecond', 'burst']);
  const perSecond = numberOption('receiver.rateLimit.perSecond', option.perSecond ?? Number.NaN, 0, { above: 0, to: 1e7 });
  return {
    perMs: perSecond / 1_000,
    burst: numberOption('receiver.rateLimit.burst', option.burst, Math.max(1, perSecond), { from: 1, to: 1e7 }),
  };
}

/** One request at the receiver. */
export interface Work {
  arrivedAtMs: number;
  startedAtMs: number;
  /** How long its service takes; 0 while it waits. */
  serviceMs: number;
}

/** What becomes of a request that arrives: it is worked on now, waits, or is turned away. */
export type Admission = 'started' | 'queued' | 'full' | { readonly retryAfterSeconds: number };

/**
 * A receiver with so many workers and one bounded queue, first come, first served. It does not see that a caller gave up: it
 * works on, for nobody. Arithmetic and state; whoever holds it sets the timers.
 */
export class Receiver<W extends Work> {
  conditions: Conditions = FAIR_WEATHER;
  readonly queued: TimeAverage = new TimeAverage();
  readonly busy: TimeAverage = new TimeAverage();
  /** Requests whose service began, and what they had waited for it in all. */
  started = 0;
  waitedMs = 0;
  /** What its workers have done: services that ended, and what a crash cut short. */
  workedMs = 0;
  readonly #plan: ReceiverPlan;
  readonly #drawServiceMs: DrawServiceMs;
  readonly #running = new Set<W>();
  #queue: W[] = [];
  #head = 0;
  #tokens: number;
  #refilledAtMs = 0;

  constructor(plan: ReceiverPlan, random: Random) {
    this.#plan = plan;
    this.#drawServiceMs = plan.service(random);
    this.#tokens = plan.rateLimit?.burst ?? 0;
  }

  arrive(work: W, nowMs: number): Admission {
    const retryAfterSeconds = this.#takeToken(nowMs);
    if (retryAfterSeconds > 0) return { retryAfterSeconds };
    work.arrivedAtMs = nowMs;
    if (this.#running.size < this.#plan.workers) {
      this.#start(work, nowMs);
      return 'started';
    }
    if (this.#queue.length - this.#head >= this.#plan.maxQueue) return 'full';
    this.#queue.push(work);
    this.queued.add(1, nowMs);
    return 'queued';
  }

  /** The service of this one has ended. Gives the one that starts in its place. */
  finish(work: W, nowMs: number): W | undefined {
    this.#running.delete(work);
    this.workedMs += work.serviceMs;
    this.busy.set(this.#running.size, nowMs);
    const next = this.#queue[this.#head];
    if (next === undefined) return undefined;
    this.#head++;
    if (this.#head > 1_000 && 2 * this.#head > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.queued.add(-1, nowMs);
    this.#start(next, nowMs);
    return next;
  }

  /** It loses all it held, and gives it back: what was running, then what was waiting. */
  crash(nowMs: number): readonly W[] {
    for (const work of this.#running) this.workedMs += nowMs - work.startedAtMs;
    const lost = [...this.#running, ...this.#queue.slice(this.#head)];
    this.#running.clear();
    this.#queue = [];
    this.#head = 0;
    this.queued.set(0, nowMs);
    this.busy.set(0, nowMs);
    return lost;
  }

  #start(work: W, nowMs: number): void {
    this.#running.add(work);
    this.busy.set(this.#running.size, nowMs);
    this.started++;
    work.startedAtMs = nowMs;
    this.waitedMs += nowMs - work.arrivedAtMs;
    const crowding = 1 + (this.#plan.contention * this.#running.size) / this.#plan.workers;
    work.serviceMs = (this.#drawServiceMs() * crowding) / this.conditions.capacity;
  }

  /** 0 when the request may come in; else the whole seconds until there is a token. */
  #takeToken(nowMs: number): number {
    const limit = this.#plan.rateLimit;
    if (limit === undefined) return 0;
    this.#tokens = Math.min(limit.burst, this.#tokens + (nowMs - this.#refilledAtMs) * limit.perMs);
    this.#refilledAtMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - this.#tokens) / limit.perMs / 1_000));
  }
}
