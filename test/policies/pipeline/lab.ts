import { constant } from '../../../src/policies/backoff.js';
import type { RefusalError } from '../../../src/policies/pipeline/refusal-error.js';
import { type ResiliencePipeline, resiliencePipeline } from '../../../src/policies/pipeline/resilience-pipeline.js';
import type { PipelineSettings } from '../../../src/policies/pipeline/settings.js';
import { seededRandom } from '../../../src/random.js';
import { type FakeClock, fakeClock } from '../../../src/testing/fake-clock.js';

/** A pipeline on a clock of its own. What is not named is left out, so that a test shows what it is about. */
export function lab(settings: PipelineSettings = {}): { readonly clock: FakeClock; readonly pipeline: ResiliencePipeline } {
  const clock = fakeClock();
  const untimed = { deadlineMs: false, attemptTimeoutMs: false } as const;
  const off = { ...untimed, retry: false, budget: false, circuitBreaker: false, concurrency: false } as const;
  return { clock, pipeline: resiliencePipeline({ ...off, clock, random: seededRandom(1), ...settings }) };
}

/** Retries with a delay that a test can count on. */
export const retryEvery = (delayMs: number, maxAttempts = 4) => ({
  maxAttempts,
  backoff: constant({ delayMs, jitter: 0 }),
});

/** What a promise has come to, to be looked at without waiting for it. */
export interface Watched {
  state: 'pending' | 'resolved' | 'rejected';
  value?: unknown;
  error?: Partial<RefusalError>;
}

export function watch(promise: PromiseLike<unknown>): Watched {
  const watched: Watched = { state: 'pending' };
  promise.then(
    (value) => Object.assign(watched, { state: 'resolved', value }),
    (error: unknown) => Object.assign(watched, { state: 'rejected', error }),
  );
  return watched;
}

/** Work that ends when the test says so, and never hears of a signal. */
export class Work {
  started = 0;
  private readonly ends: { resolve(value: unknown): void; reject(error: unknown): void }[] = [];
  readonly run = (): Promise<unknown> => {
    this.started++;
    return new Promise((resolve, reject) => this.ends.push({ resolve, reject }));
  };
  /** Ends the oldest that runs. */
  end(value?: unknown): void {
    this.ends.shift()?.resolve(value);
  }
  fail(error: unknown): void {
    this.ends.shift()?.reject(error);
  }
}

/** A signal that counts who listens to it. */
export function countedSignal(): { controller: AbortController; signal: AbortSignal; added(): number; listening(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  const current = new Set<unknown>();
  let added = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    added++;
    current.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    current.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { controller, signal, added: () => added, listening: () => current.size };
}
