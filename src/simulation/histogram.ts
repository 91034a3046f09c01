/** Each bucket's upper bound is this much above the one before: what a quantile can be off by, relative to itself. */
const GROWTH = 1.02;
const LEAST_MS = 0.1;
/** 0.1 ms to 32 days, and whatever is longer in the last one. */
const BUCKETS = 1_200;

const LOG_GROWTH = Math.log(GROWTH);

/** Durations counted in fixed buckets: any number of them in a few KB, quantiles within 2 %. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(durationMs: number): void {
    const index = durationMs <= LEAST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(durationMs / LEAST_MS) / LOG_GROWTH));
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    this.#sumMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** 0 when nothing was counted. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** The middle of the bucket in which the share `q` of all is reached, never above the longest; 0 when nothing was counted. */
  quantileMs(q: number): number {
    const wanted = q * this.#count;
    let seen = 0;
    for (let index = 0; index < BUCKETS && this.#count > 0; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted && seen > 0) return Math.min(this.#maxMs, LEAST_MS * GROWTH ** (index - 0.5));
    }
    return 0;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    this.#maxMs = 0;
  }
}
