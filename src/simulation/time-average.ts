/** A quantity that steps up and down, and what it was on average over time. */
export class TimeAverage {
  #value = 0;
  #area = 0;
  #sinceMs = 0;

  get value(): number {
    return this.#value;
  }

  /** It is `value` from now on. */
  set(value: number, nowMs: number): void {
    this.#area += this.#value * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#value = value;
  }

  add(change: number, nowMs: number): void {
    this.set(this.#value + change, nowMs);
  }

  /** Value times ms, from the start until now: the difference of two readings over the time between them is the mean. */
  areaAt(nowMs: number): number {
    return this.#area + this.#value * (nowMs - this.#sinceMs);
  }
}
