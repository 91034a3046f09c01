import type { Callback, Delivery } from '../callback.js';
import { bytesOf, type Content } from './body.js';
import { withContentType } from './headers.js';

/**
 * A delivery as ringback makes it: what may carry a secret (the URI's query, headers, body) stands behind getters over private
 * fields, so that no log line, inspection or JSON of it can show one.
 */
export class AcceptedDelivery implements Delivery {
  readonly id: string;
  readonly destination: string;
  readonly type: string | undefined;
  readonly contentType: string;
  readonly idempotencyKey: string | undefined;
  readonly orderingKey: string | undefined;
  readonly correlationId: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  readonly acceptedAtMs: number;
  readonly #to: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #content: Content;

  constructor(fields: Omit<Delivery, 'body'>, content: Content) {
    this.id = fields.id;
    this.destination = fields.destination;
    this.type = fields.type;
    this.contentType = fields.contentType;
    this.idempotencyKey = fields.idempotencyKey;
    this.orderingKey = fields.orderingKey;
    this.correlationId = fields.correlationId;
    this.metadata = fields.metadata;
    this.priority = fields.priority;
    this.deadlineMs = fields.deadlineMs;
    this.acceptedAtMs = fields.acceptedAtMs;
    this.#to = fields.to;
    this.#headers = fields.headers;
    this.#content = content;
    Object.freeze(this);
  }

  get to(): string {
    return this.#to;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** Made anew of what was text. */
  get body(): Uint8Array {
    return bytesOf(this.#content);
  }

  /** The callback it was made of, with its id: enqueued again, it has the same payload and so the same fingerprint. */
  callback(): Callback {
    const { id, to, type, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs } = this;
    const fields = { id, to, type, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs };
    const { madeOf, held } = this.#content;
    const headers = this.#headers;
    if (madeOf === 'nothing') return { ...fields, headers };
    if (typeof held !== 'string') return { ...fields, headers: withContentType(headers, this.contentType), body: held };
    return { ...fields, headers, ...(madeOf === 'data' ? { data: JSON.parse(held) as unknown } : { body: held }) };
  }
}
