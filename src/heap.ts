/** What a {@link Heap} holds: it writes each item's place into the item, so that one can be taken out of the middle. */
export interface HeapItem {
  /** The item's place; `-1` while it is in no heap. */
  heapIndex: number;
}

/** A binary heap: the least item by `isBefore` first. Taking any item out costs O(log n), and nothing dead stays behind. */
export class Heap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  pop(): Item | undefined {
    const top = this.#items[0];
    if (top !== undefined) this.remove(top);
    return top;
  }

  /** False when the item is not in this heap. */
  remove(item: Item): boolean {
    const index = item.heapIndex;
    if (index < 0 || this.#items[index] !== item) return false;
    const last = this.#items.pop() as Item;
    item.heapIndex = -1;
    if (last === item) return true;
    if (index > 0 && this.#isBefore(last, this.#items[(index - 1) >> 1] as Item)) this.#rise(last, index);
    else this.#sink(last, index);
    return true;
  }

  /** In no order. */
  values(): readonly Item[] {
    return this.#items;
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#items[parent] as Item;
      if (!this.#isBefore(item, above)) break;
      this.#place(above, index);
      index = parent;
    }
    this.#place(item, index);
  }

  #sink(item: Item, from: number): void {
    const items = this.#items;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#isBefore(items[child + 1] as Item, items[child] as Item)) child++;
      if (!this.#isBefore(items[child] as Item, item)) break;
      this.#place(items[child] as Item, index);
      index = child;
    }
    this.#place(item, index);
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
