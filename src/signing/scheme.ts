import type { Delivery } from '../callback.js';

/** What is signed. All on bytes: what is signed is what is sent. */
export interface Signable {
  /** The callback's id, the same over all attempts. */
  readonly id: string;
  /** Wall-clock ms of this attempt: every attempt is signed afresh. */
  readonly timestampMs: number;
  readonly to: string;
  /** The method the transport will use; `POST` where the transport has no other. */
  readonly method: string;
  /** The headers as they will be sent, without the signature's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What was received. Header names in any case; a repeated header as an array, or joined by the server. */
export interface ReceivedMessage {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> | Headers;
  readonly body: Uint8Array;
  /** Wall-clock ms at which it came, for the tolerance on timestamps. */
  readonly nowMs: number;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** What a verified message vouches for. */
export interface Verified {
  /** The callback's id, where the scheme carries one: what a receiver deduplicates by. */
  readonly id?: string | undefined;
  /** When it was signed, wall-clock ms, where the scheme carries it. */
  readonly timestampMs?: number | undefined;
}

/**
 * A dialect of signatures: `sign` beside `verify`. Bring your own as a plain object; `ringback/signing` has the well-known
 * ones.
 */
export interface SignatureScheme {
  readonly name: string;
  /** Throws a RingbackError `invalid-callback` for what only this scheme forbids, before anything is stored or sent. */
  check?(delivery: Delivery): void;
  /** The headers to add. Called once an attempt. */
  sign(message: Signable): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Resolves or returns what the message vouches for; throws `invalid-signature` or `stale-signature`. */
  verify(message: ReceivedMessage): Verified | Promise<Verified>;
}
