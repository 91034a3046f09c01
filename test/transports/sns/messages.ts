import type { Delivery, Message } from '../../../src/callback.js';
import type { SendAttempt } from '../../../src/transports/transport.js';

export const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders';
export const FIFO_TOPIC = `${TOPIC}.fifo`;

/** What a message for SNS is made of, all of it with a default. */
export interface MessageParts extends Partial<Pick<Delivery, 'id' | 'to' | 'type' | 'orderingKey'>> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function messageOf(parts: MessageParts = {}): Message {
  const { id = 'msg_1', to = TOPIC, headers = { 'content-type': 'text/plain' }, body: given = 'hello' } = parts;
  const body = typeof given === 'string' ? new TextEncoder().encode(given) : given;
  const contentType = 'text/plain';
  const delivery: Delivery = {
    ...{ id, to, destination: to, headers, body, contentType, priority: 0, acceptedAtMs: 0 },
    type: parts.type,
    orderingKey: parts.orderingKey,
  };
  return { id, to, headers, body, delivery };
}

export const attemptOf = (signal: AbortSignal = new AbortController().signal): SendAttempt => ({ number: 1, signal });
