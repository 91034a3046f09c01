import type { OutcomeKind } from '../../outcome.js';
import { check } from '../conformance-check.js';
import { endedAs, hasPlainAnswer, saysWhy } from './checks.js';
import type { DestinationBehaviour } from './destination-behaviour.js';
import type { TransportCheck, TransportChecks } from './transport-case.js';

/** What `overloads` asks for, at the least; and what nobody asks for in earnest, so units were mixed up. */
const LEAST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;
const AT_ONCE = 10;

/** A destination that behaves so comes to this outcome, with a reason. */
const comesTo = (behaviour: DestinationBehaviour, kind: OutcomeKind): TransportCheck => ({
  needs: [behaviour],
  run: async (given) => {
    const end = await given.send(behaviour);
    const why = `a send to '${behaviour}'`;
    saysWhy(endedAs(end, kind, why), why);
    hasPlainAnswer(end, why);
  },
});

const isOneRequest = (behaviour: DestinationBehaviour): TransportCheck => ({
  needs: [behaviour, 'requests'],
  run: async (given) => {
    await given.send(behaviour);
    const requests = given.requests();
    check(requests === 1, `a send to '${behaviour}' must be one request, got ${requests}`);
  },
});

/** What the end of a send means. */
export const outcomes = (maxResponseBytes: number): TransportChecks => ({
  'accepts its own destinations, and none of a scheme that nobody has': {
    needs: [],
    run: async (given) => {
      const { transport } = given;
      const own = new URL(await given.destination('delivers'));
      check(typeof transport.name === 'string' && transport.name !== '', 'name must be a string that is not empty');
      check(transport.accepts(own) === true, 'accepts must be true for the destination that delivers');
      check(transport.accepts(new URL('no-scheme-of-anybody:x')) === false, 'accepts must be false for a foreign scheme');
    },
  },

  'refuses nothing at the door that it could carry': {
    needs: ['delivers'],
    run: async (given) => given.checkAtTheDoor('delivers'),
  },

  'is delivered when it was taken, again and again': {
    needs: ['delivers'],
    run: async (given) => {
      for (let round = 1; round <= 3; round++) {
        const why = `send ${round} to 'delivers'`;
        const end = await given.send('delivers');
        endedAs(end, 'delivered', why);
        check('answer' in end, `${why}: it must resolve`);
        hasPlainAnswer(end, why);
      }
    },
  },

  'has failed where the other end broke': comesTo('fails', 'failed'),
  'has failed where nothing listens': comesTo('unreachable', 'failed'),
  'is rejected where the other end says no': comesTo('rejects', 'rejected'),
  'is gone where the other end says never again': comesTo('gone', 'gone'),
  'is overloaded where the other end says too much': comesTo('overloads', 'overloaded'),
  'is forbidden where it must not send to': comesTo('forbidden', 'forbidden'),

  'hands on the wait that the other end asked for, in ms': {
    needs: ['overloads', 'retryAfterMs'],
    run: async (given) => {
      const { retryAfterMs } = endedAs(await given.send('overloads'), 'overloaded', "a send to 'overloads'");
      const fits = retryAfterMs !== undefined && retryAfterMs >= LEAST_WAIT_MS && retryAfterMs <= LONGEST_WAIT_MS;
      check(fits, `retryAfterMs must be from ${LEAST_WAIT_MS} to ${LONGEST_WAIT_MS}, got ${retryAfterMs}`);
    },
  },

  'has cut a response that is larger than its cap': {
    needs: ['answers-too-much'],
    run: async (given) => {
      const end = await given.send('answers-too-much');
      endedAs(end, 'delivered', 'a send that was taken, but answered with too much');
      hasPlainAnswer(end, 'a response that is larger than the cap');
      const response = 'answer' in end ? end.answer.response : undefined;
      check(response?.truncated === true, `response.truncated must be true, got ${response?.truncated}`);
      const bytes = response.body.length;
      check(bytes <= maxResponseBytes, `response.body must have at most ${maxResponseBytes} bytes, got ${bytes}`);
    },
  },

  'leaves the message that it was given as it is': {
    needs: [],
    run: async (given) => {
      const sending = given.begin(await given.destination('delivers'));
      await sending.end();
      check(sending.hasKeptMessage(), 'a send must not change its message: other attempts send it again');
    },
  },

  'makes one request when it is delivered': isOneRequest('delivers'),
  'makes one request when it has failed, and retries nothing by itself': isOneRequest('fails'),
  'makes one request when it is overloaded, and retries nothing by itself': isOneRequest('overloads'),

  'gives each of many at once its own outcome': {
    needs: ['rejects'],
    run: async (given) => {
      const [taken, refused] = [await given.destination('delivers'), await given.destination('rejects')];
      const sendings = Array.from({ length: 2 * AT_ONCE }, (_, index) => given.begin(index % 2 === 0 ? taken : refused));
      for (const [index, { end }] of sendings.entries()) {
        endedAs(await end(), index % 2 === 0 ? 'delivered' : 'rejected', `send ${index + 1} of ${2 * AT_ONCE} at once`);
      }
    },
  },
});
