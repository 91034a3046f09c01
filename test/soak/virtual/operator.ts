import type { DeadLetter, Receipt, Ringback, RingbackEvents } from 'ringback';
import { type Books, MARK, RULE } from './books.ts';
import { numberOf } from './network.ts';

/** Of ten dead letters so many are replayed, once, and as many purged; the rest stays until the box is full. */
const REPLAYED_OF_TEN = 4;
const PURGED_BELOW = 8;

const MAX_LISTED = 100_000;

const PASSING_EVENTS = ['enqueued', 'attempt', 'retry', 'shed', 'circuit'] as const;

/** Who looks after ringback: listens to its events, replays and purges dead letters. Writes down what it is told. */
export class Operator {
  readonly #ringback: Ringback;
  readonly #books: Books;
  #takeOff: () => void = () => {};

  constructor(ringback: Ringback, books: Books) {
    this.#ringback = ringback;
    this.#books = books;
    ringback.on('delivered', ({ receipt }) => this.#delivered(receipt));
    ringback.on('dead-letter', ({ letter, dropped }) => this.#died(letter, dropped));
  }

  /** Listeners that come, and take the place of those that came before. */
  changeListeners(): void {
    this.#takeOff();
    let isOn = true;
    const listener = (event: object): void => {
      if (!isOn) this.#books.breach(RULE.listeners, 'id' in event ? numberOf(String(event.id)) : -1);
    };
    const listeners = PASSING_EVENTS.map((event) => [event, listener as RingbackEvents[typeof event]] as const);
    for (const [event, listens] of listeners) this.#ringback.on(event, listens);
    this.#takeOff = () => {
      for (const [event, listens] of listeners) this.#ringback.off(event, listens);
      isOn = false;
    };
  }

  async tidyDeadLetters(): Promise<void> {
    const { deadLetters } = this.#ringback;
    for (const { id } of await deadLetters.list({ limit: MAX_LISTED })) {
      const callback = numberOf(id);
      const turn = callback % 10;
      const cameBack = this.#books.has(callback, MARK.replayed);
      if (turn < REPLAYED_OF_TEN && !cameBack) await this.#replay(id, callback);
      else if ((turn < PURGED_BELOW || cameBack) && (await deadLetters.purge(id)) === 1) {
        this.#books.mark(callback, MARK.letterGone);
      }
    }
  }

  async #replay(id: string, callback: number): Promise<void> {
    // Written down before, as it may be sent before we hear that it is back; it needs room, as any other callback does.
    this.#books.mark(callback, MARK.replayed);
    const isReplayed = await this.#ringback.deadLetters.replay(id).catch(() => false);
    this.#books.unmark(callback, isReplayed ? MARK.dead : MARK.replayed);
  }

  #delivered({ id }: Receipt): void {
    const callback = numberOf(id);
    if (this.#books.has(callback, MARK.delivered)) this.#books.breach(RULE.endsOnce, callback);
    // A cancel came while it was being answered.
    this.#books.unmark(callback, MARK.cancelled);
    this.#books.mark(callback, MARK.delivered);
  }

  #died({ id }: DeadLetter, dropped: DeadLetter | undefined): void {
    const callback = numberOf(id);
    if (this.#books.has(callback, MARK.dead)) this.#books.breach(RULE.endsOnce, callback);
    this.#books.mark(callback, MARK.dead);
    if (dropped !== undefined) this.#books.mark(numberOf(dropped.id), MARK.letterGone);
  }
}
