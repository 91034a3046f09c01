import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Callback, Random } from 'ringback';
import {
  append,
  handedBackFile,
  linesIn,
  type Offer,
  type Shift,
  type ShiftEnd,
  type ShiftLine,
  shiftFile,
  shiftsFile,
} from './journal.ts';
import type { WorkerMessage, WorkerSettings } from './worker.ts';

/** How long a worker works before its signal comes: any time between. */
const SHIFT_MS = { least: 500, most: 8_000 } as const;
const MOST_CLOSE_MS = 400;
const SHARE_KILLED = 0.25;
/** This one always, so that there is one of each however short the run. */
const SHIFT_KILLED = 2;
/** A worker that has not ended by then never will: the soak has found something. */
const MOST_DRAIN_MS = 180_000;

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** What all workers of a run have in common. */
export type RunSettings = Omit<WorkerSettings, 'shift' | 'closeMs'>;

/**
 * Workers, one after another, and what is to be delivered: what a worker did not accept before it ended, and what it handed back, goes
 * to the next one. What it had accepted and not finished when it was killed goes to nobody, as nobody has it.
 */
export class ShiftWork {
  readonly #settings: RunSettings;
  readonly #random: Random;
  /** Offered, and not known to be accepted. */
  readonly #open = new Map<string, Offer>();
  readonly #lines = new Map<string, Offer['line']>();
  #worker: ChildProcess | undefined = undefined;
  #shifts = 0;

  constructor(settings: RunSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  get shifts(): number {
    return this.#shifts;
  }

  offer(offer: Offer): void {
    this.#lines.set(offer.line.id, offer.line);
    this.#open.set(offer.line.id, offer);
    this.#tell({ offers: [offer] });
  }

  /** Workers until `over`, and at least one that is closed and one that is killed. */
  async workUntil(over: AbortSignal): Promise<void> {
    while (!over.aborted || this.#shifts < SHIFT_KILLED) await this.#work(over);
  }

  /** One worker until its signal comes: at some moment, and soon once it is over. */
  async #work(over: AbortSignal): Promise<void> {
    const shift = ++this.#shifts;
    const child = await this.#start(shift);
    const { least, most } = SHIFT_MS;
    await sleep(least);
    await sleep(this.#random() * (most - least), undefined, { signal: over }).catch(() => {});
    const isKilled = shift === SHIFT_KILLED || (shift > SHIFT_KILLED && this.#random() < SHARE_KILLED);
    await this.#end(child, shift, isKilled ? 'SIGKILL' : 'SIGTERM');
  }

  /** The last worker: it ends when everything has. */
  async drain(): Promise<void> {
    const shift = ++this.#shifts;
    const child = await this.#start(shift);
    this.#tell('drain');
    await this.#end(child, shift, 'drained');
    if (this.#open.size > 0) throw new Error(`${this.#open.size} callbacks were offered, and no worker accepted them`);
  }

  async #start(shift: number): Promise<ChildProcess> {
    const closeMs = Math.floor(this.#random() * MOST_CLOSE_MS);
    const child = fork(worker);
    child.send({ ...this.#settings, shift, closeMs } satisfies WorkerSettings);
    await once(child, 'message');
    this.#worker = child;
    this.#tell({ offers: [...this.#open.values()] });
    return child;
  }

  #tell(message: WorkerMessage): void {
    // What it does not hear any more is not accepted, and goes to the next.
    this.#worker?.send(message, () => {});
  }

  async #end(child: ChildProcess, shift: number, end: ShiftEnd): Promise<void> {
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    if (end !== 'drained') {
      this.#worker = undefined;
      child.kill(end);
    }
    const hangs = setTimeout(() => child.kill('SIGKILL'), MOST_DRAIN_MS);
    const [code, signal] = await ended;
    clearTimeout(hangs);
    this.#worker = undefined;
    if (end === 'SIGKILL' ? signal !== 'SIGKILL' : code !== 0)
      throw new Error(`worker ${shift} ended with ${signal ?? code}, not by ${end}`);
    append(shiftsFile(this.#settings.folder), { shift, end } satisfies Shift);
    this.#takeBack(shift);
  }

  #takeBack(shift: number): void {
    const { folder } = this.#settings;
    for (const { id, what } of linesIn<ShiftLine>(shiftFile(folder, shift))) if (what === 'accepted') this.#open.delete(id);
    for (const callback of linesIn<Callback>(handedBackFile(folder, shift))) {
      const id = callback.id as string;
      this.#open.set(id, { line: this.#lines.get(id) as Offer['line'], callback, way: 'enqueue' });
    }
  }
}
