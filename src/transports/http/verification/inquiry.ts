import type { Answer, Message } from '../../../callback.js';
import { RingbackError } from '../../../errors.js';
import { randomId, systemRandom } from '../../../random.js';
import type { SendAttempt } from '../../transport.js';
import { httpTransport } from '../http.js';
import type { VerificationSettings } from './options.js';

/** One request to a destination that may not have agreed to any. */
export interface Inquiry {
  readonly id: string;
  readonly to: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export const newInquiryId = (): string => randomId('verify_', systemRandom);

/** The reason of our own abort, to be told from the caller's. */
const LATE = Symbol('late');

/**
 * Asks, once, the way that callbacks would go: through the same guard, TLS and caps, on a connection of its own that is closed at
 * the end. What the network does is an answer.
 *
 * @throws RingbackError `cancelled` when the caller's signal is aborted.
 */
export async function ask(inquiry: Inquiry, settings: VerificationSettings): Promise<Answer> {
  const { http, headersOf, timeoutMs, signal } = settings;
  const transport = httpTransport({ ...http, method: inquiry.method, classify: undefined }, headersOf);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = http.clock.setTimer(() => stop.abort(LATE), timeoutMs);
  const attempt: SendAttempt = { number: 1, signal: stop.signal };
  try {
    return await transport.send(messageOf(inquiry), attempt);
  } catch (cause) {
    if (!stop.signal.aborted) throw cause;
    if (stop.signal.reason === LATE) return { outcome: { kind: 'timed-out', reason: lateReason(attempt) } };
    throw new RingbackError('cancelled', 'the caller aborted while the destination was asked', { cause: signal?.reason });
  } finally {
    http.clock.clearTimer(timer);
    signal?.removeEventListener('abort', onAbort);
    await transport.close?.();
  }
}

const lateReason = ({ progress }: SendAttempt): string =>
  progress === undefined ? 'no answer in time' : `no answer in time: ${progress.phase}`;

function messageOf({ id, to, headers, body }: Inquiry): Message {
  const { href, origin } = to;
  const contentType = 'application/json';
  const delivery = { id, to: href, destination: origin, headers, body, contentType, priority: 0, acceptedAtMs: 0 };
  return { id, to: href, headers, body, delivery };
}
