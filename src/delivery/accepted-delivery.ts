import type { Callback, Delivery } from '../callback.js';
import { withContentType } from './headers.js';

/** What a callback said: `data`, a `body` of text or of bytes, or neither. */
export type BodySource = 'data' | 'text' | 'bytes' | 'none';

/** A byte order mark is content, too. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

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
  readonly #body: Uint8Array;
  readonly #madeOf: BodySource;

  /** `madeOf` says what the bytes of the body were. */
  constructor(fields: Delivery, madeOf: BodySource) {
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
    this.#body = fields.body;
    this.#madeOf = madeOf;
    Object.freeze(this);
  }

  get to(): string {
    return this.#to;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  get body(): Uint8Array {
    return this.#body;
  }

  /** The callback it was made of, with its id: enqueued again, it has the same payload and so the same fingerprint. */
  callback(): Callback {
    const { id, to, type, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs } = this;
    const fields = { id, to, type, idempotencyKey, orderingKey, correlationId, metadata, priority, deadlineMs };
    if (this.#madeOf === 'none') return { ...fields, headers: this.#headers };
    if (this.#madeOf === 'bytes')
      return { ...fields, headers: withContentType(this.#headers, this.contentType), body: this.#body };
    const text = decoder.decode(this.#body);
    const content = this.#madeOf === 'data' ? { data: JSON.parse(text) as unknown } : { body: text };
    return { ...fields, headers: this.#headers, ...content };
  }
}
