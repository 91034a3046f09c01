import { RingbackError } from '../../errors.js';
import { check, comesTrue } from '../conformance-check.js';
import { endedAs, refusedAsClosed } from './checks.js';
import type { TransportChecks } from './transport-case.js';

/** By then a connection whose end was begun has ended, on loopback and on a slow machine. */
const GONE_MS = 2_000;

/** What `close` does with what runs, and with what comes after. */
export const closing: TransportChecks = {
  'finishes what it sends when it is closed': {
    needs: ['delivers-late', 'close'],
    run: async (given) => {
      const sending = await given.hang('delivers-late');
      await given.close();
      check(sending.hasEnded(), 'close must end after what is being sent has ended');
      endedAs(await sending.end(), 'delivered', 'a send that ran when the transport was closed');
    },
  },

  'refuses what comes after, from the moment of close on': {
    needs: ['delivers-late', 'close', 'requests'],
    run: async (given) => {
      const to = await given.destination('delivers');
      const sending = await given.hang('delivers-late');
      const before = given.requests();
      const closed = given.close();
      refusedAsClosed(await given.begin(to).end(), 'a send while the transport closes');
      await closed;
      endedAs(await sending.end(), 'delivered', 'a send that ran when the transport was closed');
      refusedAsClosed(await given.begin(to).end(), 'a send after the transport was closed');
      check(given.requests() === before, 'a closed transport must send nothing');
    },
  },

  'ends close once what hangs is aborted': {
    needs: ['hangs-before-answer', 'close'],
    run: async (given) => {
      const sending = await given.hang('hangs-before-answer');
      const closed = given.close();
      sending.signal.abort(new RingbackError('cancelled', 'the caller gave up'));
      await sending.end();
      await closed;
    },
  },

  'leaves no connection open after close': {
    needs: ['rejects', 'openConnections', 'close'],
    run: async (given) => {
      for (const behaviour of ['delivers', 'rejects'] as const) await given.send(behaviour);
      await given.close();
      const gone = await comesTrue(() => given.openConnections() === 0, GONE_MS);
      check(gone, `no connection may be open after close, got ${given.openConnections()}`);
    },
  },

  'leaves no connection open after close when sends were aborted': {
    needs: ['hangs-before-answer', 'openConnections', 'close'],
    run: async (given) => {
      const sending = await given.hang('hangs-before-answer');
      // The far end may count it a moment after the near one has it.
      const counted = await comesTrue(() => given.openConnections() > 0, GONE_MS);
      check(counted, 'openConnections() must count the connection of a send that hangs');
      sending.signal.abort(new RingbackError('cancelled', 'the caller gave up'));
      await sending.end();
      await given.close();
      const gone = await comesTrue(() => given.openConnections() === 0, GONE_MS);
      check(gone, `no connection may be open after close, got ${given.openConnections()}`);
    },
  },
};
