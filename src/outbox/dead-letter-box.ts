import type { Delivery } from '../callback.js';
import { Chain, type Link } from '../chain.js';
import type { DeadLetter } from './outbox.js';

/** The delivery stands beside the letter, so that headers and body don't show where letters are listed. */
interface KeptLetter extends Link<KeptLetter> {
  readonly letter: DeadLetter;
  readonly delivery: Delivery;
}

/** The dead letters in memory: at most `maxLetters`, the oldest goes first. */
export class DeadLetterBox {
  readonly #maxLetters: number;
  readonly #byId = new Map<string, KeptLetter>();
  #byAge = new Chain<KeptLetter>();

  constructor(maxLetters: number) {
    this.#maxLetters = maxLetters;
  }

  get size(): number {
    return this.#byAge.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Keeps a letter, and gives what had to go for it: an earlier letter of the same id, else the oldest when it is full. */
  keep(letter: DeadLetter, delivery: Delivery): DeadLetter | undefined {
    const dropped = this.#byId.get(letter.id) ?? (this.size >= this.#maxLetters ? this.#byAge.first : undefined);
    if (dropped !== undefined) this.#remove(dropped);
    const kept: KeptLetter = { letter, delivery, before: undefined, after: undefined };
    this.#byId.set(letter.id, kept);
    this.#byAge.push(kept);
    return dropped?.letter;
  }

  delivery(id: string): Delivery | undefined {
    return this.#byId.get(id)?.delivery;
  }

  /** Oldest first. */
  list(limit: number, destination: string | undefined): DeadLetter[] {
    const letters: DeadLetter[] = [];
    for (let kept = this.#byAge.first; kept !== undefined && letters.length < limit; kept = kept.after) {
      if (destination === undefined || kept.letter.destination === destination) letters.push(kept.letter);
    }
    return letters;
  }

  /** Deletes one, or all. Gives how many went. */
  purge(id: string | undefined): number {
    const size = this.size;
    if (id === undefined) {
      this.#byId.clear();
      this.#byAge = new Chain();
    } else {
      const kept = this.#byId.get(id);
      if (kept !== undefined) this.#remove(kept);
    }
    return size - this.size;
  }

  #remove(kept: KeptLetter): void {
    this.#byId.delete(kept.letter.id);
    this.#byAge.remove(kept);
  }
}
