import type { Answer, Delivery, Message } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { SignatureScheme } from '../signing/scheme.js';
import type { SendAttempt, Transport } from '../transports/transport.js';
import type { SignatureFor } from './options.js';

/** What a send came to, with the error where one was thrown on our own side. */
export interface SendEnd extends Answer {
  readonly cause?: unknown;
}

/** Makes one attempt: signs afresh, hands over to the transport. */
export class Sender {
  private readonly signature: SignatureScheme | SignatureFor | undefined;
  private readonly clock: Clock;

  constructor(signature: SignatureScheme | SignatureFor | undefined, clock: Clock) {
    this.signature = signature;
    this.clock = clock;
  }

  /** Throws what the signature scheme has against the delivery, before it is stored or sent. */
  check(delivery: Delivery): void | Promise<void> {
    const scheme = this.schemeFor(delivery);
    if (scheme instanceof Promise) return scheme.then((found) => found?.check?.(delivery));
    scheme?.check?.(delivery);
  }

  async send(delivery: Delivery, transport: Transport, attempt: SendAttempt): Promise<SendEnd> {
    let message: Message;
    try {
      const signed = this.sign(delivery);
      message = signed instanceof Promise ? await signed : signed;
    } catch (cause) {
      // Our own fault: no sample of the destination's health.
      const error = new RingbackError('signing-failed', 'the signature scheme threw, so nothing was sent', { cause });
      return { outcome: { kind: 'shed', reason: 'signing failed' }, cause: error };
    }
    return transport.send(message, attempt);
  }

  private schemeFor(delivery: Delivery): SignatureScheme | undefined | Promise<SignatureScheme | undefined> {
    return typeof this.signature === 'function' ? this.signature(delivery) : this.signature;
  }

  private sign(delivery: Delivery): Message | Promise<Message> {
    const scheme = this.schemeFor(delivery);
    if (scheme instanceof Promise) return scheme.then((found) => this.signWith(found, delivery));
    return this.signWith(scheme, delivery);
  }

  private signWith(scheme: SignatureScheme | undefined, delivery: Delivery): Message | Promise<Message> {
    const { id, to, body, contentType } = delivery;
    const own = delivery.headers;
    const headers = hasContentType(own) ? own : { 'content-type': contentType, ...own };
    if (scheme === undefined) return { id, to, headers, body, delivery };
    const signable = { id, timestampMs: this.clock.now(), to, method: 'POST', headers, body };
    const added = scheme.sign(signable);
    if (added instanceof Promise) return added.then((more) => ({ id, to, headers: { ...headers, ...more }, body, delivery }));
    return { id, to, headers: { ...headers, ...added }, body, delivery };
  }
}

function hasContentType(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) {
    if (name.length === 12 && name.toLowerCase() === 'content-type') return true;
  }
  return false;
}
