import type { AbortListener, CancelSignal } from '../policies/pipeline/cancel-signal.js';

/** How one delivery is called off. The pipeline listens in one place at a time, so one listener is all there is room for. */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown = undefined;
  private readonly callerSignal: CancelSignal | undefined;
  private listener: AbortListener | undefined = undefined;

  /** Whoever makes it for a caller's signal also listens there for it. */
  constructor(callerSignal?: CancelSignal) {
    this.callerSignal = callerSignal;
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.listener = listener;
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.listener === listener) this.listener = undefined;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const { listener } = this;
    this.listener = undefined;
    if (typeof listener === 'function') listener();
    else listener?.handleEvent();
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    this.abort(this.callerSignal?.reason);
  }
}
