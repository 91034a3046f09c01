import type { Callback, Delivery } from '../callback.js';
import { AcceptedDelivery } from './accepted-delivery.js';
import { withContentType } from './headers.js';

/** A callback that `close` hands back. It shows no header and no body; `callback()` gives all of it, to be kept or enqueued again. */
export interface Undelivered {
  readonly id: string;
  readonly destination: string;
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly acceptedAtMs: number;
  /** The callback as it would be enqueued again, with the same id. */
  callback(): Callback;
}

export function undeliveredOf(delivery: Delivery): Undelivered {
  const { id, destination, type, correlationId, metadata, acceptedAtMs } = delivery;
  const callback = (): Callback => (delivery instanceof AcceptedDelivery ? delivery.callback() : callbackOf(delivery));
  return { id, destination, type, correlationId, metadata, acceptedAtMs, callback };
}

/** An outbox of the user's may hand back a delivery that it made anew: its body is bytes whatever it was made of. */
function callbackOf({ destination: _, acceptedAtMs: __, contentType, ...delivery }: Delivery): Callback {
  return { ...delivery, headers: withContentType(delivery.headers, contentType) };
}
