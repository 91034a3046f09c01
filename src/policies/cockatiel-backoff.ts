import type { IBackoffFactory, IRetryBackoffContext } from 'cockatiel';
import { contractOption } from '../options.js';
import type { Backoff } from './backoff.js';

/** A foreign chain is walked from its start for each delay, so its walk is bounded; later attempts get the last delay. */
const MAX_STEPS = 100;

/**
 * A cockatiel backoff as one of ours. cockatiel's are chains, in which each delay makes the next; ours are functions of the
 * attempt. So the chain is walked from its start each time, and nothing is kept between calls: a backoff stays shareable and
 * a restart loses nothing. A chain that draws at random draws all its steps anew.
 *
 * The context that cockatiel's `DelegateBackoff` reads has the attempt; its `result` is empty and its signal is never aborted.
 *
 * @throws RingbackError `invalid-option` for what is neither.
 */
export function toBackoff(name: string, backoff: Backoff | IBackoffFactory<IRetryBackoffContext<unknown>>): Backoff {
  const { next } = contractOption(name, backoff, ['next']);
  if ('delayMs' in backoff) return contractOption(name, backoff, ['delayMs']);
  return {
    next: next.bind(backoff),
    delayMs: (attempt) => {
      const context = { signal: new AbortController().signal, result: { value: undefined } };
      let step = backoff.next({ ...context, attempt: 1 });
      for (let number = 2; number <= Math.min(attempt, MAX_STEPS); number++) step = step.next({ ...context, attempt: number });
      return step.duration;
    },
  };
}
