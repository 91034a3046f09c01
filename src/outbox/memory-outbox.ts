import { checkNames, invalidOption, numberOption } from '../options.js';
import { Account } from './account.js';
import type { Outbox } from './outbox.js';

/** Settings of {@link memoryOutbox}. */
export interface MemoryOutboxOptions {
  /** All that is accepted and unfinished: ready, running and waiting for a retry. Default 100,000. */
  readonly maxDepth?: number;
  /**
   * What `add` does at `maxDepth`: `refuse` rejects with `outbox-full`, `wait` waits for room, with at most `maxDepth` callers
   * waiting at once. Default `refuse`: a caller that is told can slow down, one that waits unseen can't.
   */
  readonly whenFull?: 'wait' | 'refuse';
  /** Attempts that run at once. An integer from 2. Default 64. The last quarter is kept from destinations that hang. */
  readonly concurrency?: number;
  /** Slots that one destination may take, fewer than `concurrency`. Default a quarter of `concurrency`, at least 1. */
  readonly maxPerDestination?: number;
  /** Dead letters that are kept; the oldest goes first. Default 10,000. */
  readonly maxDeadLetters?: number;
}

const OPTION_NAMES = ['maxDepth', 'whenFull', 'concurrency', 'maxPerDestination', 'maxDeadLetters'];

/**
 * The outbox in memory: no server, no file, and nothing left after a crash. Use it where what is enqueued can be made again,
 * or lost; it is the default of `createRingback`.
 *
 * It is fair over destinations, keeps the order of an ordering key, holds no slot for a retry that waits, and is bounded over
 * all that it has accepted and not finished.
 *
 * @throws RingbackError `invalid-option` for an unknown option, one out of range, or a `maxPerDestination` that is not below
 *   `concurrency`.
 * @example
 * ```ts
 * import { createRingback, memoryOutbox } from 'ringback';
 * import { scriptedTransport } from 'ringback/testing';
 *
 * const ringback = createRingback({
 *   transports: [scriptedTransport()],
 *   outbox: memoryOutbox({ maxDepth: 1_000, whenFull: 'wait' }),
 * });
 * await ringback.enqueue({ to: 'https://customer.example/hooks', data: { id: 'in_42' } });
 * await ringback.drain();
 * console.log(ringback.snapshot().outbox.depth); // 0
 * await ringback.close();
 * ```
 */
export function memoryOutbox(options: MemoryOutboxOptions = {}): Outbox {
  checkNames('memoryOutbox', options, OPTION_NAMES);
  const { whenFull = 'refuse' } = options;
  if (whenFull !== 'refuse' && whenFull !== 'wait') throw invalidOption('whenFull', "'wait' or 'refuse'", whenFull);
  const concurrency = numberOption('concurrency', options.concurrency, 64, { from: 2, integer: true });
  const aQuarter = Math.max(1, Math.floor(concurrency / 4));
  return new Account({
    maxDepth: numberOption('maxDepth', options.maxDepth, 100_000, { from: 1, integer: true }),
    whenFull,
    concurrency,
    maxPerDestination: numberOption('maxPerDestination', options.maxPerDestination, aQuarter, {
      from: 1,
      to: concurrency - 1,
      integer: true,
    }),
    maxDeadLetters: numberOption('maxDeadLetters', options.maxDeadLetters, 10_000, { from: 1, integer: true }),
  });
}
