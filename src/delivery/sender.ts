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

type Scheme = SignatureScheme | null;

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
      found(scheme, delivery)?.check?.(delivery);
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
      found(await scheme, delivery)?.check?.(delivery);
    } catch (cause) {
      throw signingError(cause);
    }
  }

  private schemeFor(delivery: Delivery): Scheme | PromiseLike<Scheme> {
    return typeof this.signature === 'function' ? this.signature(delivery) : (this.signature ?? null);
  }

  private sign(delivery: Delivery, method: string | undefined): Message | PromiseLike<Message> {
    const scheme = this.schemeFor(delivery);
    return isPromiseLike(scheme)
      ? Promise.resolve(scheme).then((later) => this.signWith(found(later, delivery), delivery, method))
      : this.signWith(found(scheme, delivery), delivery, method);
  }

  private signWith(scheme: Scheme, delivery: Delivery, method = 'POST'): Message | PromiseLike<Message> {
    const { id, to, body, contentType, metadata, headers: own } = delivery;
    const headers = withContentType(own, contentType);
    if (scheme === null) return { id, to, headers, body, delivery };
    const added = scheme.sign({ id, timestampMs: this.clock.now(), to, method, headers, body, metadata });
    if (isPromiseLike(added)) {
      return Promise.resolve(added).then((more) => ({ id, to, headers: { ...headers, ...signed(more) }, body, delivery }));
    }
    return { id, to, headers: { ...headers, ...signed(added) }, body, delivery };
  }
}

/** A lookup that finds nothing must not send in silence what its receiver expects to be signed. */
function found(scheme: Scheme | undefined, { destination }: Delivery): Scheme {
  if (scheme !== undefined) return scheme;
  throw new RingbackError('signing-failed', `signature() gave no scheme for ${destination}; null sends it unsigned`);
}

/** What a scheme of the user's gives may be anything, and nothing is no signature. */
function signed(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null) throw unsignedBy(headers);
  for (const name in headers) if (typeof headers[name] !== 'string') throw unsignedBy(headers[name]);
  return headers;
}

const unsignedBy = (gave: unknown): RingbackError =>
  new RingbackError(
    'signing-failed',
    `the signature scheme gave ${gave === null ? 'null' : typeof gave} for headers, so nothing was sent`,
  );

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
  if (isRingbackError(cause, 'signing-failed')) return cause;
  return new RingbackError('signing-failed', 'the signature scheme threw, so nothing was sent', { cause });
}
