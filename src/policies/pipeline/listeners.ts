import type { EventEmitter, IFailureEvent, ISuccessEvent } from 'cockatiel';
import type { AttemptEnd } from '../../outcome.js';
import type { Admission } from './admission.js';
import type { PipelineHooks } from './call.js';

/** Who hears of what happens in a pipeline: listeners of cockatiel's events, and whoever owns the pipeline. */
export class PipelineListeners {
  /** Set where somebody listens. */
  successes: EventEmitter<ISuccessEvent> | undefined = undefined;
  failures: EventEmitter<IFailureEvent> | undefined = undefined;
  private readonly destination: string;
  private readonly hooks: PipelineHooks | undefined;
  private seenEpoch: number;
  private seenLimit: number;

  constructor(destination: string | undefined, hooks: PipelineHooks | undefined, { breaker, limiter }: Admission) {
    this.destination = destination ?? '';
    this.hooks = hooks;
    this.seenEpoch = breaker?.epoch ?? 0;
    this.seenLimit = limiter?.limit ?? 0;
  }

  succeeded(durationMs: number): void {
    if (this.successes !== undefined) tell(this.successes, { duration: durationMs });
  }

  failed(durationMs: number, isRetried: boolean, end: AttemptEnd): void {
    if (this.failures !== undefined) tell(this.failures, { duration: durationMs, handled: isRetried, reason: end });
  }

  /** Something was given back. */
  released(): void {
    if (this.hooks !== undefined) this.hooks.released(this.destination);
  }

  /** An outcome was taken in: tells what it has changed. Short, so that V8 inlines it into every call. */
  recorded(admission: Admission): void {
    if (this.hooks !== undefined) this.tellChanges(this.hooks, admission);
  }

  private tellChanges(hooks: PipelineHooks, { breaker, limiter }: Admission): void {
    if (breaker !== undefined && breaker.epoch !== this.seenEpoch) {
      this.seenEpoch = breaker.epoch;
      hooks.circuitChanged(this.destination, breaker.state, breaker.changeReason);
    }
    if (limiter !== undefined && limiter.limit !== this.seenLimit) {
      this.seenLimit = limiter.limit;
      hooks.limitChanged(this.destination, limiter.limit);
    }
  }
}

/** A listener that throws harms nothing: least of all does it make a failure of a call that was delivered. */
function tell<E>(listeners: EventEmitter<E>, event: E): void {
  try {
    listeners.emit(event);
  } catch {
    // It is the listener's own fault, and the call is not the place to hear of it.
  }
}
