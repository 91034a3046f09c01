import { Chain, type Link } from '../chain.js';
import { RingbackError } from '../errors.js';

/** Puts something in; false when it found that it needs no place after all. A throw refuses it. */
type Admit = () => boolean;

interface Waiter extends Link<Waiter> {
  readonly admit: Admit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The bound over all that is accepted and unfinished. At the bound, callers wait in the order they came or are refused; no
 * more than `maxDepth` wait at once, as each holds its delivery in memory too.
 */
export class Room {
  readonly #maxDepth: number;
  readonly #waits: boolean;
  readonly #waiting = new Chain<Waiter>();
  #taken = 0;
  #closed = false;

  constructor(maxDepth: number, whenFull: 'wait' | 'refuse') {
    this.#maxDepth = maxDepth;
    this.#waits = whenFull === 'wait';
  }

  /** Calls `admit` once there is room, at once if it can, and resolves after. */
  async enter(admit: Admit, signal?: AbortSignal): Promise<void> {
    if (this.#closed) throw closed();
    if (signal?.aborted) throw aborted(signal);
    if (this.#taken < this.#maxDepth) {
      if (admit()) this.#taken++;
      return;
    }
    if (!this.#waits || this.#waiting.size >= this.#maxDepth) throw this.#full();
    await this.#wait(admit, signal);
  }

  /** One has finished: the longest waiting caller comes in. */
  leave(): void {
    this.#taken--;
    while (this.#taken < this.#maxDepth) {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) return;
      try {
        if (waiter.admit()) this.#taken++;
        waiter.resolve();
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  /** Takes no more; who waits is told. */
  close(): void {
    this.#closed = true;
    for (let waiter = this.#waiting.shift(); waiter !== undefined; waiter = this.#waiting.shift()) waiter.reject(closed());
  }

  #wait(admit: Admit, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.remove(waiter);
        reject(aborted(signal));
      };
      const waiter: Waiter = {
        admit,
        resolve: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
        before: undefined,
        after: undefined,
      };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #full(): RingbackError {
    const waiting = this.#waits ? `, and ${this.#waiting.size} callers wait for room` : '';
    return new RingbackError('outbox-full', `the outbox holds ${this.#taken} of at most ${this.#maxDepth} callbacks${waiting}`);
  }
}

const closed = (): RingbackError => new RingbackError('closed', 'the outbox was stopped and takes no more');

const aborted = (signal: AbortSignal | undefined): RingbackError =>
  new RingbackError('cancelled', 'the caller aborted before the outbox had room', { cause: signal?.reason });
