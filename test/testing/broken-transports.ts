import type { Answer } from '../../src/callback.js';
import type { Transport } from '../../src/transports/transport.js';
import { MAX_BYTES, memoryTransport, type Send, sendOver, type Wire } from './memory-transport.js';

/** A transport with one fault. */
export interface BrokenTransport {
  /** The cases in which it must fail, no more and no fewer. */
  readonly failsIn: readonly string[];
  /** A part of what the first of them says. */
  readonly says: string;
  create(wire: Wire): Transport;
}

/** The sound transport, but for how it sends; `send` is the sound one's. */
const sending =
  (change: (send: Send, wire: Wire) => Send): BrokenTransport['create'] =>
  (wire) =>
    memoryTransport(
      wire,
      change((message, attempt) => sendOver(wire, message, attempt), wire),
    );

/** The sound transport, but for some of its members. */
const but =
  (change: (sound: ReturnType<typeof memoryTransport>, wire: Wire) => Partial<Transport>): BrokenTransport['create'] =>
  (wire) => {
    const sound = memoryTransport(wire);
    return { ...sound, ...change(sound, wire) };
  };

/** The sound transport, but for the answers that it gives. */
const answering = (change: (answer: Answer, to: string) => Answer): BrokenTransport['create'] =>
  sending((send) => async (message, attempt) => change(await send(message, attempt), message.to));

const TIMEOUTS = [
  'ends when its time is up while it connects',
  'ends when its time is up in the TLS handshake',
  'ends when its time is up before an answer',
  'ends when its time is up in the middle of an answer',
];
const ABORTS = [...TIMEOUTS, 'ends at an abort while it sends, and only that send'];
const ABORTED_BEFORE = 'sends nothing when it was aborted before';
const FINISHES = 'finishes what it sends when it is closed';
const REFUSES = 'refuses what comes after, from the moment of close on';
const CLOSES_HANGING = 'ends close once what hangs is aborted';
const NO_CONNECTION = 'leaves no connection open after close';
const NO_CONNECTION_ABORTED = 'leaves no connection open after close when sends were aborted';
const LEAVES = 'leaves no listener on the signal when it';
const LISTENERS = [
  `${LEAVES} is delivered`,
  `${LEAVES} is rejected`,
  `${LEAVES} has failed`,
  'leaves no listener on the signal when nothing listens',
  `${LEAVES} is forbidden`,
];
const LISTENERS_ABORTED = [`${LEAVES} was aborted before an answer`, `${LEAVES} was aborted while it connects`];
const NOTHING_ALIVE = 'leaves nothing that keeps the process alive';
const NOTHING_ALIVE_ABORTED = 'leaves nothing that keeps the process alive when sends were aborted';

