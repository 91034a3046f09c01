import type { PipelineContext } from '../policies/pipeline/settings.js';
import type { AttemptProgress, LightSignal, SendAttempt } from '../transports/transport.js';

/** A context of the pipeline's that tells of an abort without a signal. */
export interface LightContext extends PipelineContext, LightSignal {}

/** An attempt as its transport sees it. The signal is the context's, which makes it when it is asked for. */
export class Sending implements SendAttempt {
  readonly number: number;
  readonly lightSignal: LightSignal;
  progress: AttemptProgress | undefined = undefined;
  private readonly context: LightContext;

  constructor(number: number, context: LightContext) {
    this.number = number;
    this.lightSignal = context;
    this.context = context;
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }
}
