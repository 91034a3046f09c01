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
    : {
        /** What happened: one of the map's names. */
        readonly type: Type;
        /** The payload that the map has for this type, sent as JSON. */
        readonly data?: Types[Type];
      };
}[keyof Types & string];

/**
 * One callback on its way to one destination: checked and frozen, the body as bytes. Headers and body don't show when it is
 * inspected or turned to JSON, as they may carry secrets.
 */
export interface Delivery {
  /** The same over all attempts. */
  readonly id: string;
  /** The destination's normalised URI. It may carry a secret in its query: not for logs. */
  readonly to: string;
  /** The key by which policies and lines are kept: the URI's origin by default. Safe to print. */
  readonly destination: string;
  /** The callback's, as it came; so are the other fields that say no more here. */
  readonly type?: string | undefined;
  /** The callback's own headers, in their order. */
  readonly headers: Readonly<Record<string, string>>;
  /** `data` as JSON, or the callback's `body`; empty where there was neither. */
  readonly body: Uint8Array;
  /** `application/json` for `data`, `text/plain; charset=utf-8` for text, `application/octet-stream` for bytes, unless a header says so. */
  readonly contentType: string;
  readonly idempotencyKey?: string | undefined;
  readonly orderingKey?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** From -100 to 100; 0 where the callback has none. */
  readonly priority: number;
  /** Ms from `acceptedAtMs`; undefined for the default of `deliver` or `enqueue`. */
  readonly deadlineMs?: number | undefined;
  /** Wall-clock ms at which it was accepted. */
  readonly acceptedAtMs: number;
}

/** What a transport is given: final headers (the scheme's signature among them) and bytes. */
export interface Message {
  /** The delivery's id, the same over all attempts. */
  readonly id: string;
  /** The destination's normalised URI. It may carry a secret in its query: not for logs. */
  readonly to: string;
  /** All that is to be sent, in their order; a transport adds only what frames its protocol. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that were signed: sent as they are. */
  readonly body: Uint8Array;
  /** The delivery this message was made of, for what only it knows: type, ordering key, correlation id. */
  readonly delivery: Delivery;
}

/** What the other end answered, where the protocol has an answer. */
export interface Response {
  /** The HTTP status, or the protocol's own code. */
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
  /** How long it took, in ms, to three decimals; 0 for a refusal. */
  readonly durationMs: number;
  /** What its end meant. */
  readonly outcome: OutcomeKind;
  /** The status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** One short phrase for a person: `answered 503`. */
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
  /** The id of the delivery that earned it. */
  readonly id: string;
  /** The key of its destination, its origin by default. */
  readonly destination: string;
  /** The callback's own, as are the two that follow. */
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Every attempt, the delivering one last. */
  readonly attempts: readonly AttemptRecord[];
  /** Wall-clock ms at which the callback was accepted. */
  readonly acceptedAtMs: number;
  /** Wall-clock ms at which it was known to be delivered. */
  readonly deliveredAtMs: number;
  /** What the receiver answered, where the protocol has an answer. */
  readonly response?: Response | undefined;
  /** True when an earlier delivery with the same idempotency key earned this receipt. */
  readonly deduplicated: boolean;
}

/** What one send came to: the outcome, and the answer where there was one. */
export interface Answer {
  /** What the end means: the one thing that decides what happens next. */
  readonly outcome: Outcome;
  /** The answer, for the receipt. */
  readonly response?: Response | undefined;
}
