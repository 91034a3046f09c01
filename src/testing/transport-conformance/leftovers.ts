import { RingbackError } from '../../errors.js';
import { check, comesTrue } from '../conformance-check.js';
import { activeResources, newSince } from './active-resources.js';
import type { TransportChecks } from './transport-case.js';

/** By then what was closed is closed, on a slow machine. */
const GONE_MS = 2_000;

/** What is sent before a look at what keeps the process alive. */
export const leftovers: TransportChecks = {
  'leaves nothing that keeps the process alive': {
    needs: [],
    run: async (given) => {
      for (let round = 0; round < 3; round++) await given.send('delivers');
      await given.close();
    },
  },

  'leaves nothing that keeps the process alive when sends were aborted': {
    needs: ['hangs-before-answer'],
    run: async (given) => {
      for (let round = 0; round < 3; round++) {
        const sending = await given.hang('hangs-before-answer');
        sending.signal.abort(new RingbackError('cancelled', 'the caller gave up'));
        await sending.end();
      }
      await given.close();
    },
  },
};

/** Fails where more keeps the process alive than before, once all of the case is closed. */
export async function leavesNothing(runCase: () => Promise<void>): Promise<void> {
  // mocha sets its own timer for a case once the case has given its promise.
  await undefined;
  const before = activeResources();
  await runCase();
  const gone = await comesTrue(() => newSince(before).length === 0, GONE_MS);
  check(gone, `nothing may keep the process alive once all is closed, but these do: ${newSince(before).join(', ')}`);
}
