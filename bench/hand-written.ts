import { performance } from 'node:perf_hooks';

const DEADLINE_MS = 30_000;
const TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 4;
const BUCKETS = 10;
const BUCKET_MS = 3_000;
const TOKEN_MS = 0.001;
const BURST_MS = 1_000;

/** A timed-out call's entry in the line of timeouts; also what makes the signal, when it is asked for. */
class Call {
  startedAtMs: number;
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;
  readonly expire: (error: unknown) => void;
  private controller: AbortController | undefined = undefined;

  constructor(startedAtMs: number, expire: (error: unknown) => void) {
    this.startedAtMs = startedAtMs;
    this.expire = expire;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  abort(error: unknown): void {
    this.controller?.abort(error);
    this.expire(error);
  }
}

/**
 * The floor: what a service would write by hand if it wanted just these seven parts, with these settings, and nothing to set, to
 * look at or to plug in. Deadline, retry with a budget, a breaker over a window, AIMD slots, a token bucket, and a timeout that
 * answers although the callee does not; two readings of the clock, as in ringback.
 */
export class HandWrittenPolicies {
  private tokens = 10;
  private isOpen = false;
  private openUntilMs = 0;
  private readonly calls: number[] = new Array<number>(BUCKETS).fill(0);
  private readonly failures: number[] = new Array<number>(BUCKETS).fill(0);
  private bucket = 0;
  private bucketEndsAtMs = 0;
  private callsInWindow = 0;
  private failuresInWindow = 0;
  private limit = 100;
  private inFlight = 0;
  private nextTokenAtMs = 0;
  private first: Call | undefined = undefined;
  private last: Call | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  async execute<T>(fn: (context: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
    const nowMs = performance.now();
    this.admit(nowMs);
    const ranAtOnce = this.inFlight;
    let failure: unknown;
    try {
      const value = await this.run(fn, nowMs);
      this.settle(false, nowMs, performance.now(), ranAtOnce);
      if (this.tokens < 10) this.tokens += 0.2;
      return value;
    } catch (error) {
      this.settle(true, nowMs, performance.now(), ranAtOnce);
      failure = error;
    }
    return this.retry(fn, failure, nowMs + DEADLINE_MS);
  }

  private admit(nowMs: number): void {
    if (this.isOpen) {
      if (nowMs < this.openUntilMs) throw new Error('the circuit is open');
      this.isOpen = false;
    }
    if (this.inFlight >= Math.floor(this.limit)) throw new Error('too many at once');
    const waitMs = this.nextTokenAtMs - BURST_MS - nowMs;
    if (waitMs > 0) throw new Error('too many a second');
    this.nextTokenAtMs = Math.max(this.nextTokenAtMs, nowMs) + TOKEN_MS;
    this.inFlight++;
  }

  /** The race against the line of timeouts, without Promise.race. */
  private run<T>(fn: (context: { readonly signal: AbortSignal }) => Promise<T>, nowMs: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = new Call(nowMs, reject);
      this.enter(call);
      fn(call).then(
        (value) => {
          this.leave(call);
          resolve(value);
        },
        (error: unknown) => {
          this.leave(call);
          reject(error);
        },
      );
    });
  }

  private settle(failed: boolean, startedAtMs: number, nowMs: number, ranAtOnce: number): void {
    this.inFlight--;
    if (nowMs >= this.bucketEndsAtMs) this.turn(nowMs);
    this.calls[this.bucket] = (this.calls[this.bucket] as number) + 1;
    this.callsInWindow++;
    if (failed || nowMs - startedAtMs > 5_000) {
      this.limit = Math.max(1, this.limit * 0.9);
    } else if (2 * ranAtOnce >= this.limit) {
      this.limit = Math.min(200, this.limit + 1 / this.limit);
    }
    if (!failed) return;
    this.failures[this.bucket] = (this.failures[this.bucket] as number) + 1;
    this.failuresInWindow++;
    if (this.callsInWindow < 20 || this.failuresInWindow * 2 < this.callsInWindow) return;
    this.isOpen = true;
    this.openUntilMs = nowMs + 5_000;
  }

  private async retry<T>(
    fn: (context: { readonly signal: AbortSignal }) => Promise<T>,
    first: unknown,
    deadlineAtMs: number,
  ): Promise<T> {
    let failure = first;
    for (let attempt = 2; attempt <= MAX_ATTEMPTS && this.tokens >= 1; attempt++) {
      const delayMs = this.random() * Math.min(10_000, 200 * 2 ** attempt);
      if (performance.now() + delayMs >= deadlineAtMs) break;
      this.tokens--;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const startedAtMs = performance.now();
      this.admit(startedAtMs);
      const ranAtOnce = this.inFlight;
      try {
        const value = await this.run(fn, startedAtMs);
        this.settle(false, startedAtMs, performance.now(), ranAtOnce);
        return value;
      } catch (error) {
        this.settle(true, startedAtMs, performance.now(), ranAtOnce);
        failure = error;
      }
    }
    throw failure;
  }

  private turn(nowMs: number): void {
    const steps = Math.min(BUCKETS, Math.floor((nowMs - this.bucketEndsAtMs) / BUCKET_MS) + 1);
    for (let step = 0; step < steps; step++) {
      this.bucket = (this.bucket + 1) % BUCKETS;
      this.callsInWindow -= this.calls[this.bucket] as number;
      this.failuresInWindow -= this.failures[this.bucket] as number;
      this.calls[this.bucket] = 0;
      this.failures[this.bucket] = 0;
    }
    this.bucketEndsAtMs = nowMs + BUCKET_MS;
  }

  private enter(call: Call): void {
    call.previous = this.last;
    if (this.last === undefined) this.first = call;
    else this.last.next = call;
    this.last = call;
    this.timer ??= setTimeout(() => this.look(), 20);
  }

  private leave(call: Call): void {
    const { previous, next } = call;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
  }

  private look(): void {
    this.timer = undefined;
    const nowMs = performance.now();
    while (this.first !== undefined && this.first.startedAtMs + TIMEOUT_MS <= nowMs) {
      const { first } = this;
      this.leave(first);
      first.abort(new Error(`no answer within ${TIMEOUT_MS} ms`));
    }
    if (this.first !== undefined) this.timer = setTimeout(() => this.look(), this.first.startedAtMs + TIMEOUT_MS - nowMs);
  }
}
