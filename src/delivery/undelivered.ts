import type { Callback, Delivery } from '../callback.js';

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
  return { id, destination, type, correlationId, metadata, acceptedAtMs, callback: () => callbackOf(delivery) };
}

/** The body goes as bytes, so the content type that `data` had goes along as a header. */
function callbackOf(delivery: Delivery): Callback {
  const { id, to, type, body, contentType, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs } =
    delivery;
  const headers = { 'content-type': contentType, ...delivery.headers };
  return { id, to, type, body, headers, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs };
}
