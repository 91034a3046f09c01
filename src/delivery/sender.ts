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
  private readonly transports: readonly Transport[];
  private readonly signature: SignatureScheme | SignatureFor | undefined;
  private readonly clock: Clock;

  constructor(transports: readonly Transport[], signature: SignatureScheme | SignatureFor | undefined, clock: Clock) {
    this.transports = transports;
    this.signature = signature;
    this.clock = clock;
  }

  /** The transport for a destination, once it is known that the signature scheme can sign the delivery. */
  route(delivery: Delivery): Transport | Promise<Transport> {
    const transport = this.transportFor(delivery.to);
    const scheme = this.schemeFor(delivery);
    if (scheme instanceof Promise) {
      return scheme.then((found) => {
        found?.check?.(delivery);
        return transport;
      });
    }
    scheme?.check?.(delivery);
    return transport;
  }

  transportFor(to: string): Transport {
    const url = new URL(to);
    const transport = this.transports.find((candidate) => candidate.accepts(url));
    if (transport !== undefined) return transport;
    const names = this.transports.map(({ name }) => name).join(', ');
    throw new RingbackError(
      'unsupported-destination',
      `no transport accepts the scheme ${JSON.stringify(url.protocol)} (string); there is ${names}`,
    );
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
