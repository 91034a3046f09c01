import type { Random, Transport } from 'ringback';
import { type FakeClock, type ScriptedStep, scriptedTransport } from 'ringback/testing';
import { type Books, MARK, RULE } from './books.ts';
import { DAY_MS, HOUR_MS, Receiver, type Reply } from './receiver.ts';

/** Every third day the service's own network is down for an hour: then nobody answers. */
const OWN_OUTAGE_EVERY_MS = 3 * DAY_MS;
const OWN_OUTAGE_MS = HOUR_MS;

const networkError = (code: string): ScriptedStep => ({ throws: Object.assign(new Error(`connect ${code}`), { code }) });
const REFUSED = networkError('ECONNREFUSED');
const RESET = networkError('ECONNRESET');
const UNREACHABLE = networkError('ENETUNREACH');
const NOT_FOUND = networkError('ENOTFOUND');

/** The ordering key that some callbacks have, one for each destination. */
export const ORDERING_KEY = 'account';

/** All destinations: so many at a time, of which each one is replaced by another after a while. */
export class Network {
  readonly transport: Transport;
  readonly #clock: FakeClock;
  readonly #random: Random;
  readonly #books: Books;
  readonly #receivers: Receiver[];
  readonly #generations: Uint16Array;
  #attempts = 0;
  #replaced = 0;

  constructor(destinations: number, clock: FakeClock, random: Random, books: Books) {
    this.#clock = clock;
    this.#random = random;
    this.#books = books;
    this.#receivers = Array.from({ length: destinations }, () => new Receiver(random, clock.monotonic()));
    this.#generations = new Uint16Array(destinations);
    const wire = scriptedTransport(({ id, to, delivery }) => this.#step(numberOf(id), to, delivery.orderingKey !== undefined), {
      clock,
      record: false,
    });
    this.transport = {
      name: 'network',
      accepts: () => true,
      send: async (message, attempt) => {
        const answer = await wire.send(message, attempt);
        if (answer.outcome.kind === 'delivered') this.#taken(numberOf(message.id));
        return answer;
      },
    };
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Destinations there were, ever. */
  get destinations(): number {
    return this.#receivers.length + this.#replaced;
  }

  /** The address of one, now. The first are the busiest: with the cube, half of all goes to an eighth of them. */
  pick(random: Random): string {
    return this.address(Math.floor(random() ** 3 * this.#receivers.length));
  }

  address(slot: number): string {
    return `https://d${slot}-${this.#generations[slot]}.example/hooks`;
  }

  /** A destination goes away for good, and a new one comes. */
  replaceOne(): void {
    const slot = Math.floor(this.#random() * this.#receivers.length);
    this.#receivers[slot] = new Receiver(this.#random, this.#clock.monotonic());
    this.#generations[slot] = (this.#generations[slot] as number) + 1;
    this.#replaced++;
  }

  #taken(callback: number): void {
    const books = this.#books;
    if (books.has(callback, MARK.taken)) books.breach(RULE.sentOnce, callback);
    books.mark(callback, MARK.taken);
  }

  #step(callback: number, to: string, isOrdered: boolean): ScriptedStep {
    this.#attempts++;
    const nowMs = this.#clock.monotonic();
    const { slot, generation } = placeOf(to);
    const receiver = this.#receivers[slot] as Receiver;
    // One half of those that went away answers that it is gone, of the others not even the name is left.
    if (generation !== this.#generations[slot]) return slot % 2 === 0 ? { afterMs: 20, step: { status: 410 } } : NOT_FOUND;
    // A replayed one has lost its place.
    if (isOrdered && !this.#books.has(callback, MARK.replayed)) {
      if (callback < receiver.lastOrdered) this.#books.breach(RULE.ordered, callback);
      receiver.lastOrdered = callback;
    }
    if (nowMs % OWN_OUTAGE_EVERY_MS > OWN_OUTAGE_EVERY_MS - OWN_OUTAGE_MS) return UNREACHABLE;
    const reply = receiver.reply(nowMs);
    if (reply === 'takes-unheard') this.#books.mark(callback, MARK.takenUnheard);
    return stepOf(reply, receiver.latencyMs());
  }
}

function stepOf(reply: Reply, afterMs: number): ScriptedStep {
  switch (reply) {
    case 'takes':
      return { afterMs, step: { status: 204 } };
    case 'takes-unheard':
      return { afterMs, step: RESET };
    case 'errors':
      return { afterMs, step: { status: afterMs % 2 < 1 ? 500 : 503 } };
    case 'is-limited':
      return { afterMs, step: { status: 429, headers: { 'retry-after': String(1 + Math.floor(afterMs % 90)) } } };
    case 'refuses':
      return REFUSED;
    case 'hangs':
      return { hang: 'until-aborted' };
  }
}

export const idOf = (callback: number): string => `c${callback}`;
export const numberOf = (id: string): number => Number(id.slice(1));

function placeOf(to: string): { readonly slot: number; readonly generation: number } {
  const dash = to.indexOf('-');
  return { slot: Number(to.slice('https://d'.length, dash)), generation: Number(to.slice(dash + 1, to.indexOf('.'))) };
}
