import type { Answer, Delivery, Message } from '../callback.js';

/** Where an attempt stands. */
export interface AttemptProgress {
  /** A short phrase that goes on from `no answer in time: `, such as `connecting`. No secret, no address. Read when the attempt times out. */
  readonly phase: string;
}

/** What is needed of an AbortSignal, for one listener. */
export interface LightSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Takes the place of a listener that was there before. It must not throw. */
  addEventListener(type: 'abort', listener: (() => void) | { handleEvent(): void }): void;
  removeEventListener(type: 'abort', listener: (() => void) | { handleEvent(): void }): void;
}

/** What a transport is told of the try it makes. */
export interface SendAttempt {
  /** From 1. */
  readonly number: number;
  /** Aborted when the attempt times out, is cancelled, or the instance closes. A transport that ignores it is answered for. */
  readonly signal: AbortSignal;
  /**
   * Where it is there, it tells the same as `signal` at a fraction of the cost, and `signal` is made only when it is asked for: an
   * AbortSignal with its listener costs as much as all else that a delivery does beside its request.
   */
  readonly lightSignal?: LightSignal | undefined;
  /** Set by a transport that can tell where the attempt stands: a timeout then names the phase that it came in. */
  progress?: AttemptProgress | undefined;
}

/**
 * Carries messages. `send` resolves with what the end means; it may also throw, and the throw is then classified as any
 * other. One transport instance serves many destinations at once.
 *
 * @example
 * ```ts
 * import { createRingback, type Transport } from 'ringback';
 *
 * const printer: Transport = {
 *   name: 'printer',
 *   accepts: (to) => to.protocol === 'print:',
 *   send: async (message) => {
 *     console.log(message.to); // print:tray-1
 *     return { outcome: { kind: 'delivered' } };
 *   },
 * };
 * const ringback = createRingback({ transports: [printer] });
 * await ringback.deliver({ to: 'print:tray-1', data: { page: 1 } });
 * await ringback.close();
 * ```
 */
export interface Transport {
  /** What it is called in messages. */
  readonly name: string;
  /** The HTTP method it sends with, for signature schemes that sign it. Leave it out where the protocol has none: they sign `POST`. */
  readonly method?: string;
  /**
   * True for destinations it can carry to. The first transport that accepts is taken. It may throw `invalid-callback` for one of its
   * scheme that it could never carry to: such a callback is refused at the door.
   */
  accepts(to: URL): boolean;
  /**
   * Looks at a callback at the door, before it is accepted: it throws `invalid-callback` for one that it could never carry, whatever a signature adds
   * to it, such as one that is too large. The caller then hears of it at once. Without it, such a callback is refused by each attempt, for as long as
   * the schedule lasts. Be cheap, ask nobody, and take all that `send` takes.
   */
  check?(delivery: Delivery): void;
  /** Makes one attempt: sends the message's headers and bytes as they are, and retries nothing by itself. */
  send(message: Message, attempt: SendAttempt): Promise<Answer>;
  /** Ends what it holds open: sockets, pools. Called once, by `ringback.close()`. */
  close?(): Promise<void>;
}
