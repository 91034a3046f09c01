type Listener = Parameters<AbortSignal['addEventListener']>[1];
type ListenerOptions = Parameters<AbortSignal['addEventListener']>[2];

/** A signal, real as any, that knows who listens to it. */
export class WatchedSignal {
  readonly #controller = new AbortController();
  /** Each with whether it asked for one call only. */
  readonly #listeners = new Map<Listener, boolean>();

  constructor() {
    const { signal } = this.#controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (type: string, listener: Listener, options?: ListenerOptions): void => {
      if (!signal.aborted && listener !== null) this.#add(listener, options);
      add(type, listener, options);
    };
    signal.removeEventListener = (type: string, listener: Listener, options?: boolean | EventListenerOptions): void => {
      this.#listeners.delete(listener);
      remove(type, listener, options);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many listen still. Who asked for one call, and had it, does not. */
  get listeners(): number {
    // Node's onabort goes through addEventListener, others' do not.
    return Math.max(this.#listeners.size, this.#controller.signal.onabort === null ? 0 : 1);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
    for (const [listener, once] of this.#listeners) if (once) this.#listeners.delete(listener);
  }

  #add(listener: Listener, options: ListenerOptions): void {
    const { once = false, signal = undefined } = typeof options === 'object' ? options : {};
    this.#listeners.set(listener, once);
    signal?.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }
}
