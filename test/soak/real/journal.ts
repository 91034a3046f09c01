import { appendFileSync, existsSync } from 'node:fs';
import type { Callback } from 'ringback';
import { type AcceptedLine, acceptedFile, deadLettersFile, readLedger } from '../../../examples/demo/ledger.ts';

/** A callback on its way to a worker, with the line that the worker writes once it has accepted it. */
export interface Offer {
  readonly line: AcceptedLine;
  readonly callback: Callback;
  readonly way: 'enqueue' | 'deliver';
}

/** What a worker was told of one callback. */
export interface ShiftLine {
  readonly id: string;
  readonly what: 'accepted' | 'delivered' | 'dead' | 'handed-back';
}

/** How a worker ended: `drained` after all was done, the others by that signal, in the middle of its work. */
export type ShiftEnd = 'SIGTERM' | 'SIGKILL' | 'drained';

/** One worker, from its start to its end. */
export interface Shift {
  readonly shift: number;
  readonly end: ShiftEnd;
}

export const shiftsFile = (folder: string): string => `${folder}/shifts.ndjson`;
export const shiftFile = (folder: string, shift: number): string => `${folder}/shift-${shift}.ndjson`;
export const handedBackFile = (folder: string, shift: number): string => `${folder}/handed-back-${shift}.ndjson`;

/** Appends to files at once: what a worker wrote before it was killed is there. */
export class Journal {
  readonly #folder: string;
  readonly #shift: number;

  constructor(folder: string, shift: number) {
    this.#folder = folder;
    this.#shift = shift;
  }

  accepted(line: AcceptedLine): void {
    append(acceptedFile(this.#folder), line);
    this.#write({ id: line.id, what: 'accepted' });
  }

  delivered(id: string): void {
    this.#write({ id, what: 'delivered' });
  }

  dead(id: string, reason: string): void {
    append(deadLettersFile(this.#folder), { id, reason });
    this.#write({ id, what: 'dead' });
  }

  handedBack(callback: Callback): void {
    append(handedBackFile(this.#folder, this.#shift), callback);
    this.#write({ id: callback.id as string, what: 'handed-back' });
  }

  #write(line: ShiftLine): void {
    append(shiftFile(this.#folder, this.#shift), line);
  }
}

export function append(file: string, line: object): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** All lines; none where nobody wrote any. */
export function linesIn<Line extends object>(file: string): readonly Line[] {
  return existsSync(file) ? readLedger<Line>(file) : [];
}
