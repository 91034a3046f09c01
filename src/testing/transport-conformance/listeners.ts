import { RingbackError } from '../../errors.js';
import { check, comesTrue } from '../conformance-check.js';
import type { DestinationBehaviour } from './destination-behaviour.js';
import type { Sending, TransportCheck, TransportChecks } from './transport-case.js';

/** A listener may be taken off a turn or two after the end. */
const LEFT_MS = 500;

async function areGone({ signal }: Sending, why: string): Promise<void> {
  const gone = await comesTrue(() => signal.listeners === 0, LEFT_MS);
  check(gone, `${why}: it must leave no listener on the signal, but ${signal.listeners} are left`);
}

const afterTheEnd = (behaviour: DestinationBehaviour): TransportCheck => ({
  needs: [behaviour],
  run: async (given) => {
    const sending = given.begin(await given.destination(behaviour));
    await sending.end();
    await areGone(sending, `after a send to '${behaviour}'`);
  },
});

const afterAnAbort = (behaviour: DestinationBehaviour): TransportCheck => ({
  needs: [behaviour],
  run: async (given) => {
    const sending = await given.hang(behaviour);
    sending.signal.abort(new RingbackError('cancelled', 'the caller gave up'));
    await sending.end();
    await areGone(sending, `after a send to '${behaviour}', aborted there`);
  },
});

/** What is left on the signal of a send that has ended. */
export const listeners: TransportChecks = {
  'leaves no listener on the signal when it is delivered': afterTheEnd('delivers'),
  'leaves no listener on the signal when it is rejected': afterTheEnd('rejects'),
  'leaves no listener on the signal when it has failed': afterTheEnd('fails'),
  'leaves no listener on the signal when nothing listens': afterTheEnd('unreachable'),
  'leaves no listener on the signal when it is forbidden': afterTheEnd('forbidden'),
  'leaves no listener on the signal when it was aborted before an answer': afterAnAbort('hangs-before-answer'),
  'leaves no listener on the signal when it was aborted while it connects': afterAnAbort('hangs-in-connect'),
};
