import { checkNames, functionOption, numberOption } from '../options.js';
import { claiming } from './idempotency-store-conformance/claiming.js';
import { expiry } from './idempotency-store-conformance/expiry.js';
import { failures, unreachable } from './idempotency-store-conformance/failures.js';
import { fencing } from './idempotency-store-conformance/fencing.js';
import { keys } from './idempotency-store-conformance/keys.js';
import { results } from './idempotency-store-conformance/results.js';
import { type Cases, type CreateStore, StoreCase } from './idempotency-store-conformance/store-case.js';

/** What {@link idempotencyStoreConformance} is given. */
export interface IdempotencyStoreConformanceOptions {
  /** The runner's: of vitest, node:test, jest or mocha. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** The runner's. A case fails by a rejected promise. */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /**
   * Opens an instance of the store. It is called once or twice in each case, and all instances must work on the same data, as
   * the processes of a service do. Keys are random, so the data need not be empty. `close` is called at the case's end.
   */
  readonly createStore: CreateStore;
  /** Moves the store's time on. Left out, the suite uses leases of 300 to 600 ms and really waits: some 7 s in all. */
  readonly advance?: (durationMs: number) => unknown;
  /** Opens an instance that can't reach its data: every method of it must throw within 2 s. Left out, that is not tested. */
  readonly createBrokenStore?: CreateStore;
  /** The longest result the store keeps, where it has a bound: one byte more must be refused. Default: 1 MiB is tried, and no more. */
  readonly maxResultBytes?: number;
}

/**
 * The contract of `IdempotencyStore` as a test-suite: run it on a store of your own. It declares its cases by the `describe`
 * and `it` it is given, brings its own checks, and needs nothing else.
 *
 * Without `advance` it waits really, each case under a second. One case sets the process's `Date` an hour off while it
 * runs, so don't run other tests beside it in one process. A store that goes by the client's wall clock fails there: it takes
 * its database's clock instead, or a clock as an option, which the suite moves through `advance`.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a wrong one.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { memoryIdempotencyStore } from 'ringback';
 * import { fakeClock, idempotencyStoreConformance } from 'ringback/testing';
 *
 * const clock = fakeClock();
 * const store = memoryIdempotencyStore({ clock });
 * idempotencyStoreConformance({
 *   describe,
 *   it,
 *   createStore: () => ({ store }),
 *   advance: (durationMs) => clock.advance(durationMs),
 * });
 * ```
 */
export function idempotencyStoreConformance(options: IdempotencyStoreConformanceOptions): void {
  const { describe, it, createStore, advance, createBrokenStore, maxResultBytes } = checked(options);
  const groups: Readonly<Record<string, Cases>> = {
    'who gets a key': claiming,
    'who may write': fencing,
    'leases and lifetimes': expiry,
    results: results(maxResultBytes),
    keys,
    'when something breaks': { ...failures, ...(createBrokenStore === undefined ? {} : unreachable(createBrokenStore)) },
  };
  describe('an idempotency store', () => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [name, run] of Object.entries(cases)) {
          it(name, async () => {
            const given = new StoreCase(createStore, advance);
            try {
              await run(given);
            } finally {
              await given.closeAll();
            }
          });
        }
      });
    }
  });
}

function checked(options: IdempotencyStoreConformanceOptions): IdempotencyStoreConformanceOptions {
  const owner = 'idempotencyStoreConformance';
  checkNames(owner, options, ['describe', 'it', 'createStore', 'advance', 'createBrokenStore', 'maxResultBytes']);
  for (const name of ['describe', 'it', 'createStore'] as const) functionOption(name, options[name] ?? null, undefined);
  for (const name of ['advance', 'createBrokenStore'] as const) functionOption<unknown>(name, options[name], undefined);
  numberOption('maxResultBytes', options.maxResultBytes, 0, { from: 1, integer: true });
  return options;
}
