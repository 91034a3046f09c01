/** Bytes that come in parts, put into one place at once: they weigh no more than the cap asks for, however small the parts are. */
export class KeptBytes {
  readonly #maxBytes: number;
  #place: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps what fits; false where that is not all of it. */
  add(chunk: Uint8Array): boolean {
    const fitting = chunk.subarray(0, this.#maxBytes - this.#bytes);
    const bytes = this.#bytes + fitting.length;
    if (bytes > this.#place.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(bytes, 2 * this.#place.length)));
      larger.set(this.#place);
      this.#place = larger;
    }
    this.#place.set(fitting, this.#bytes);
    this.#bytes = bytes;
    return fitting.length === chunk.length;
  }

  /** What was kept. */
  all(): Uint8Array {
    return this.#place.slice(0, this.#bytes);
  }
}
