import type { Socket } from 'node:net';
import { systemClock, type TimerHandle } from '../../clock.js';
import type { PlannedFault } from './fault.js';

const LINE_END: Readonly<Record<number, number>> = { 30: 13, 31: 10 };

/** Zeros, high bytes and line ends: neither HTTP, nor SMTP, nor TLS, and no client waits for the rest of the line. */
const GARBAGE: Uint8Array = Uint8Array.from({ length: 512 }, (_, index) => LINE_END[index % 32] ?? (index * 151) % 256);

/**
 * One connection through the proxy: `near` is the client's, `far` leads to the target. It holds one piece of an answer at most;
 * while that waits, nothing more is read.
 */
export class FaultyLine {
  readonly #near: Socket;
  readonly #fault: PlannedFault;
  readonly #connect: () => Socket;
  #far: Socket | undefined;
  #request = 1;
  #wasAnswered = false;
  /** Bytes of the faulty request, or of its answer, that have passed. */
  #passed = 0;
  #timer: TimerHandle | undefined;
  /** The target has ended, while a piece of its answer waits. */
  #endsLater = false;

  constructor(near: Socket, fault: PlannedFault, connect: () => Socket) {
    this.#near = near;
    this.#fault = fault;
    this.#connect = connect;
    near
      .on('error', () => {})
      .on('data', (chunk: Uint8Array) => this.#ask(chunk))
      .on('end', () => (this.#far === undefined ? near.end() : this.#far.end()))
      .on('close', () => this.#release());
    if (!this.#breaksAtOnce()) this.#open();
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.#near.destroy();
    this.#release();
  }

  #release(): void {
    if (this.#timer !== undefined) systemClock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#far?.destroy();
  }

  #open(): void {
    const near = this.#near;
    const far = this.#connect();
    this.#far = far;
    far
      .on('error', () => near.resetAndDestroy())
      .on('data', (chunk: Uint8Array) => this.#answer(chunk))
      .on('end', () => this.#endAnswer())
      .on('drain', () => near.resume());
    near.on('drain', () => {
      if (this.#timer === undefined) far.resume();
    });
  }

  get #isFaulty(): boolean {
    return this.#request >= this.#fault.atRequest;
  }

  /** What needs no byte of the request or its answer to go wrong. */
  #breaksAtOnce(): boolean {
    const { kind, afterBytes } = this.#fault;
    if (!this.#isFaulty) return false;
    if (kind === 'reset' && afterBytes === 0) this.#reset();
    else if (kind === 'close') this.destroy();
    else return kind === 'half-open';
    return true;
  }

  #reset(): void {
    this.#near.resetAndDestroy();
    this.#release();
  }

  #ask(chunk: Uint8Array): void {
    if (this.#wasAnswered) {
      this.#wasAnswered = false;
      this.#request++;
    }
    if (this.#far === undefined || this.#breaksAtOnce()) return;
    if (this.#isFaulty && this.#fault.kind === 'reset' && this.#fault.of === 'request') this.#cutRequest(chunk, this.#far);
    else if (!this.#far.write(chunk)) this.#near.pause();
  }

  /** What may pass has reached the target's system before the reset: a socket that still connects would lose it. */
  #cutRequest(chunk: Uint8Array, far: Socket): void {
    const allowed = chunk.subarray(0, this.#fault.afterBytes - this.#passed);
    this.#passed += allowed.length;
    const isLast = this.#passed >= this.#fault.afterBytes;
    if (!far.write(allowed, isLast ? () => this.#reset() : undefined) || isLast) this.#near.pause();
  }

  #answer(chunk: Uint8Array): void {
    this.#wasAnswered = true;
    const { kind, of, delayMs } = this.#fault;
    if (!this.#isFaulty) this.#pass(chunk);
    else if (kind === 'garbage') this.#end(GARBAGE, () => this.#near.end());
    else if (kind === 'truncate') this.#cut(chunk, () => this.#near.end());
    else if (kind === 'reset' && of === 'answer') this.#cut(chunk, () => this.#near.resetAndDestroy());
    else if (kind === 'delay') this.#later(delayMs, () => this.#pass(chunk));
    else if (kind === 'trickle') this.#trickle(chunk);
    else this.#pass(chunk);
  }

  #pass(chunk: Uint8Array): void {
    if (!this.#near.write(chunk)) this.#far?.pause();
  }

  /** Lets the answer pass up to what may, and ends the connection there. */
  #cut(chunk: Uint8Array, end: () => void): void {
    const allowed = chunk.subarray(0, this.#fault.afterBytes - this.#passed);
    this.#passed += allowed.length;
    if (this.#passed < this.#fault.afterBytes) this.#pass(allowed);
    else this.#end(allowed, end);
  }

  /** Sends the last bytes, and ends the connection once they are on their way. */
  #end(bytes: Uint8Array, end: () => void): void {
    this.#far?.removeAllListeners('data').removeAllListeners('end').destroy();
    if (bytes.length === 0) end();
    else this.#near.write(bytes, end);
  }

  /** A socket tells its end even while it is paused: what of the answer waits here goes first. */
  #endAnswer(): void {
    if (this.#timer === undefined) this.#near.end();
    else this.#endsLater = true;
  }

  /** Reads nothing more until then. */
  #later(delayMs: number, go: () => void): void {
    this.#far?.pause();
    this.#timer = systemClock.setTimer(() => {
      this.#timer = undefined;
      this.#far?.resume();
      go();
      if (this.#endsLater) this.#endAnswer();
    }, delayMs);
  }

  #trickle(chunk: Uint8Array): void {
    const { bytesPerMs } = this.#fault;
    const everyMs = Math.max(1, 1 / bytesPerMs);
    const bytes = Math.max(1, Math.round(bytesPerMs * everyMs));
    this.#later(everyMs, () => {
      this.#pass(chunk.subarray(0, bytes));
      if (chunk.length > bytes) this.#trickle(chunk.subarray(bytes));
    });
  }
}
