import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import type { PartnerName } from './partners.ts';

/** One request, as the receiver that got it wrote it down. */
export interface LedgerLine {
  /** The `webhook-id`. */
  readonly id: string;
  /** GitHub's id of the event. */
  readonly event: string;
  readonly sha256: string;
  /** Whether the signature held. */
  readonly verified: boolean;
  /** The status it answered; null when it did not. */
  readonly answered: number | null;
}

/** One callback that ringback has taken, as the sender wrote it down. */
export interface AcceptedLine {
  readonly id: string;
  readonly event: string;
  readonly sha256: string;
  readonly partner: PartnerName;
}

/** One dead letter, as ringback lists it. */
export interface DeadLetterLine {
  readonly id: string;
  readonly reason: string;
}

export const ledgerFile = (folder: string, partner: PartnerName): string => `${folder}/ledger-${partner}.ndjson`;
export const acceptedFile = (folder: string): string => `${folder}/accepted.ndjson`;
export const deadLettersFile = (folder: string): string => `${folder}/dead-letters.ndjson`;

/** Appends lines of JSON to a file. What was written is in the file once `close` has resolved. */
export class Ledger<Line extends object> {
  readonly #stream: WriteStream;

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a' });
  }

  write(line: Line): void {
    this.#stream.write(`${JSON.stringify(line)}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.once('error', reject);
      this.#stream.end(resolve);
    });
  }
}

/** All lines of a ledger. */
export function readLedger<Line extends object>(file: string): readonly Line[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
