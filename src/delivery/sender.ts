import type { Answer, Delivery, Message } from '../callback.js';
import type { Clock } from '../clock.js';
import { isRingbackError, RingbackError } from '../errors.js';
import type { SignatureScheme } from '../signing/scheme.js';
import { isPromiseLike } from '../time-limit.js';
import type { AttemptProgress, SendAttempt, Transport } from '../transports/transport.js';
import { withContentType } from './headers.js';
import type { SignatureFor } from './options.js';

/** What a send came to, with the error where one was thrown on our own side. */
export interface SendEnd extends Answer {
  readonly cause?: unknown;
}

const SIGNING: AttemptProgress = Object.freeze({ phase: 'waiting for the signature' });

type Scheme = SignatureScheme | undefined;

/** Makes one attempt: signs afresh, hands over to the transport. */
export class Sender {
  private readonly signature: SignatureScheme | SignatureFor | undefined;
  private readonly clock: Clock;

  constructor(signature: SignatureScheme | SignatureFor | undefined, clock: Clock) {
    this.signature = signature;
    this.clock = clock;
  }

  /**
   * Whether the signature scheme can sign the delivery, asked before anything is stored or sent.
   *
   * @throws RingbackError `signing-failed` when the user's signature function throws; what the scheme's `check` throws.
   */
  check(delivery: Delivery): undefined | Promise<void> {
    if (this.signature === undefined) return undefined;
    try {
      const scheme = this.schemeFor(delivery);
      if (isPromiseLike(scheme)) return this.checkLater(scheme, delivery);
      scheme?.check?.(delivery);
      return undefined;
    } catch (cause) {
      throw signingError(cause);
    }
  }

  /** Not async: the transport's promise goes out as it is. */
  send(delivery: Delivery, transport: Transport, attempt: SendAttempt): Promise<SendEnd> {
    let signed: Message | PromiseLike<Message>;
    try {
      signed = this.sign(delivery, transport.method);
    } catch (cause) {
      return Promise.resolve(unsigned(cause));
    }
    return isPromiseLike(signed) ? sendLater(signed, transport, attempt) : transport.send(signed, attempt);
  }

  private async checkLater(scheme: PromiseLike<Scheme>, delivery: Delivery): Promise<void> {
    try {
      (await scheme)?.check?.(delivery);
    } catch (cause) {
      throw signingError(cause);
    }
  }

  private schemeFor(delivery: Delivery): Scheme | PromiseLike<Scheme> {
    return typeof this.signature === 'function' ? this.signature(delivery) : this.signature;
  }

  private sign(delivery: Delivery, method: string | undefined): Message | PromiseLike<Message> {
    const scheme = this.schemeFor(delivery);
    return isPromiseLike(scheme)
      ? Promise.resolve(scheme).then((found) => this.signWith(found, delivery, method))
      : this.signWith(scheme, delivery, method);
  }

  private signWith(scheme: Scheme, delivery: Delivery, method = 'POST'): Message | PromiseLike<Message> {
    const { id, to, body, contentType, metadata, headers: own } = delivery;
    const headers = withContentType(own, contentType);
    if (scheme === undefined) return { id, to, headers, body, delivery };
    const added = scheme.sign({ id, timestampMs: this.clock.now(), to, method, headers, body, metadata });
    if (isPromiseLike(added)) {
      return Promise.resolve(added).then((more) => ({ id, to, headers: { ...headers, ...more }, body, delivery }));
    }
    return { id, to, headers: { ...headers, ...added }, body, delivery };
  }
}

async function sendLater(signed: PromiseLike<Message>, transport: Transport, attempt: SendAttempt): Promise<SendEnd> {
  let message: Message;
  attempt.progress = SIGNING;
  try {
    message = await signed;
  } catch (cause) {
    return unsigned(cause);
  }
  // The attempt may have timed out while it was signed: nobody waits for what would be sent now.
  attempt.signal.throwIfAborted();
  attempt.progress = undefined;
  return transport.send(message, attempt);
}

/** Our own fault: no sample of the destination's health. */
function unsigned(cause: unknown): SendEnd {
  const error = signingError(cause);
  const reason = error.code === 'secrets-unavailable' ? 'no secrets to sign with' : 'signing failed';
  return { outcome: { kind: 'shed', reason }, cause: error };
}

/**
 * A scheme says `invalid-callback` for what only it forbids, and `secrets-unavailable` where it could not even begin; neither is
 * a failure of the signer.
 */
function signingError(cause: unknown): RingbackError {
  if (isRingbackError(cause, 'invalid-callback') || isRingbackError(cause, 'secrets-unavailable')) return cause;
  return new RingbackError('signing-failed', 'the signature scheme threw, so nothing was sent', { cause });
}
