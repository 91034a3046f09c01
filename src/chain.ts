/** What a {@link Chain} holds: it writes each item's neighbours into the item. An item is in one chain at a time. */
export interface Link<Item> {
  before: Item | undefined;
  after: Item | undefined;
}

/** A doubly linked list, first in first out, from which any item can be taken at once and leaves nothing behind. */
export class Chain<Item extends Link<Item>> {
  first: Item | undefined = undefined;
  size = 0;
  #last: Item | undefined = undefined;

  push(item: Item): void {
    item.before = this.#last;
    item.after = undefined;
    if (this.#last === undefined) this.first = item;
    else this.#last.after = item;
    this.#last = item;
    this.size++;
  }

  /** The item must be in this chain. */
  remove(item: Item): void {
    const { before, after } = item;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    item.before = undefined;
    item.after = undefined;
    this.size--;
  }

  shift(): Item | undefined {
    const item = this.first;
    if (item !== undefined) this.remove(item);
    return item;
  }
}
