import type { CancelSignal } from './cancel-signal.js';

/** Who hears of an abort: an object, as a function for each call would be one more to make. */
interface Listener {
  handleEvent(): void;
}

/**
 * All who wait for one signal, behind one listener on it. The platform's signals walk their listeners at each add and remove, so ten
 * thousand calls under one signal (a shutdown's, or the one that cockatiel's retry hands to all its calls) would cost the
 * square of that.
 */
class SharedListener implements Listener {
  readonly waiting: Set<Listener> = new Set();

  handleEvent(): void {
    for (const listener of this.waiting) listener.handleEvent();
  }
}

const shared = new WeakMap<CancelSignal, SharedListener>();
const ONCE = { once: true } as const;

/** Listens until {@link unlistenTo}. The signal must not be aborted yet: it would never tell. */
export function listenTo(signal: CancelSignal, listener: Listener): void {
  // A lighter signal is made for one call, and has nobody to share with.
  if (!(signal instanceof AbortSignal)) {
    signal.addEventListener('abort', listener, ONCE);
    return;
  }
  let all = shared.get(signal);
  if (all === undefined) {
    all = new SharedListener();
    signal.addEventListener('abort', all, ONCE);
    shared.set(signal, all);
  }
  all.waiting.add(listener);
}

/** Stops listening. The last one to go takes the listener off the signal. */
export function unlistenTo(signal: CancelSignal, listener: Listener): void {
  const all = shared.get(signal);
  if (all === undefined) {
    signal.removeEventListener('abort', listener);
    return;
  }
  all.waiting.delete(listener);
  if (all.waiting.size > 0) return;
  signal.removeEventListener('abort', all);
  shared.delete(signal);
}
