import type { IBackoff, IRetryBackoffContext } from 'cockatiel';
import type { Random } from '../random.js';

/**
 * How long to wait before the next attempt: a pure function of what went before and of randomness. It is a cockatiel
 * `IBackoffFactory` too (on `systemRandom`), so it also fits cockatiel's own `retry`.
 */
export interface Backoff {
  /**
   * The delay in ms before attempt `attempt + 1`, or undefined when there is to be none.
   *
   * @param attempt the attempt that just ended, from 1
   * @param previousDelayMs the delay before that attempt; 0 for the first
   */
  delayMs(attempt: number, previousDelayMs: number, random: Random): number | undefined;
  /** cockatiel's contract. */
  next(context: IRetryBackoffContext<unknown>): IBackoff<IRetryBackoffContext<unknown>>;
}
