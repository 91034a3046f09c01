import type { Answer } from '../../callback.js';
import type { AttemptProgress } from '../transport.js';
import type { Publication } from './publication.js';

/** A message on its way, until its end is known: an answer, an error, or its signal's abort, whichever comes first. */
export class Sending implements AttemptProgress {
  readonly publication: Publication;
  readonly ended: Promise<Answer>;
  /** Where it stands, for who times it out. */
  phase = 'waiting to be published';
  /** Told of an abort: by then the end is known. */
  onAbort: (sending: Sending) => void;
  private readonly signal: AbortSignal;
  private resolve!: (answer: Answer) => void;
  private reject!: (reason: unknown) => void;

  constructor(publication: Publication, signal: AbortSignal, onAbort: (sending: Sending) => void) {
    this.publication = publication;
    this.signal = signal;
    this.onAbort = onAbort;
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    signal.addEventListener('abort', this);
  }

  get hasLeft(): boolean {
    return this.signal.aborted;
  }

  answer(answer: Answer): void {
    this.signal.removeEventListener('abort', this);
    this.resolve(answer);
  }

  fail(error: unknown): void {
    this.signal.removeEventListener('abort', this);
    this.reject(error);
  }

  /** The signal's abort: this object is its own listener. */
  handleEvent(): void {
    this.fail(this.signal.reason);
    this.onAbort(this);
  }
}
