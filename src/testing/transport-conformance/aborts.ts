import { RingbackError } from '../../errors.js';
import { check } from '../conformance-check.js';
import { endedAs, endedByAbort } from './checks.js';
import type { DestinationBehaviour } from './destination-behaviour.js';
import type { TransportCase, TransportCheck, TransportChecks } from './transport-case.js';
import { WatchedSignal } from './watched-signal.js';

const timedOut = (): Error => new RingbackError('attempt-timeout', 'the attempt took too long');
const cancelled = (): Error => new RingbackError('cancelled', 'the caller gave up');

/** What a send to this destination comes to when it is aborted there. */
async function abortIn(given: TransportCase, behaviour: DestinationBehaviour, reason: Error): Promise<void> {
  const sending = await given.hang(behaviour);
  sending.signal.abort(reason);
  endedByAbort(await sending.end(), reason, `a send to '${behaviour}', aborted there`);
}

const timesOut = (behaviour: DestinationBehaviour): TransportCheck => ({
  needs: [behaviour],
  run: (given) => abortIn(given, behaviour, timedOut()),
});

/** What ends a send from outside. */
export const aborts: TransportChecks = {
  'ends when its time is up while it connects': timesOut('hangs-in-connect'),
  'ends when its time is up in the TLS handshake': timesOut('hangs-in-tls'),
  'ends when its time is up before an answer': timesOut('hangs-before-answer'),
  'ends when its time is up in the middle of an answer': timesOut('hangs-in-answer'),

  'sends nothing when it was aborted before': {
    needs: ['requests'],
    run: async (given) => {
      const [signal, reason] = [new WatchedSignal(), cancelled()];
      signal.abort(reason);
      const before = given.requests();
      endedByAbort(
        await given.begin(await given.destination('delivers'), signal).end(),
        reason,
        'a send that was aborted before',
      );
      endedAs(await given.send('delivers'), 'delivered', 'the send after it');
      const requests = given.requests() - before;
      check(
        requests === 1,
        `a send that was aborted before must send nothing, and the one after it once: got ${requests} requests`,
      );
    },
  },

  'ends at an abort while it sends, and only that send': {
    needs: ['hangs-before-answer'],
    run: async (given) => {
      await abortIn(given, 'hangs-before-answer', cancelled());
      endedAs(await given.send('delivers'), 'delivered', 'the send after it');
    },
  },

  'takes no notice of an abort after its end': {
    needs: [],
    run: async (given) => {
      const sending = given.begin(await given.destination('delivers'));
      endedAs(await sending.end(), 'delivered', "a send to 'delivers'");
      sending.signal.abort(cancelled());
      endedAs(await sending.end(), 'delivered', 'the same send, after the abort');
      endedAs(await given.send('delivers'), 'delivered', 'the send after it');
    },
  },
};
