import type { Answer, Message } from '../../src/callback.js';
import { RingbackError } from '../../src/errors.js';
import type { Outcome } from '../../src/outcome.js';
import type { DestinationBehaviour } from '../../src/testing/index.js';
import type { SendAttempt, Transport } from '../../src/transports/transport.js';

export const MAX_BYTES = 10;
const LATE_MS = 200;

/** What a transport under test sends over: it counts what comes. */
export class Wire {
  readonly open = new Set<object>();
  requests = 0;
}

const OUTCOMES: Partial<Record<DestinationBehaviour, Outcome>> = {
  delivers: { kind: 'delivered' },
  'delivers-late': { kind: 'delivered' },
  fails: { kind: 'failed', reason: 'answered 500' },
  rejects: { kind: 'rejected', reason: 'answered 400' },
  gone: { kind: 'gone', reason: 'answered 410' },
  overloads: { kind: 'overloaded', reason: 'answered 429', retryAfterMs: 2_000 },
  'answers-too-much': { kind: 'delivered' },
};

export type Send = (message: Message, attempt: SendAttempt) => Promise<Answer>;

/** What `memory:<behaviour>` does, soundly: it ends at an abort, and leaves nothing. */
export async function sendOver(wire: Wire, { to }: Message, { signal }: SendAttempt): Promise<Answer> {
  const behaviour = to.slice('memory:'.length) as DestinationBehaviour;
  if (behaviour === 'forbidden') return { outcome: { kind: 'forbidden', reason: 'no place to send to' } };
  if (behaviour === 'unreachable') return { outcome: { kind: 'failed', reason: 'connection refused' } };
  const connection = {};
  wire.open.add(connection);
  try {
    if (behaviour === 'hangs-in-connect' || behaviour === 'hangs-in-tls') return await untilAborted(signal);
    wire.requests++;
    const outcome = OUTCOMES[behaviour];
    if (outcome === undefined) return await untilAborted(signal);
    if (behaviour === 'delivers-late') await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    const truncated = behaviour === 'answers-too-much';
    const body = new Uint8Array(truncated ? MAX_BYTES : 0);
    return { outcome, response: { status: 200, headers: { 'x-answer': 'yes' }, body, truncated } };
  } finally {
    wire.open.delete(connection);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A sound transport around that; `close` waits for what runs. */
export function memoryTransport(
  wire: Wire,
  send: Send = (message, attempt) => sendOver(wire, message, attempt),
): Required<Omit<Transport, 'method' | 'check'>> {
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  return {
    name: 'memory',
    accepts: (to) => to.protocol === 'memory:',
    send: async (message, attempt) => {
      if (isClosed) throw new RingbackError('closed', 'the memory transport is closed');
      attempt.signal.throwIfAborted();
      const sent = send(message, attempt);
      running.add(sent);
      const forget = (): void => void running.delete(sent);
      sent.then(forget, forget);
      return sent;
    },
    close: async () => {
      isClosed = true;
      await Promise.allSettled(running);
    },
  };
}