export const BROKEN_TRANSPORTS: Readonly<Record<string, BrokenTransport>> = {
  'a deaf ear to its signal': {
    create: sending((send) => (message, attempt) => send(message, { ...attempt, signal: new AbortController().signal })),
    failsIn: [...ABORTS, CLOSES_HANGING, NO_CONNECTION_ABORTED, ...LISTENERS_ABORTED, NOTHING_ALIVE_ABORTED],
    says: 'a send must end: no answer in 5000 ms',
  },
  'no look at its signal before it sends': {
    create: but((sound) => ({
      send: (message, { number, signal }) =>
        sound.send(message, { number, signal: signal.aborted ? new AbortController().signal : signal }),
    })),
    failsIn: [ABORTED_BEFORE],
    says: "must reject with the signal's reason, or be cancelled, but it is delivered",
  },
  'an error of its own at an abort': {
    create: but((sound) => ({
      send: (message, attempt) =>
        sound.send(message, attempt).catch((error: unknown) => {
          throw attempt.signal.aborted ? new Error('aborted') : error;
        }),
    })),
    failsIn: [...TIMEOUTS, ABORTED_BEFORE, 'ends at an abort while it sends, and only that send'],
    says: "must reject with the signal's reason, or with an error that has it as its cause, but it threw Error: aborted",
  },
  'delivered at an abort': {
    create: sending((send) => (message, attempt) => send(message, attempt).catch(() => ({ outcome: { kind: 'delivered' } }))),
    failsIn: ABORTS,
    says: 'or be timed-out, but it is delivered',
  },
  'no way back from an abort': {
    create: sending((send) => {
      let wasAborted = false;
      return async (message, attempt) => {
        attempt.signal.addEventListener('abort', () => (wasAborted = true), { once: true });
        if (wasAborted) return { outcome: { kind: 'failed', reason: 'connection closed' } };
        return send(message, attempt);
      };
    }),
    failsIn: [
      'ends at an abort while it sends, and only that send',
      'takes no notice of an abort after its end',
      ...LISTENERS,
      NOTHING_ALIVE_ABORTED,
    ],
    says: 'the send after it: it must be delivered, got failed (connection closed)',
  },
  'a listener left on each signal': {
    create: but((sound) => ({
      send: (message, attempt) => {
        attempt.signal.addEventListener('abort', () => {});
        return sound.send(message, attempt);
      },
    })),
    failsIn: [...LISTENERS, ...LISTENERS_ABORTED],
    says: 'it must leave no listener on the signal, but 1 are left',
  },
  'an onabort left on each signal': {
    create: but((sound) => ({
      send: (message, attempt) => {
        attempt.signal.onabort = () => {};
        return sound.send(message, attempt);
      },
    })),
    failsIn: [...LISTENERS, ...LISTENERS_ABORTED],
    says: 'it must leave no listener on the signal, but 1 are left',
  },
  'delivered for a 500': {
    create: answering((answer) => (answer.outcome.kind === 'failed' ? { ...answer, outcome: { kind: 'delivered' } } : answer)),
    failsIn: ['has failed where the other end broke', 'has failed where nothing listens'],
    says: "a send to 'fails': it must be failed, got delivered",
  },
  'a throw for a 4xx': {
    create: answering((answer) => {
      if (answer.outcome.kind !== 'rejected' && answer.outcome.kind !== 'gone') return answer;
      throw new Error('Request failed with status code 400');
    }),
    failsIn: [
      'is rejected where the other end says no',
      'is gone where the other end says never again',
      'gives each of many at once its own outcome',
    ],
    says: 'it must be rejected, but it threw Error: Request failed with status code 400, which counts as failed',
  },
  'a throw for what it must not send to': {
    create: answering((answer) => {
      if (answer.outcome.kind === 'forbidden') throw new TypeError('no such place');
      return answer;
    }),
    failsIn: ['is forbidden where it must not send to'],
    says: 'it must be forbidden, but it threw TypeError: no such place, which counts as rejected',
  },
  'rejected for gone': {
    create: answering((answer) => ({
      ...answer,
      outcome: answer.outcome.kind === 'gone' ? { kind: 'rejected', reason: 'answered 410' } : answer.outcome,
    })),
    failsIn: ['is gone where the other end says never again'],
    says: 'it must be gone, got rejected (answered 410)',
  },
  'failed for overloaded': {
    create: answering((answer) => ({
      ...answer,
      outcome: answer.outcome.kind === 'overloaded' ? { kind: 'failed', reason: 'answered 429' } : answer.outcome,
    })),
    failsIn: ['is overloaded where the other end says too much', 'hands on the wait that the other end asked for, in ms'],
    says: 'it must be overloaded, got failed (answered 429)',
  },
  'a wait in seconds': {
    create: answering((answer) => ({ ...answer, outcome: { ...answer.outcome, retryAfterMs: 2 } })),
    failsIn: ['hands on the wait that the other end asked for, in ms'],
    says: 'retryAfterMs must be from 2000 to 86400000, got 2',
  },
  'no word of why': {
    create: answering((answer) => ({ ...answer, outcome: { ...answer.outcome, reason: undefined } })),
    failsIn: [
      'has failed where the other end broke',
      'has failed where nothing listens',
      'is rejected where the other end says no',
      'is gone where the other end says never again',
      'is overloaded where the other end says too much',
      'is forbidden where it must not send to',
    ],
    says: 'failed must have a reason',
  },
  'the whole of a response that is too large': {
    create: answering((answer, to) =>
      to === 'memory:answers-too-much' && answer.response !== undefined
        ? { ...answer, response: { ...answer.response, truncated: false } }
        : answer,
    ),
    failsIn: ['has cut a response that is larger than its cap'],
    says: 'response.truncated must be true, got false',
  },
  'more of a response than its cap': {
    create: answering((answer, to) =>
      to === 'memory:answers-too-much' && answer.response !== undefined
        ? { ...answer, response: { ...answer.response, body: new Uint8Array(MAX_BYTES + 1) } }
        : answer,
    ),
    failsIn: ['has cut a response that is larger than its cap'],
    says: `response.body must have at most ${MAX_BYTES} bytes, got ${MAX_BYTES + 1}`,
  },
  'names in capitals in its responses': {
    create: answering(({ outcome, response }) => ({
      outcome,
      response: response && { ...response, headers: { 'X-Answer': 'yes' } },
    })),
    failsIn: [
      'is delivered when it was taken, again and again',
      'has failed where the other end broke',
      'is rejected where the other end says no',
      'is gone where the other end says never again',
      'is overloaded where the other end says too much',
      'has cut a response that is larger than its cap',
    ],
    says: 'names in response.headers must be in lower case, got "X-Answer"',
  },
  'retries of its own': {
    create: sending((send) => async (message, attempt) => {
      const answer = await send(message, attempt);
      return answer.outcome.kind === 'failed' ? send(message, attempt) : answer;
    }),
    failsIn: ['makes one request when it has failed, and retries nothing by itself'],
    says: "a send to 'fails' must be one request, got 2",
  },
  'one outcome for all that is sent at once': {
    create: sending((send) => {
      let shared: Promise<Answer> | undefined;
      return (message, attempt) => {
        shared ??= send(message, attempt).finally(() => (shared = undefined));
        return shared;
      };
    }),
    failsIn: ['gives each of many at once its own outcome'],
    says: 'send 2 of 20 at once: it must be rejected, got delivered',
  },
  'one delivery in it': {
    create: sending((send) => {
      let count = 0;
      return async (message, attempt) =>
        count++ === 0 ? send(message, attempt) : { outcome: { kind: 'failed', reason: 'connection closed' } };
    }),
    failsIn: [
      'is delivered when it was taken, again and again',
      'gives each of many at once its own outcome',
      'ends at an abort while it sends, and only that send',
      'takes no notice of an abort after its end',
      NOTHING_ALIVE_ABORTED,
    ],
    says: "send 2 to 'delivers': it must be delivered, got failed (connection closed)",
  },
  'a hand on the message': {
    create: sending((send) => (message, attempt) => {
      message.body.fill(0);
      return send(message, attempt);
    }),
    failsIn: ['leaves the message that it was given as it is'],
    says: 'a send must not change its message',
  },
  'every destination accepted': {
    create: but(() => ({ accepts: () => true })),
    failsIn: ['accepts its own destinations, and none of a scheme that nobody has'],
    says: 'accepts must be false for a foreign scheme',
  },
  'a check that refuses what it could carry': {
    create: but(() => ({
      check: () => {
        throw new Error('too large');
      },
    })),
    failsIn: ['refuses nothing at the door that it could carry'],
    says: 'check must let through what it can carry, but threw Error: too large',
  },
  'a close that never ends': {
    create: but((sound) => ({ close: () => sound.close().then(() => new Promise(() => {})) })),
    failsIn: [FINISHES, REFUSES, CLOSES_HANGING, NO_CONNECTION, NO_CONNECTION_ABORTED, NOTHING_ALIVE, NOTHING_ALIVE_ABORTED],
    says: 'close must end: no answer in 5000 ms',
  },
  'a close that throws': {
    create: but((sound) => ({
      close: async () => {
        await sound.close();
        throw new Error('not mine to close');
      },
    })),
    failsIn: [FINISHES, REFUSES, CLOSES_HANGING, NO_CONNECTION, NO_CONNECTION_ABORTED, NOTHING_ALIVE, NOTHING_ALIVE_ABORTED],
    says: 'not mine to close',
  },
  'a close that waits for nothing': {
    create: but((sound) => ({
      close: async () => {
        sound.close().catch(() => {});
      },
    })),
    failsIn: [FINISHES],
    says: 'close must end after what is being sent has ended',
  },
  'a close that cuts what runs': {
    create: (wire) => {
      const closed = new AbortController();
      const sound = memoryTransport(wire);
      return {
        ...sound,
        send: (message, attempt) => {
          const cut = new Promise<Answer>((resolve) => {
            const answer: Answer = { outcome: { kind: 'failed', reason: 'connection closed' } };
            closed.signal.addEventListener('abort', () => resolve(answer), { once: true });
          });
          return Promise.race([sound.send(message, attempt), cut]);
        },
        close: () => {
          closed.abort();
          return sound.close();
        },
      };
    },
    failsIn: [FINISHES, REFUSES],
    says: 'a send that ran when the transport was closed: it must be delivered, got failed (connection closed)',
  },
  'an open door after close': {
    create: (wire) => ({ ...memoryTransport(wire), send: (message, attempt) => sendOver(wire, message, attempt) }),
    failsIn: [ABORTED_BEFORE, FINISHES, REFUSES],
    says: "must reject with the signal's reason, or be cancelled, but it is delivered",
  },
  'an error without a code after close': {
    create: but((sound) => {
      let isClosed = false;
      return {
        send: (message, attempt) => (isClosed ? Promise.reject(new Error('closed')) : sound.send(message, attempt)),
        close: () => {
          isClosed = true;
          return sound.close();
        },
      };
    }),
    failsIn: [REFUSES],
    says: 'a send while the transport closes: it must reject with the code closed, but it threw Error: closed',
  },
  'connections open after close': {
    create: but((sound, wire) => ({
      send: async (message, attempt) => {
        if (!attempt.signal.aborted) wire.open.add(attempt);
        return sound.send(message, attempt);
      },
    })),
    failsIn: [NO_CONNECTION, NO_CONNECTION_ABORTED],
    says: 'no connection may be open after close, got 2',
  },
  'connections open that were aborted': {
    create: but((sound, wire) => ({
      send: (message, attempt) => {
        attempt.signal.addEventListener('abort', () => wire.open.add(attempt), { once: true });
        return sound.send(message, attempt);
      },
    })),
    failsIn: [NO_CONNECTION_ABORTED, ...LISTENERS],
    says: 'no connection may be open after close, got 1',
  },
};
