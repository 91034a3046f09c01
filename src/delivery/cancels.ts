import type { Disposition } from '../outbox/outbox.js';

/** What the pending cancels of one callback share. */
interface Asked {
  pending: number;
  /** It was delivered before the outbox answered. */
  isDelivered: boolean;
}

/**
 * The cancels of callbacks in the outbox. One counts once the outbox has said that it took the callback out, and no attempt runs
 * any more, whichever is last: an outbox of the user's may answer late, say no, or fail, and then it holds the callback still.
 */
export class Cancels {
  readonly #onCancelled: (id: string) => void;
  readonly #running = new Set<string>();
  /** The outbox has not answered yet. */
  readonly #asked = new Map<string, Asked>();
  /** The outbox took them out while they run: how they end is known only when they have. */
  readonly #takenOut = new Set<string>();

  constructor(onCancelled: (id: string) => void) {
    this.#onCancelled = onCancelled;
  }

  attemptBegan(id: string): void {
    this.#running.add(id);
  }

  attemptEnded(id: string, { next }: Disposition): void {
    this.#running.delete(id);
    const isTakenOut = this.#takenOut.delete(id);
    const asked = this.#asked.get(id);
    if (next !== 'done') {
      if (isTakenOut) this.#onCancelled(id);
    } else if (asked !== undefined) asked.isDelivered = true;
  }

  /** Cancels by `cancel`, which tells whether there was something to cancel. What it throws is the caller's to see. */
  async ask(id: string, cancel: (id: string) => Promise<boolean>): Promise<boolean> {
    const asked = this.#asked.get(id) ?? { pending: 0, isDelivered: false };
    asked.pending++;
    this.#asked.set(id, asked);
    try {
      const isFound = await cancel(id);
      if (isFound && !asked.isDelivered) this.#takeOut(id);
      return isFound;
    } finally {
      asked.pending--;
      if (asked.pending === 0) this.#asked.delete(id);
    }
  }

  #takeOut(id: string): void {
    if (this.#running.has(id)) this.#takenOut.add(id);
    else this.#onCancelled(id);
  }
}
