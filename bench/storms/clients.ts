import { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleAll, retry, wrap } from 'cockatiel';
import { type Clock, createRingback, type Random, type Ringback, type Transport } from 'ringback';
import { type MakeClient, type Send, type SimulatedPipeline, simulatedOutcome } from 'ringback/simulation';

/** One way to send callbacks: a row of every storm's table. */
export interface Row {
  readonly name: string;
  /** Called once a run, so that no state goes from one run into the next. */
  readonly pipeline: () => MakeClient | SimulatedPipeline;
  /** True for a library that reads the platform's clock: it runs with the virtual one in its place. */
  readonly onGlobals?: boolean;
}

export const RINGBACK = 'ringback, `deliver`';
export const ENQUEUED = 'ringback, `enqueue`';
export const UNLIMITED = 'ringback, `deliver`, no limit';
export const NAIVE = 'naive retry';
export const NO_RETRIES = 'no retries';
export const FIXED = 'fixed backoff';
export const EXPONENTIAL = 'exponential, no jitter';
export const COCKATIEL = 'cockatiel, retry and breaker';

/** Every row gives an attempt as long, as an HTTP client would: the default of ringback's pipeline. */
const ATTEMPT_TIMEOUT_MS = 10_000;

const RETRIES = 3;

export const ROWS: readonly Row[] = [
  { name: NO_RETRIES, pipeline: () => retrying(0, () => 0) },
  { name: NAIVE, pipeline: () => retrying(RETRIES, () => 0) },
  { name: FIXED, pipeline: () => retrying(RETRIES, () => 1_000) },
  { name: EXPONENTIAL, pipeline: () => retrying(RETRIES, (retry) => 1_000 * 2 ** retry) },
  { name: COCKATIEL, pipeline: () => cockatielClient, onGlobals: true },
  { name: RINGBACK, pipeline: () => ({}) },
  // What the adaptive limit is worth.
  { name: UNLIMITED, pipeline: () => ({ concurrency: false }) },
  { name: ENQUEUED, pipeline: enqueueing },
];

/** A loop as services write it. */
function retrying(retries: number, delayMs: (retry: number) => number): MakeClient {
  return ({ clock }) => ({
    execute: async (send) => {
      for (let retry = 0; ; retry++) {
        try {
          return await attempt(send, clock);
        } catch (error) {
          if (retry === retries) throw error;
        }
        const waitMs = delayMs(retry);
        if (waitMs > 0) await clock.sleep(waitMs);
      }
    },
  });
}

/** The first example of cockatiel's readme. */
const cockatielClient: MakeClient = ({ clock }) => {
  const retryPolicy = retry(handleAll, { maxAttempts: RETRIES, backoff: new ExponentialBackoff() });
  const breakerPolicy = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
  const policy = wrap(retryPolicy, breakerPolicy);
  return { execute: (send) => policy.execute(() => attempt(send, clock)) };
};

/**
 * `createRingback` with its defaults, one instance for all destinations of a client. A callback ends when it is delivered, as none
 * is given up within a storm.
 */
function enqueueing(): MakeClient {
  const instances = new Map<number, Enqueuing>();
  return ({ client, destination, clock, random }) => {
    const instance = instances.get(client) ?? new Enqueuing(clock, random);
    instances.set(client, instance);
    return { execute: (send) => instance.enqueue(send, destination) };
  };
}

/** An instance whose transport hands each message to the simulated receiver. */
class Enqueuing {
  readonly #ringback: Ringback;
  readonly #waiting = new Map<string, { readonly send: Send; readonly delivered: () => void }>();
  #enqueued = 0;

  constructor(clock: Clock, random: Random) {
    const transport = { name: 'simulated', accepts: () => true, send: this.#send };
    this.#ringback = createRingback({ transports: [transport], clock, random });
    this.#ringback.on('delivered', ({ id }) => {
      this.#waiting.get(id)?.delivered();
      this.#waiting.delete(id);
    });
  }

  enqueue(send: Send, destination: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = `callback-${this.#enqueued++}`;
      this.#waiting.set(id, { send, delivered: resolve });
      this.#ringback.enqueue({ id, to: `simulated://receiver-${destination}/`, data: {} }).catch((error: unknown) => {
        this.#waiting.delete(id);
        reject(error);
      });
    });
  }

  readonly #send: Transport['send'] = async ({ id }, { signal }) => {
    try {
      await this.#waiting.get(id)?.send({ signal });
      return { outcome: { kind: 'delivered' } };
    } catch (error) {
      const outcome = simulatedOutcome({ error });
      if (typeof outcome !== 'object') throw error;
      return { outcome };
    }
  };
}

function attempt(send: Send, clock: Clock): Promise<unknown> {
  const controller = new AbortController();
  const timer = clock.setTimer(() => controller.abort(), ATTEMPT_TIMEOUT_MS);
  return send({ signal: controller.signal }).finally(() => clock.clearTimer(timer));
}
