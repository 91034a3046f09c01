import { type Clock, sleepOn } from '../clock.js';
import { Cancellation } from '../outbox/cancellation.js';
import { listenTo, unlistenTo } from '../policies/pipeline/abort-listeners.js';

/** A call and its neighbours in the ring of all that run. */
class RunningCall extends Cancellation {
  previous: RunningCall = this;
  next: RunningCall = this;
}

/**
 * Calls that run, each with its own way to be called off. One signal shared by all would cost the square of their number at its
 * end, as each call's listener is looked for among all of them; closing many at once is a set of attempts.
 *
 * They stand in a ring: a `Set` would make a new table every few calls, which costs several times what a call's links do.
 */
export class RunningCalls {
  /** Where the ring begins and ends; no call itself. */
  readonly #ring = new RunningCall();
  #size = 0;
  /** Made when somebody waits for the last call to end. */
  #idle: PromiseWithResolvers<void> | undefined = undefined;

  get size(): number {
    return this.#size;
  }

  /** Runs `work`, which the caller's signal and {@link abortAll} call off. */
  async run<T>(signal: AbortSignal | undefined, work: (cancellation: Cancellation) => Promise<T>): Promise<T> {
    const call = new RunningCall(signal);
    if (signal?.aborted) call.handleEvent();
    else if (signal !== undefined) listenTo(signal, call);
    this.#add(call);
    try {
      return await work(call);
    } finally {
      if (signal !== undefined) unlistenTo(signal, call);
      this.#remove(call);
    }
  }

  abortAll(reason: unknown): void {
    for (let call = this.#ring.next; call !== this.#ring; call = call.next) call.abort(reason);
  }

  /** Resolves as soon as no call runs. Those that begin while it waits are waited for too. */
  settled(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** As {@link settled}, or after `withinMs`. */
  async quiet(clock: Clock, withinMs: number): Promise<void> {
    if (this.#size === 0) return;
    const patience = new AbortController();
    const settled = this.settled().then(() => patience.abort());
    await Promise.race([settled, sleepOn(clock, withinMs, patience.signal).catch(() => {})]);
  }

  #add(call: RunningCall): void {
    call.previous = this.#ring.previous;
    call.next = this.#ring;
    call.previous.next = call;
    this.#ring.previous = call;
    this.#size++;
  }

  #remove(call: RunningCall): void {
    call.previous.next = call.next;
    call.next.previous = call.previous;
    // An old call that is garbage must not keep younger ones.
    call.previous = call;
    call.next = call;
    if (--this.#size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
