import type { Outcome, OutcomeKind } from './outcome.js';

/** Types of callbacks by name: `createRingback<{ 'invoice.paid': Invoice }>()` then types `data` by `type`. */
export type CallbackTypes = Record<string, unknown>;

/** What the user hands over. Exactly one of `data` and `body`, or neither for an empty body. */
export type Callback<Types extends CallbackTypes = CallbackTypes> = CallbackFields & CallbackContent<Types>;

/** What a callback carries whatever its type. */
export interface CallbackFields {
  /** The destination, a URI whose scheme picks the transport: `https://…`, `mailto:…`, `arn:aws:sns:…`. */
  readonly to: string | URL;
  /** The body as it is: text goes as UTF-8, bytes untouched. With `data`, an error. */
  readonly body?: string | Uint8Array | undefined;
  /** Extra headers, sent in this order. A line break or a malformed name is refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The callback's id, the same over all attempts (`webhook-id`). Default: `msg_` and 24 random characters. */
  readonly id?: string | undefined;
  /** Delivered once per key; a second callback with the key and the same payload gets the first one's receipt. */
  readonly idempotencyKey?: string | undefined;
  /** `enqueue` only: callbacks of one key and destination go one after another, in the order they were accepted. */
  readonly orderingKey?: string | undefined;
  /** Travels into events, the receipt and dead letters. */
  readonly correlationId?: string | undefined;
  /** Travels into events, the receipt and dead letters. It is never sent. Plain JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Higher goes first where callbacks wait. An integer from -100 to 100. Default 0. */
  readonly priority?: number | undefined;
  /** All attempts and waits must end in this many ms. Default: 30,000 for `deliver`, none for `enqueue`. */
  readonly deadlineMs?: number | undefined;
}

/** `type` and `data`, tied together where a type map is given. */
export type CallbackContent<Types extends CallbackTypes> = {
  [Type in keyof Types & string]: string extends Type
    ? {
        /** What happened, for the receiver: `invoice.paid`. */
        readonly type?: string | undefined;
        /** The payload, sent as JSON. */
        readonly data?: unknown;
      }
    : { readonly type: Type; readonly data?: Types[Type] };
}[keyof Types & string];

/**
 * One callback on its way to one destination: checked and frozen, the body as bytes. Headers and body don't show when it is
 * inspected or turned to JSON, as they may carry secrets.
 */
export interface Delivery {
  readonly id: string;
  /** The destination's normalised URI. It may carry a secret in its query: not for logs. */
  readonly to: string;
  /** The key by which policies and lines are kept: the URI's origin by default. Safe to print. */
  readonly destination: string;
  readonly type?: string | undefined;
  /** The callback's own headers, in their order. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** `application/json` for `data`, `text/plain; charset=utf-8` for text, `application/octet-stream` for bytes, unless a header says so. */
  readonly contentType: string;
  readonly idempotencyKey?: string | undefined;
  readonly orderingKey?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly priority: number;
  readonly deadlineMs?: number | undefined;
  /** Wall-clock ms at which it was accepted. */
  readonly acceptedAtMs: number;
}

/** What a transport is given: final headers (the scheme's signature among them) and bytes. */
export interface Message {
  readonly id: string;
  readonly to: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The delivery this message was made of, for what only it knows: type, ordering key, correlation id. */
  readonly delivery: Delivery;
}

/** What the other end answered, where the protocol has an answer. */
export interface Response {
  readonly status: number;
  /** Lower-case names; values of a repeated header joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body up to the transport's cap. */
  readonly body: Uint8Array;
  /** True when the body was longer than the cap and cut. */
  readonly truncated: boolean;
}

/** One try, as it is told in receipts, errors and dead letters. Plain JSON, no secret in it. */
export interface AttemptRecord {
  /** From 1. A refusal of our own has the number of the attempt that it refused. */
  readonly attempt: number;
  /** Wall-clock ms at which it began. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: OutcomeKind;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  /** The policy that refused it, for the outcome `shed`. */
  readonly refusedBy?: string | undefined;
  /** The wait before the next try, in ms. */
  readonly waitMs?: number | undefined;
  /** Why it waits that long, or why there is no next try. */
  readonly why?: string | undefined;
  /** The retry budget's balance after this attempt, in tokens. */
  readonly budgetBalance?: number | undefined;
}

/** Proof of delivery. Plain data: a store keeps it as JSON, the response's body as base64. */
export interface Receipt {
  readonly id: string;
  readonly destination: string;
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Every attempt, the delivering one last. */
  readonly attempts: readonly AttemptRecord[];
  readonly acceptedAtMs: number;
  readonly deliveredAtMs: number;
  readonly response?: Response | undefined;
  /** True when an earlier delivery with the same idempotency key earned this receipt. */
  readonly deduplicated: boolean;
}

/** What one send came to: the outcome, and the answer where there was one. */
export interface Answer {
  readonly outcome: Outcome;
  readonly response?: Response | undefined;
}
