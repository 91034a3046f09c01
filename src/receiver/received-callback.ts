import { RingbackError } from '../errors.js';

/** A callback whose signature held: what a handler is given. */
export interface ReceivedCallback {
  /** The callback's id, the same whenever it is sent again. */
  readonly id: string;
  /** When this attempt was signed, wall-clock ms, where the scheme vouches for it. */
  readonly timestampMs?: number | undefined;
  /** As they came. Only the few that the scheme signs are proven. */
  readonly headers: Headers;
  /** The absolute URL that was asked for, as far as it is known: see `origin`. */
  readonly url?: string | undefined;
  /** The bytes as they came, which were signed. */
  readonly body: Uint8Array;
  /** The body as JSON. Any other throws a RingbackError `invalid-callback`, which is 400 for the sender if it gets through. */
  json<Data = unknown>(): Data;
  /** Aborted when the handler should stop: it ran longer than `timeoutMs`, or another process may hold the id now. */
  readonly signal: AbortSignal;
}

/** Thrown by `json()`, and told by its class from errors of the handler's own: no retry makes JSON of such a body. */
export class UnreadableBody extends RingbackError {}

/** Strict: bytes that are no UTF-8 would be lost without a word. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new UnreadableBody('invalid-callback', `the body must be JSON in UTF-8, got ${body.length} bytes of something else`, {
      cause,
    });
  }
}
