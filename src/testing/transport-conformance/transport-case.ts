import type { Answer, Delivery, Message } from '../../callback.js';
import { systemClock } from '../../clock.js';
import { randomId, systemRandom } from '../../random.js';
import type { Transport } from '../../transports/transport.js';
import { fail, inTime } from '../conformance-check.js';
import type { DestinationBehaviour, TransportSubject } from './destination-behaviour.js';
import { WatchedSignal } from './watched-signal.js';

/** One opened transport, and what stands around it. */
export interface TransportUnderTest {
  /** A fresh one, which nothing was sent with. */
  readonly transport: Transport;
  /**
   * The URI of a destination that behaves so. A case asks before it sends; it asks for destinations that hang or can't be
   * reached one at a time, so that the one server of a transport that has only one can be told what to do next.
   */
  destination(behaviour: DestinationBehaviour): string | Promise<string>;
  /** How many connections of this transport's are open now, best counted where they end. */
  openConnections?(): number;
  /** How many messages the destinations were given by this transport, each repetition counted. */
  requests?(): number;
  /** Closes the rest: servers, emulators. The suite has closed the transport before. */
  close?(): unknown;
}

/** Opens a transport. */
export type CreateTransport = () => TransportUnderTest | Promise<TransportUnderTest>;

/** A case: what it needs, and what it does. */
export interface TransportCheck {
  readonly needs: readonly TransportSubject[];
  run(given: TransportCase): Promise<void>;
}

/** Names of cases, and the cases. */
export type TransportChecks = Readonly<Record<string, TransportCheck>>;

/** How a send ended. */
export type SendEnd = { readonly answer: Answer } | { readonly thrown: unknown };

/** A send on its way. */
export interface Sending {
  readonly signal: WatchedSignal;
  /** Known at the latest after some seconds: what takes longer fails the case. */
  readonly end: () => Promise<SendEnd>;
  /** True once it has ended. */
  readonly hasEnded: () => boolean;
  /** True while its message is as it was given. */
  readonly hasKeptMessage: () => boolean;
}

/** What no send and no close of a sound transport needs, on loopback and on a slow machine. */
const END_MS = 5_000;
/** How long a case waits for a transport that it closes for the sake of order alone. */
const CLEANUP_MS = 500;
/** By then a send stands in the phase that its destination hangs in. */
const ENTER_MS = 50;

/** What a case works with: a transport of its own, sends on watched signals, and an end to it all. */
export class TransportCase {
  readonly transport: Transport;
  readonly #opened: TransportUnderTest;
  readonly #signals: WatchedSignal[] = [];
  #closed: Promise<void> | undefined;

  constructor(opened: TransportUnderTest) {
    this.#opened = opened;
    this.transport = opened.transport;
  }

  destination(behaviour: DestinationBehaviour): string | Promise<string> {
    return this.#opened.destination(behaviour);
  }

  openConnections(): number {
    return this.#opened.openConnections?.() ?? fail('the harness must have openConnections(), or leftOut.openConnections');
  }

  requests(): number {
    return this.#opened.requests?.() ?? fail('the harness must have requests(), or leftOut.requests');
  }

  /** Shows the transport a delivery before it is sent, as ringback does with each. */
  async checkAtTheDoor(behaviour: DestinationBehaviour): Promise<void> {
    const { delivery } = messageTo(await this.destination(behaviour));
    try {
      this.transport.check?.(delivery);
    } catch (error) {
      fail(`check must let through what it can carry, but threw ${error}`);
    }
  }

  /** Begins to send a message of its own. */
  begin(to: string, signal: WatchedSignal = new WatchedSignal()): Sending {
    this.#signals.push(signal);
    const message = messageTo(to);
    const before = JSON.stringify([message, [...message.body]]);
    let hasEnded = false;
    const ended = (async (): Promise<SendEnd> => {
      try {
        return { answer: await this.transport.send(message, { number: 1, signal: signal.signal }) };
      } catch (thrown) {
        return { thrown };
      } finally {
        hasEnded = true;
      }
    })();
    return {
      signal,
      end: () => inTime(() => ended, END_MS, 'a send must end'),
      hasEnded: () => hasEnded,
      hasKeptMessage: () => JSON.stringify([message, [...message.body]]) === before,
    };
  }

  /** Sends to a destination that behaves so, to the end. */
  async send(behaviour: DestinationBehaviour): Promise<SendEnd> {
    return this.begin(await this.destination(behaviour)).end();
  }

  /** Begins to send to a destination that hangs, and comes back once the send stands there. */
  async hang(behaviour: DestinationBehaviour): Promise<Sending> {
    const sending = this.begin(await this.destination(behaviour));
    await systemClock.sleep(ENTER_MS);
    if (!sending.hasEnded()) return sending;
    const end = await sending.end();
    const how = 'thrown' in end ? 'threw' : `resolved with ${end.answer.outcome.kind}`;
    fail(`a send to '${behaviour}' must wait there, but ${how}`);
  }

  /** Closes the transport, once: a second call waits for the same end. */
  close(limitMs: number = END_MS): Promise<void> {
    this.#closed ??= (async () => this.transport.close?.())();
    const closed = this.#closed;
    const ended = inTime(() => closed, limitMs, 'close must end');
    // A case that fails before it waits for this leaves it behind.
    ended.catch(() => {});
    return ended;
  }

  /**
   * Ends all that the case began, and hands back what stands around the transport. A close that fails here is not the case's
   * matter: those of `close` tell.
   */
  async end(): Promise<void> {
    for (const signal of this.#signals) signal.abort(new Error('the case is over'));
    await this.close(CLEANUP_MS).catch(() => {});
    await this.#opened.close?.();
  }
}

const TEXT = '{"id":"in_42","note":"Grüße – ✓"}';

function messageTo(to: string): Message {
  const id = randomId('msg_', systemRandom);
  const headers = Object.freeze({ 'content-type': 'application/json', 'X-Conformance': id });
  const body = new TextEncoder().encode(TEXT);
  const delivery: Delivery = Object.freeze({
    id,
    to: new URL(to).href,
    destination: to,
    type: 'conformance.test',
    headers,
    body,
    contentType: 'application/json',
    priority: 0,
    acceptedAtMs: systemClock.now(),
  });
  return Object.freeze({ id, to: delivery.to, headers, body, delivery });
}
