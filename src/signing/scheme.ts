import type { Delivery } from '../callback.js';

/** What is signed. All on bytes: what is signed is what is sent. */
export interface Signable {
  /** The callback's id, the same over all attempts. */
  readonly id: string;
  /** Wall-clock ms of this attempt: every attempt is signed afresh. */
  readonly timestampMs: number;
  /** The destination's normalised URI, for schemes that sign it. */
  readonly to: string;
  /** The method the transport will use; `POST` where the transport names none. */
  readonly method: string;
  /** The headers as they will be sent, without the signature's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that will be sent. */
  readonly body: Uint8Array;
  /** The callback's metadata, never sent: for secrets that differ by tenant. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What was received. Header names in any case; a repeated header as an array, or joined by the server. */
export interface ReceivedMessage {
  /** As the server gives them: Node's `request.headers`, or the platform's `Headers`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> | Headers;
  /** The bytes as they came, before anything parsed them. */
  readonly body: Uint8Array;
  /** Wall-clock ms at which it came, for the tolerance on timestamps. */
  readonly nowMs: number;
  /** For schemes that sign it. */
  readonly method?: string | undefined;
  /** For schemes that sign it. */
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
 *
 * @example A key in a header, for a receiver on the same private network.
 * ```ts
 * import { createRingback, RingbackError, type SignatureScheme } from 'ringback';
 * import { scriptedTransport } from 'ringback/testing';
 *
 * const apiKey: SignatureScheme = {
 *   name: 'api-key',
 *   sign: () => ({ 'x-api-key': 'from your secret store' }),
 *   verify: () => {
 *     throw new RingbackError('invalid-signature', 'this scheme proves nothing about a message');
 *   },
 * };
 * const transport = scriptedTransport();
 * const ringback = createRingback({ transports: [transport], signature: apiKey });
 * await ringback.deliver({ to: 'https://billing.example/hooks' });
 * console.log(transport.sent[0]?.message.headers['x-api-key']); // from your secret store
 * await ringback.close();
 * ```
 */
export interface SignatureScheme {
  /** What it is called in messages. */
  readonly name: string;
  /** Throws a RingbackError `invalid-callback` for what only this scheme forbids, before anything is stored or sent. */
  check?(delivery: Delivery): void;
  /** The headers to add. Called once an attempt. */
  sign(message: Signable): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Resolves or returns what the message vouches for; throws `invalid-signature` or `stale-signature`. */
  verify(message: ReceivedMessage): Verified | Promise<Verified>;
}
