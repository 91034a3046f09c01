/** What has become of a callback, as bits: it is one number in a table made at the start, so that the books don't grow. */
export const MARK = {
  /** `enqueue` resolved, and not with an earlier callback's id. */
  accepted: 1,
  delivered: 2,
  dead: 4,
  cancelled: 8,
  /** Its dead letter was purged, or had to go for another. */
  letterGone: 16,
  replayed: 32,
  /** `deliver` was called with it. */
  direct: 64,
  /** That `deliver` rejected. */
  failed: 128,
  /** Its receiver took it, and the answer got through. */
  taken: 256,
  /** Its receiver took it, and the answer got lost: it may come again. */
  takenUnheard: 512,
  handedBack: 1024,
} as const;

const ALL_MARKS = 2 * MARK.handedBack - 1;
const ENDS = MARK.delivered | MARK.dead | MARK.cancelled | MARK.handedBack;

/** What must not happen to any callback, as a line of the table says it. */
export const RULE = {
  sentOnce: 'what was answered as delivered is not sent again',
  ordered: 'an ordering key goes in the order accepted',
  endsOnce: 'an end is told once',
  key: 'a repeated key is answered with its first callback while that lives, or was delivered',
  refusals: '`enqueue` refuses only what is full, closed or cancelled',
  listeners: 'a listener that was taken off hears nothing',
  holdsAlways: 'the account held at every look, four times a day',
} as const;

type Rule = (typeof RULE)[keyof typeof RULE];

/** How often a rule was broken, and by which callbacks first. */
export interface Breach {
  readonly rule: Rule;
  count: number;
  readonly examples: number[];
}

const EXAMPLES = 5;

/** Whether marks have one among them. */
const has =
  (mark: number) =>
  (marks: number): boolean =>
    (marks & mark) !== 0;

/** How many callbacks have come to what. */
export interface Account {
  readonly accepted: number;
  readonly delivered: number;
  readonly dead: number;
  readonly cancelled: number;
  /** Accepted, and no end of it was told. */
  readonly waiting: number;
  readonly handedBack: number;
  readonly lettersKept: number;
  readonly direct: number;
  readonly receipts: number;
  readonly failed: number;
  /** Taken by its receiver, answered, and ringback never said so. */
  readonly takenUntold: number;
  /** Said to be delivered, and no receiver has it. */
  readonly toldUntaken: number;
  /** With more than one end, or an end without having been accepted. */
  readonly contradictory: number;
}

/**
 * The books of a run, kept by who is outside: callers say what they were told, receivers what they took. The account is taken
 * from the bits of every callback anew each time, and no running sum is trusted.
 */
export class Books {
  readonly #marks: Uint16Array;
  readonly #breaches = new Map<Rule, Breach>();
  #count = 0;

  constructor(maxCallbacks: number) {
    this.#marks = new Uint16Array(maxCallbacks);
  }

  get count(): number {
    return this.#count;
  }

  /** Every rule, with how often it was broken. */
  get breaches(): readonly Breach[] {
    return Object.values(RULE).map((rule) => this.#breaches.get(rule) ?? { rule, count: 0, examples: [] });
  }

  /** The number of a new callback, in the order in which they are handed over. */
  open(mark = 0): number {
    if (this.#count >= this.#marks.length) throw new Error(`the books have room for ${this.#marks.length} callbacks`);
    this.#marks[this.#count] = mark;
    return this.#count++;
  }

  has(callback: number, mark: number): boolean {
    return ((this.#marks[callback] as number) & mark) !== 0;
  }

  mark(callback: number, mark: number): void {
    this.#marks[callback] = (this.#marks[callback] as number) | mark;
  }

  unmark(callback: number, mark: number): void {
    this.#marks[callback] = (this.#marks[callback] as number) & ~mark;
  }

  breach(rule: Rule, callback: number): void {
    const breach = this.#breaches.get(rule) ?? { rule, count: 0, examples: [] };
    this.#breaches.set(rule, breach);
    breach.count++;
    if (breach.examples.length < EXAMPLES) breach.examples.push(callback);
  }

  account(): Account {
    const kinds = this.#countedByMarks();
    const count = (test: (marks: number) => boolean): number => {
      let sum = 0;
      for (let marks = 0; marks < kinds.length; marks++) if (test(marks)) sum += kinds[marks] as number;
      return sum;
    };
    const accepted = has(MARK.accepted);
    const direct = has(MARK.direct);
    const delivered = has(MARK.delivered);
    const taken = has(MARK.taken);
    return {
      accepted: count(accepted),
      delivered: count((marks) => delivered(marks) && !direct(marks)),
      dead: count(has(MARK.dead)),
      cancelled: count(has(MARK.cancelled)),
      waiting: count((marks) => accepted(marks) && (marks & ENDS) === 0),
      handedBack: count(has(MARK.handedBack)),
      lettersKept: count((marks) => (marks & MARK.dead) !== 0 && (marks & MARK.letterGone) === 0),
      direct: count(direct),
      receipts: count((marks) => direct(marks) && delivered(marks)),
      failed: count(has(MARK.failed)),
      takenUntold: count((marks) => taken(marks) && !delivered(marks)),
      toldUntaken: count((marks) => delivered(marks) && !taken(marks)),
      contradictory: count(isContradictory),
    };
  }

  /** How many callbacks have which marks: there are few kinds, and millions of callbacks. */
  #countedByMarks(): Uint32Array {
    const kinds = new Uint32Array(ALL_MARKS + 1);
    const marks = this.#marks;
    for (let i = 0; i < this.#count; i++) {
      const kind = marks[i] as number;
      kinds[kind] = (kinds[kind] as number) + 1;
    }
    return kinds;
  }
}

function isContradictory(marks: number): boolean {
  const ends = marks & ENDS;
  if ((marks & MARK.direct) !== 0) return (marks & MARK.accepted) !== 0 || (ends !== 0 && (marks & MARK.failed) !== 0);
  // A power of two has one bit, and shares none with the number before it.
  return (ends & (ends - 1)) !== 0 || (ends !== 0 && (marks & MARK.accepted) === 0);
}
